"""Both ends of a child process that may die: framed messages on pipes, and an end at any time."""

from __future__ import annotations

import json
import os
import resource
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

LENGTHS: Final = struct.Struct(">II")
"""Bytes of the JSON header and of the body that follows it."""
LONGEST_HEADER: Final = 2**24
Message = dict[str, Any]


class ChildGoneError(Exception):
    """The process ended without an answer, or answered what is none."""


class Child:
    """The parent's end: asks in lines of JSON, takes a JSON header and raw bytes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def send(self, message: Message) -> None:
        """One request; ChildGoneError where nobody takes it."""
        pipe = self.process.stdin
        if pipe is None:
            raise ChildGoneError
        try:
            pipe.write(json.dumps(message).encode() + b"\n")
            pipe.flush()
        except BrokenPipeError as problem:
            raise ChildGoneError from problem

    def receive(self, deadline: float) -> tuple[Message, bytes]:
        """One answer: its header and its body.

        Raises TimeoutError where it does not come before `deadline` (of time.monotonic), and
        ChildGoneError.
        """
        header_size, body_size = LENGTHS.unpack(self._take(LENGTHS.size, deadline))
        if header_size > LONGEST_HEADER:
            raise ChildGoneError
        try:
            header = json.loads(self._take(header_size, deadline))
        except ValueError as problem:
            raise ChildGoneError from problem
        if not isinstance(header, dict):
            raise ChildGoneError
        return header, self._take(body_size, deadline)

    def stop(self) -> None:
        """Ends the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _take(self, size: int, deadline: float) -> bytes:
        pipe = self.process.stdout
        if pipe is None:
            raise ChildGoneError
        parts, left = [], size
        while left:
            waited = max(0.0, deadline - time.monotonic())
            if not select.select([pipe], [], [], waited)[0]:
                raise TimeoutError
            part = os.read(pipe.fileno(), min(left, 2**20))
            if not part:
                raise ChildGoneError
            parts.append(part)
            left -= len(part)
        return b"".join(parts)


def start_child(module: str, arguments: list[str], environment: Mapping[str, str]) -> Child:
    """A child that runs `python -m module`; its standard error is dropped.

    In a session of its own: Ctrl-C at a terminal is for the parent, which then ends it.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
        start_new_session=True,
    )
    return Child(process)


def pack(header: Message, body: bytes = b"") -> bytes:
    """One answer as bytes."""
    text = json.dumps(header).encode()
    return LENGTHS.pack(len(text), len(body)) + text + body


def requests() -> Iterator[Message]:
    """In the child: one request after another, until the parent closes the pipe."""
    while line := sys.stdin.buffer.readline():
        yield json.loads(line)


def answer(answers: BinaryIO, message: bytes) -> None:
    """In the child: sends one packed answer."""
    answers.write(message)
    answers.flush()


def private_output() -> BinaryIO:
    """Standard output, out of reach of native code that prints: it meets standard error instead."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def limit_data(more_mb: int) -> None:
    """Lets the process allocate so many MiB beyond what it has; then allocations fail.

    Files that are mapped to be read are not counted: the system takes their pages back at need.
    """
    has = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    limit = has * resource.getpagesize() + more_mb * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def limit_processor(seconds_limit: float) -> None:
    """A second net under the parent's clock: the parent may be gone while native code hangs."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    until = int(usage.ru_utime + usage.ru_stime + seconds_limit) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))

"""The reader's side of decoding: owns the worker process, its limits and its replacement."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from radscr_edge.errors import RadscrError, StudyCause, StudyError
from radscr_edge.imaging import wire
from radscr_edge.records import Radiograph

STARTUP_SECONDS: Final = 60.0
STUDIES_PER_PROCESS: Final = 500
"""A process is replaced after so many studies: whatever a codec leaks goes with it."""
WORKER: Final = "radscr_edge.imaging.worker"
ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class WorkerGoneError(Exception):
    """The process ended without an answer."""


class DecodingWorker:
    """A child process that decodes studies, one at a time, within limits of time and memory.

    It starts at once, so that it imports its libraries while the caller loads networks; it is
    replaced after a crash, a hang and every STUDIES_PER_PROCESS studies. Safe to share by threads.
    """

    def __init__(self, seconds_limit: float = 30.0, memory_limit_mb: int = 768) -> None:
        self._seconds_limit = seconds_limit
        self._memory_limit_mb = memory_limit_mb
        self._lock = threading.Lock()
        self._served = 0
        self._ready = False
        self._process = self._start()

    @property
    def pid(self) -> int:
        """Process id of the present child, for accounts of memory and time."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child; a closed worker cannot be used again."""
        with self._lock:
            self._stop()

    def read(self, study: Path) -> Radiograph:
        """The radiograph of a study's file; StudyError with its cause where it cannot be read.

        Raises RadscrError where the process cannot start at all.
        """
        with self._lock:
            if self._served >= STUDIES_PER_PROCESS:
                self._replace()
            self._served += 1
            try:
                header, body = self._answer(study)
            except TimeoutError as problem:
                self._replace()
                raise StudyError(
                    f"{study.name} was not decoded within {self._seconds_limit:g} s. "
                    "Send the film uncompressed.",
                    StudyCause.TIME_LIMIT,
                ) from problem
            except WorkerGoneError as problem:
                self._replace()
                raise StudyError(
                    f"{study.name} made the decoder crash; its pixel data are damaged. "
                    "Send the study again.",
                    StudyCause.DECODER_CRASHED,
                ) from problem
            except BaseException:  # an answer that nobody took must not meet the next study
                self._replace()
                raise
        return wire.unpack_radiograph(header, body)

    def _answer(self, study: Path) -> tuple[wire.Message, bytes]:
        """What the process says; a dead one gets one successor, for it may have died idle."""
        try:
            return self._ask(study)
        except WorkerGoneError:
            self._replace()
            return self._ask(study)

    def _ask(self, study: Path) -> tuple[wire.Message, bytes]:
        self._await_start()
        pipe = self._process.stdin
        if pipe is None:
            raise WorkerGoneError
        try:
            pipe.write(json.dumps({"study": str(study)}).encode() + b"\n")
            pipe.flush()
        except BrokenPipeError as problem:
            raise WorkerGoneError from problem
        return self._receive(time.monotonic() + self._seconds_limit)

    def _await_start(self) -> None:
        if self._ready:
            return
        try:
            self._receive(time.monotonic() + STARTUP_SECONDS)
        except (TimeoutError, WorkerGoneError) as problem:
            raise RadscrError(
                "The decoding process does not start. Install radscr-edge again; "
                f"`python -m {WORKER} 768 30` says why."
            ) from problem
        self._ready = True

    def _receive(self, deadline: float) -> tuple[wire.Message, bytes]:
        lengths = self._take(wire.LENGTHS.size, deadline)
        header_size, body_size = wire.LENGTHS.unpack(lengths)
        header: wire.Message = json.loads(self._take(header_size, deadline))
        return header, self._take(body_size, deadline)

    def _take(self, size: int, deadline: float) -> bytes:
        pipe = self._process.stdout
        if pipe is None:
            raise WorkerGoneError
        parts, left = [], size
        while left:
            waited = max(0.0, deadline - time.monotonic())
            if not select.select([pipe], [], [], waited)[0]:
                raise TimeoutError
            part = os.read(pipe.fileno(), min(left, 2**20))
            if not part:
                raise WorkerGoneError
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _start(self) -> subprocess.Popen[bytes]:
        limits = [str(self._memory_limit_mb), str(self._seconds_limit)]
        return subprocess.Popen(
            [sys.executable, "-m", WORKER, *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD},
        )

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _replace(self) -> None:
        self._stop()
        self._served, self._ready = 0, False
        self._process = self._start()


def load_radiograph(study: Path, worker: DecodingWorker) -> Radiograph:
    """The upright frontal chest film of a DICOM, PNG or JPEG file, decoded in the worker.

    Pixels are (H, W) 8-bit, at most 1536 on the longer side; Geometry keeps the file's own size.
    Raises StudyError with its cause for everything that is no such film.
    """
    return worker.read(study)

"""The reader's side of Phi: owns the process that llama.cpp runs in, and its end."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from radscr_edge.child import Child, ChildGoneError, Message, start_child
from radscr_edge.errors import DecoderError, StopWriting
from radscr_runtime.decoders.decoder import Hearer, OnText
from radscr_runtime.decoders.gguf_check import Gguf
from radscr_runtime.decoders.setup import MIB, choose_setup, most_data_mb
from radscr_runtime.decoders.writing import Order
from radscr_runtime.golden import cache_folder
from radscr_runtime.options import Options

CHILD: Final = "radscr_runtime.decoders.child"
STOPPED: Final = "Phi was stopped before it was done."
LONGEST_TEXT: Final = 2**16
"""Characters of a text from the child, far beyond what fits any context here."""


@dataclass(frozen=True, slots=True)
class Model:
    """A GGUF that was checked."""

    path: Path
    sha256: str
    gguf: Gguf


class _ToldError(DecoderError):
    """What the child answered that it cannot do."""


class PhiProcess:
    """Asks a GGUF for odds or a text in a child process, within a time limit.

    The child starts with the first question and stays for the next study; it is ended by a crash, a
    missed limit, a hearer that raises, Ctrl-C, `cancel` and `close`, and the question after that
    starts another.
    """

    def __init__(self, model: Model, options: Options) -> None:
        self._model = model
        self._options = options
        self._seconds_limit = options.budget_s
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._cancelled = threading.Event()

    @property
    def pid(self) -> int | None:
        """Process id of the present child; None where there is none."""
        return self._child.process.pid if self._child else None

    def log_odds(self, prompts: Sequence[str]) -> tuple[float, ...]:
        """ln P(keep) / P(drop) after each prompt; DecoderError where no answer comes."""
        with self._answering("decide", time.monotonic()) as deadline:
            child = self._ready(deadline)
            child.send({"prompts": list(prompts)})
            odds = _checked(child.receive(deadline)[0]).get("log_odds")
            if not isinstance(odds, list) or len(odds) != len(prompts):
                raise ChildGoneError
            return tuple(float(one) for one in odds)

    def write(self, order: Order, hearer: Hearer) -> str:
        """The text of an order; the hearer gets each piece as it comes, and may raise to end it.

        The time limit counts from `hearer.since`: what was decided since then took part of it.
        Raises DecoderError where the text does not come to its end.
        """
        with self._answering("write", hearer.since) as deadline:
            child = self._ready(deadline)
            child.send({"write": asdict(order)})
            return "".join(_heard(child, deadline, hearer.on_text))

    def cancel(self) -> None:
        """From any thread: the request that is under way, if any, ends in DecoderError."""
        if not self._lock.locked():
            return
        self._cancelled.set()
        child = self._child
        if child is not None:
            child.process.kill()  # whoever waits for its answer sees the end of it, and cleans up
            child.process.wait()

    def close(self) -> None:
        """Ends the child."""
        with self._lock:
            self._stop()

    @contextmanager
    def _answering(self, verb: str, since: float) -> Iterator[float]:
        """The deadline of one request; whatever goes wrong with it ends the child."""
        with self._lock:
            self._cancelled.clear()
            try:
                yield since + self._seconds_limit
            except TimeoutError as problem:
                self._stop()
                raise DecoderError(
                    f"Phi did not {verb} within {self._seconds_limit:g} s and was stopped. "
                    "Give it more time (--budget-s)."
                ) from problem
            except (KeyboardInterrupt, StopWriting) as problem:
                self._stop()
                raise DecoderError(STOPPED) from problem
            except ChildGoneError as problem:
                if self._cancelled.is_set():
                    self._stop()
                    raise DecoderError(STOPPED) from problem
                end = _end_of(self._child)
                self._stop()
                raise DecoderError(
                    f"The process of Phi ended without an answer ({end}): memory ran out, or "
                    f"{self._model.path.name} makes llama.cpp crash. Copy the file again."
                ) from problem
            except _ToldError:  # the answer was taken whole: the child is ready for the next
                raise
            except BaseException:  # an answer that nobody took must not meet the next question
                self._stop()
                raise

    def _ready(self, deadline: float) -> Child:
        """The child, started where there is none or it died idle."""
        if self._child is not None and self._child.process.poll() is not None:
            self._stop()
        if self._child is None:
            self._child = self._start()
            if self._cancelled.is_set():
                raise ChildGoneError
            loaded = self._child.receive(deadline)[0]
            if "error" in loaded:
                self._stop()  # it is ending by itself
            _checked(loaded)
        return self._child

    def _start(self) -> Child:
        """A child set up for the memory that is free now; DecoderError where it is too little."""
        free_mb = psutil.virtual_memory().available // MIB
        setup = choose_setup(self._model.gguf, self._options, free_mb)
        order = {
            "path": str(self._model.path),
            "sha256": self._model.sha256,
            "setup": asdict(setup),
            "data_mb": most_data_mb(self._model.gguf, setup),
            "seconds": self._seconds_limit,
            "states": str(cache_folder() / "phi"),
        }
        return start_child(CHILD, [json.dumps(order)], {})

    def _stop(self) -> None:
        if self._child is not None:
            self._child.stop()
        self._child = None


def _heard(child: Child, deadline: float, on_text: OnText) -> Iterator[str]:
    """The pieces of a text up to its end."""
    length = 0
    while True:
        message = _checked(child.receive(deadline)[0])
        if "end" in message:
            return
        piece = message.get("text")
        length += len(piece) if isinstance(piece, str) else LONGEST_TEXT
        if not isinstance(piece, str) or length >= LONGEST_TEXT:
            raise ChildGoneError
        on_text(piece)
        yield piece


def _end_of(child: Child | None) -> str:
    """How a child ended that gave no answer; its pipe closes a moment before it is gone."""
    try:
        code = child.process.wait(1.0) if child else 0
    except subprocess.TimeoutExpired:
        return "it answered what is none"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _checked(header: Message) -> Message:
    if "error" in header:
        raise _ToldError(str(header["error"]))
    return header

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
    starts another. One that misses the limit while it still loads goes on, for the next study.
    """

    def __init__(self, model: Model, options: Options) -> None:
        self._model = model
        self._options = options
        self._seconds_limit = options.budget_s
        self._lock = threading.Lock()
        """Held by the one request that is under way."""
        self._guard = threading.Lock()
        """Held for a moment where `cancel` and a request could meet."""
        self._child: Child | None = None
        self._loaded = False
        self._asked = False
        self._cancelled = False

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

    def begin(self) -> None:
        """A new reading begins: a cancel from before no longer counts."""
        with self._guard:
            self._cancelled = False

    def cancel(self) -> None:
        """From any thread: what is asked now, and until the next `begin`, ends in DecoderError."""
        with self._guard:
            self._cancelled = True
            if self._asked and self._child is not None:
                self._child.process.kill()  # whoever waits for its answer sees the end of it
                self._child.process.wait()

    def close(self) -> None:
        """Ends the child."""
        with self._lock:
            self._stop()

    @contextmanager
    def _answering(self, verb: str, since: float) -> Iterator[float]:
        """The deadline of one request; whatever goes wrong with it ends the child."""
        with self._lock, self._request():
            try:
                yield since + self._seconds_limit
            except TimeoutError as problem:
                raise self._late(verb) from problem
            except ChildGoneError as problem:
                raise self._gone() from problem
            except StopWriting as problem:
                self._stop()
                raise DecoderError(STOPPED) from problem
            except _ToldError:  # the answer was taken whole: the child is ready for the next
                raise
            except BaseException:  # an answer that nobody took must not meet the next question
                self._stop()
                raise

    @contextmanager
    def _request(self) -> Iterator[None]:
        """What `cancel` can stop; DecoderError where it came before."""
        with self._guard:
            if self._cancelled:
                raise DecoderError(STOPPED)
            self._asked = True
        try:
            yield
        finally:
            with self._guard:
                self._asked = False

    def _late(self, verb: str) -> DecoderError:
        """The end of a request that missed its time; a child that still loads is left to it."""
        limit = f"within {self._seconds_limit:g} s"
        if self._child is not None and not self._loaded:
            return DecoderError(
                f"Phi was not loaded {limit}; it goes on loading for the next study. Give it more "
                "time (--budget-s)."
            )
        self._stop()
        return DecoderError(
            f"Phi did not {verb} {limit} and was stopped. Give it more time (--budget-s)."
        )

    def _gone(self) -> DecoderError:
        """The end of a request whose child is no more."""
        end = _end_of(self._child)
        self._stop()
        if self._cancelled:
            return DecoderError(STOPPED)
        return DecoderError(
            f"The process of Phi ended without an answer ({end}): memory ran out, or "
            f"{self._model.path.name} makes llama.cpp crash. Copy the file again."
        )

    def _ready(self, deadline: float) -> Child:
        """The child, started where there is none or it died idle."""
        if self._child is not None and self._child.process.poll() is not None:
            self._stop()
        if self._child is None:
            child = self._start()
            with self._guard:
                self._child, self._loaded = child, False
                if self._cancelled:
                    raise ChildGoneError
        if not self._loaded:
            loaded = self._child.receive(deadline)[0]
            if "error" in loaded:
                self._stop()  # it is ending by itself
            _checked(loaded)
            self._loaded = True
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

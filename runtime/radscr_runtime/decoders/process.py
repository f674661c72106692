"""The reader's side of Phi: owns the process that llama.cpp runs in, and its end."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from radscr_edge.child import Child, ChildGoneError, Message, start_child
from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.gguf_check import Gguf
from radscr_runtime.decoders.setup import MIB, choose_setup, most_data_mb
from radscr_runtime.golden import cache_folder
from radscr_runtime.options import Options

CHILD: Final = "radscr_runtime.decoders.child"


@dataclass(frozen=True, slots=True)
class Model:
    """A GGUF that was checked."""

    path: Path
    sha256: str
    gguf: Gguf


class PhiProcess:
    """Asks a GGUF for odds in a child process, within a time limit.

    The child starts with the first question and stays for the next study; it is ended by a crash, a
    missed limit and `close`, and the question after that starts another.
    """

    def __init__(self, model: Model, options: Options) -> None:
        self._model = model
        self._options = options
        self._seconds_limit = options.budget_s
        self._lock = threading.Lock()
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the present child; None where there is none."""
        return self._child.process.pid if self._child else None

    def log_odds(self, prompts: Sequence[str]) -> tuple[float, ...]:
        """ln P(keep) / P(drop) after each prompt; DecoderError where no answer comes."""
        with self._lock:
            try:
                return self._ask(prompts, time.monotonic() + self._seconds_limit)
            except TimeoutError as problem:
                self._stop()
                raise DecoderError(
                    f"Phi did not decide within {self._seconds_limit:g} s and was stopped. "
                    "Give it more time (--budget-s)."
                ) from problem
            except ChildGoneError as problem:
                end = _end_of(self._child)
                self._stop()
                raise DecoderError(
                    f"The process of Phi ended without an answer ({end}): memory ran out, or "
                    f"{self._model.path.name} makes llama.cpp crash. Copy the file again."
                ) from problem
            except BaseException:  # an answer that nobody took must not meet the next question
                self._stop()
                raise

    def close(self) -> None:
        """Ends the child."""
        with self._lock:
            self._stop()

    def _ask(self, prompts: Sequence[str], deadline: float) -> tuple[float, ...]:
        if self._child is not None and self._child.process.poll() is not None:
            self._stop()  # it died idle
        if self._child is None:
            self._child = self._start()
            _checked(self._child.receive(deadline)[0])
        self._child.send({"prompts": list(prompts)})
        odds = _checked(self._child.receive(deadline)[0]).get("log_odds")
        if not isinstance(odds, list) or len(odds) != len(prompts):
            raise ChildGoneError
        return tuple(float(one) for one in odds)

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


def _end_of(child: Child | None) -> str:
    """How a child ended that gave no answer; its pipe closes a moment before it is gone."""
    try:
        code = child.process.wait(1.0) if child else 0
    except subprocess.TimeoutExpired:
        return "it answered what is none"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _checked(header: Message) -> Message:
    if "error" in header:
        raise DecoderError(str(header["error"]))
    return header

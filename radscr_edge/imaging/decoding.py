"""The reader's side of decoding: owns the worker process, its limits and its replacement."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from radscr_edge.child import Child, ChildGoneError, Message, start_child
from radscr_edge.errors import RadscrError, StudyCause, StudyError
from radscr_edge.imaging import wire
from radscr_edge.records import Radiograph

STARTUP_SECONDS: Final = 60.0
STUDIES_PER_PROCESS: Final = 500
"""A process is replaced after so many studies: whatever a codec leaks goes with it."""
WORKER: Final = "radscr_edge.imaging.worker"
ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


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
        self._child = self._start()

    @property
    def pid(self) -> int:
        """Process id of the present child, for accounts of memory and time."""
        return self._child.process.pid

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
            self._child.stop()

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
            except ChildGoneError as problem:
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

    def _answer(self, study: Path) -> tuple[Message, bytes]:
        """What the process says; a dead one gets one successor, for it may have died idle."""
        try:
            return self._ask(study)
        except ChildGoneError:
            self._replace()
            return self._ask(study)

    def _ask(self, study: Path) -> tuple[Message, bytes]:
        self._await_start()
        self._child.send({"study": str(study)})
        return self._child.receive(time.monotonic() + self._seconds_limit)

    def _await_start(self) -> None:
        if self._ready:
            return
        try:
            self._child.receive(time.monotonic() + STARTUP_SECONDS)
        except (TimeoutError, ChildGoneError) as problem:
            raise RadscrError(
                "The decoding process does not start. Install radscr-edge again; "
                f"`python -m {WORKER} 768 30` says why."
            ) from problem
        self._ready = True

    def _start(self) -> Child:
        limits = [str(self._memory_limit_mb), str(self._seconds_limit)]
        return start_child(WORKER, limits, ONE_THREAD)

    def _replace(self) -> None:
        self._child.stop()
        self._served, self._ready = 0, False
        self._child = self._start()


def load_radiograph(study: Path, worker: DecodingWorker) -> Radiograph:
    """The upright frontal chest film of a DICOM, PNG or JPEG file, decoded in the worker.

    Pixels are (H, W) 8-bit, at most 1536 on the longer side; Geometry keeps the file's own size.
    Raises StudyError with its cause for everything that is no such film.
    """
    return worker.read(study)

"""The disposable process in which pydicom and the codecs run, under limits of memory and time."""

from __future__ import annotations

import logging
import resource
import sys
import warnings
from pathlib import Path
from traceback import extract_tb

import cv2
from PIL import Image

# pydicom imports requests where it is installed, and that opens a socket to probe for IPv6.
sys.modules["requests"] = None  # type: ignore[assignment]
from radscr_edge.child import (  # noqa: E402
    answer,
    limit_processor,
    pack,
    private_output,
    requests,
)
from radscr_edge.errors import StudyCause, StudyError  # noqa: E402
from radscr_edge.imaging import wire  # noqa: E402
from radscr_edge.imaging.gate import view_gate  # noqa: E402
from radscr_edge.imaging.study import read_study  # noqa: E402


def main() -> None:
    """Answers one study after another on the pipes until the parent closes them."""
    memory_limit_mb, seconds_limit = int(sys.argv[1]), float(sys.argv[2])
    answers = private_output()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    cv2.setNumThreads(1)
    Image.MAX_IMAGE_PIXELS = None  # sizes are checked by ourselves, and memory is limited
    view_gate()
    _limit_memory(memory_limit_mb)
    answer(answers, pack({"ready": True}))
    for request in requests():
        limit_processor(seconds_limit)
        answer(answers, _serve(Path(request["study"]), memory_limit_mb))


def _serve(study: Path, memory_limit_mb: int) -> bytes:
    try:
        return wire.pack_radiograph(read_study(study))
    except StudyError as error:
        return wire.pack_error(error)
    except MemoryError:
        return wire.pack_error(
            StudyError(
                f"{study.name} needs more than {memory_limit_mb} MB to decode. "
                "Send the film uncompressed or smaller.",
                StudyCause.MEMORY_LIMIT,
            )
        )
    except Exception as bug:  # ours, not the film's: told as such, without a text that may quote it
        place = extract_tb(bug.__traceback__)[-1]
        return wire.pack_error(
            StudyError(
                f"{study.name} met an error of this program ({type(bug).__name__} in "
                f"{Path(place.filename).name}:{place.lineno}); the film may be sound. Report it.",
                StudyCause.INTERNAL,
            )
        )


def _limit_memory(memory_limit_mb: int) -> None:
    """Allows that much address space beyond what the imported libraries have mapped."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + memory_limit_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()

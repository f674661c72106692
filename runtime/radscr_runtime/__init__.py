"""Reads chest radiographs on a CPU, offline: `from radscr_runtime import Reader`."""

from typing import TYPE_CHECKING, Any

from radscr_edge.errors import BundleError, DecoderError, RadscrError, StopWriting, StudyError
from radscr_runtime.options import Options

if TYPE_CHECKING:
    from radscr_runtime.reader import Reader

__all__ = [
    "BundleError",
    "DecoderError",
    "Options",
    "RadscrError",
    "Reader",
    "StopWriting",
    "StudyError",
]


def __getattr__(name: str) -> Any:
    """The Reader, imported when it is asked for: Phi's own process needs none of its libraries."""
    if name != "Reader":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from radscr_runtime.reader import Reader  # noqa: PLC0415

    return Reader

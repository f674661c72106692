"""Turns what parsers and codecs raise over a damaged file into a StudyError with its cause."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import cv2
from pydicom.errors import BytesLengthException

from radscr_edge.errors import StudyCause, StudyError

PARSER_FAULTS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BytesLengthException,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    cv2.error,
    struct.error,
    zlib.error,
)
"""What pydicom, Pillow and the codecs were seen to raise on malformed files.

MemoryError is not among them: the worker turns it into its own cause.
"""


@contextmanager
def blaming(cause: StudyCause, message: str) -> Iterator[None]:
    """Raises StudyError(message, cause) in place of any fault of a parser or codec.

    The fault's own text is dropped: it may quote a patient's data.
    """
    try:
        yield
    except PARSER_FAULTS as problem:
        raise StudyError(message, cause) from problem

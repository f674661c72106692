"""Every error raised on purpose; anything else is a bug and keeps its traceback."""

from __future__ import annotations

from enum import StrEnum


class StudyCause(StrEnum):
    """Why a study cannot be read, in the words of the person at the desk."""

    MISSING = "missing file"
    UNREADABLE = "unreadable file"
    EMPTY = "empty file"
    WRONG_TYPE = "wrong file type"
    TOO_LARGE = "too large"
    DAMAGED = "damaged file"
    NO_DATA_SET = "no data set"
    TRUNCATED = "truncated pixel data"
    NO_PIXELS = "no pixel data"
    NOT_AN_IMAGE = "not an image object"
    MODALITY = "other modality"
    MULTI_FRAME = "multi-frame"
    COLOUR = "colour image"
    PHOTOMETRIC = "unsupported photometric interpretation"
    BIT_DEPTH = "unsupported bit depth"
    ZERO_SIZE = "zero-size image"
    INCONSISTENT = "contradictory image attributes"
    NO_DECODER = "no decoder for the transfer syntax"
    DECODER_FAILED = "decoder failed"
    DECODER_CRASHED = "decoder crashed"
    TIME_LIMIT = "decoding took too long"
    MEMORY_LIMIT = "decoding needs too much memory"
    LATERAL = "lateral view"
    BODY_PART = "other body part"
    BLANK = "blank image"
    NOISE = "noise"
    CROPPED = "cropped to nothing"
    NOT_A_CHEST = "not a chest film"
    ORIENTATION = "unreadable orientation"
    INTERNAL = "error of this program"


class RadscrError(Exception):
    """Base of all errors raised on purpose: the message says what, where, and what to do."""


class StudyError(RadscrError):
    """A study that cannot be read; the clinician can act on it (exit code 3)."""

    def __init__(self, message: str, cause: StudyCause) -> None:
        super().__init__(message)
        self.cause = cause


class BundleError(RadscrError):
    """A damaged, incomplete or foreign bundle; the technician can act on it (exit code 4)."""


class DecoderError(RadscrError):
    """The language model cannot serve; the reader falls back to the plain decoder and says so."""


class StopWriting(RadscrError):  # noqa: N818  it tells a decoder what to do, no fault
    """Raised by the caller's `on_text` to end a fluent text; the report is complete without it."""


class LibraryError(RadscrError):
    """A sentence library whose rows contradict the ontology or each other."""


class CalibrationError(RadscrError):
    """Labelled studies, or thresholds refitted from them, that cannot be used."""


class TrainingError(RadscrError):
    """Training data or a run folder that cannot be used; says which file or setting is at fault."""

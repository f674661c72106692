"""Takes a study's file from disk and says by its content what it is."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Final

from radscr_edge.errors import StudyCause, StudyError

MOST_BYTES: Final = 256 * 2**20
"""A 16-bit film of 5000 x 6000 pixels has 60 MB."""


class Kind(StrEnum):
    """File types that can hold a radiograph."""

    DICOM = "DICOM"
    PNG = "PNG"
    JPEG = "JPEG"


SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"\xff\xd8\xff", Kind.JPEG),
)
FOREIGN: Final = (
    (b"%PDF", "a PDF document"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"\x00\x00\x00\x0cjP  ", "a bare JPEG 2000 picture"),
    (b"<", "an HTML or XML text"),
)
# PS3.10 7.1 asks for a preamble; old files begin with the group 0002 or 0008 itself.
BARE_GROUPS: Final = (b"\x02\x00", b"\x08\x00", b"\x00\x02\x00", b"\x00\x08\x00")


def read_file(path: Path) -> bytes:
    """The bytes of a regular, non-empty file of at most MOST_BYTES; StudyError otherwise."""
    name = path.name
    try:
        if not path.exists():
            raise StudyError(f"{name} does not exist. Check the path.", StudyCause.MISSING)
        if not path.is_file():
            raise StudyError(
                f"{name} is not a file. Give the file of a film.", StudyCause.WRONG_TYPE
            )
        _check_bytes(path.stat().st_size, name)
        return path.read_bytes()
    except OSError as problem:
        raise StudyError(
            f"{name} cannot be read ({problem.strerror}). Check its permissions and the disk.",
            StudyCause.UNREADABLE,
        ) from problem


def _check_bytes(size: int, name: str) -> None:
    if size == 0:
        raise StudyError(f"{name} is empty. Send the study again.", StudyCause.EMPTY)
    if size > MOST_BYTES:
        raise StudyError(
            f"{name} has {size / 2**20:.0f} MiB; a film has at most {MOST_BYTES // 2**20}. "
            "Send the single film.",
            StudyCause.TOO_LARGE,
        )


def sniff(raw: bytes, name: str) -> Kind:
    """The kind of a file by its first bytes; StudyError where it can hold no radiograph."""
    if raw[128:132] == b"DICM":
        return Kind.DICOM
    for signature, kind in SIGNATURES:
        if raw.startswith(signature):
            return kind
    for signature, words in FOREIGN:
        if raw.startswith(signature):
            raise StudyError(
                f"{name} is {words}. Give a DICOM, PNG or JPEG file.", StudyCause.WRONG_TYPE
            )
    if len(raw) > 8 and raw.startswith(BARE_GROUPS):
        return Kind.DICOM
    raise StudyError(
        f"{name} is no DICOM, PNG or JPEG file. Give the file of a film.", StudyCause.WRONG_TYPE
    )

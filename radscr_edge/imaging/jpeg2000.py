"""Decodes large JPEG 2000 films at the resolution that is needed: the format holds them all."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.pixels.utils import get_j2k_parameters

ENOUGH: Final = 720
"""Pixels on the longer side below which no further level is left out."""


def levels_to_skip(rows: int, columns: int) -> int:
    """How many times the film can be halved with ENOUGH pixels left on its longer side."""
    skipped = 0
    while max(rows, columns) >> (skipped + 1) >= ENOUGH:
        skipped += 1
    return skipped


def decode_reduced(frame: bytes, skipped: int) -> NDArray[Any] | None:
    """The stored values of a grey film without its `skipped` finest levels.

    None where Pillow cannot give them: more than one component, no codestream, too few levels.
    """
    coding = get_j2k_parameters(frame)
    precision = coding.get("precision", 0)
    if not 8 <= precision <= 16:
        return None
    with Image.open(BytesIO(frame), formats=("JPEG2000",)) as picture:
        if picture.mode not in ("L", "I;16"):
            return None
        picture.reduce = skipped  # type: ignore[assignment, method-assign]
        values = np.asarray(picture)
    if precision == 8:
        return values.astype(np.int16) - 128 if coding["is_signed"] else values
    # Pillow widens every sample to 16 bits, and lifts signed ones by half the range.
    narrow = values.astype(np.int32) >> (16 - precision)
    if coding["is_signed"]:
        return np.asarray(narrow - (1 << (precision - 1)), np.int16)
    return np.asarray(narrow, np.uint16)

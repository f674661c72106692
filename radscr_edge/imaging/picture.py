"""Turns the bytes of a PNG or JPEG file into a film; runs in the decoding worker only."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from radscr_edge.errors import StudyCause, StudyError
from radscr_edge.imaging.faults import blaming
from radscr_edge.imaging.files import Kind
from radscr_edge.imaging.film import Film, Orientation
from radscr_edge.imaging.grey import NO_WINDOW, fold_colours, resize_square, stretch
from radscr_edge.imaging.header import MOST_PIXELS
from radscr_edge.records import View

EXIF_ORIENTATION: Final = 0x0112
# EXIF 2.32, 4.6.4: counter-clockwise quarter turns, then mirrored, that show the picture upright.
EXIF_MOVES: Final = {
    2: (0, True), 3: (2, False), 4: (2, True), 5: (3, True),
    6: (3, False), 7: (1, True), 8: (1, False),
}  # fmt: skip


def read_picture(raw: bytes, kind: Kind, name: str) -> Film:
    """The film of a PNG or JPEG file; StudyError where it is damaged, coloured or too large."""
    damaged = f"{name} is a damaged {kind} file. Send it again."
    with blaming(StudyCause.DAMAGED, damaged), Image.open(BytesIO(raw), formats=(kind,)) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise StudyError(
                f"{name} has {picture.width} x {picture.height} pixels; a film has at most "
                f"{MOST_PIXELS:,}. Send the single film.",
                StudyCause.TOO_LARGE,
            )
        turns, mirrored = EXIF_MOVES.get(picture.getexif().get(EXIF_ORIENTATION, 1), (0, False))
        with blaming(StudyCause.TRUNCATED, damaged):
            values = _grey(picture, name)
    small = resize_square(values, 1.0)
    deep = small.dtype != np.uint8
    return Film(
        pixels=stretch(small) if deep else small,
        original_width=values.shape[1],
        original_height=values.shape[0],
        view=View.UNKNOWN,
        orientation=Orientation(turns, mirrored, known=False),
        spacing_mm=None,
        notes=(NO_WINDOW,) if deep else (),
    )


def _grey(picture: Image.Image, name: str) -> NDArray[Any]:
    if picture.mode in ("L", "1", "LA"):
        return np.asarray(picture.convert("L"))
    if picture.mode.startswith("I"):
        return np.asarray(picture).astype(np.uint16)
    grey = fold_colours(np.asarray(picture.convert("RGB")))
    if grey is None:
        raise StudyError(
            f"{name} is a colour picture; radiographs are grey. Send the film itself.",
            StudyCause.COLOUR,
        )
    return grey

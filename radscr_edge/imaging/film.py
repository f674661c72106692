"""The value between decoding and standing upright: one film as its file stores it."""

from __future__ import annotations

from dataclasses import dataclass

from radscr_edge.records import Bytes, View


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a stored film must be moved to stand upright with the patient's right on the left."""

    quarter_turns: int
    """Counter-clockwise, 0 to 3; comes before mirroring."""
    mirrored: bool
    known: bool
    """True where the file says it, so that sides may be named."""


UNSAID = Orientation(quarter_turns=0, mirrored=False, known=False)


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """One decoded film, in the orientation of its file."""

    pixels: Bytes
    """(h, w): 8 bit, square pixels, at most LONGEST pixels on the longer side."""
    original_width: int
    original_height: int
    view: View
    orientation: Orientation
    spacing_mm: float | None
    """Side of one of `pixels` in mm."""
    notes: tuple[str, ...]

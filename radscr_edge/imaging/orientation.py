"""Stands a film upright: by Patient Orientation where the file says it, then by the view gate."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from radscr_edge.errors import StudyCause, StudyError
from radscr_edge.imaging.film import UNSAID, Film, Orientation
from radscr_edge.imaging.gate import Look, view_gate
from radscr_edge.records import Bytes

CONTRADICTED: Final = "Side as displayed: the film contradicts the file's Patient Orientation."
AS_DISPLAYED: Final = "Side as displayed: the file does not say which side is the patient's right."
MENDING_TURNS: Final = {Look.TURNED_LEFT: 3, Look.TURNED_RIGHT: 1, Look.UPSIDE_DOWN: 2}
"""Counter-clockwise quarter turns that bring each look upright."""


def patient_orientation(row: str, column: str, name: str) -> Orientation:
    """What Patient Orientation (0020,0020) asks for, PS3.3 C.7.6.1.1.1.

    `row` is where the rows run to (left to right), `column` where the columns run to (downwards).
    Raises StudyError where the rows run to the front or back: the film is no frontal.
    """
    letters = row[:1].upper(), column[:1].upper()
    if set(letters) & {"A", "P"} and set(letters) & {"F", "H"}:
        raise StudyError(
            f"{name}: Patient Orientation (0020,0020) is that of a lateral film; "
            "only frontal films can be read.",
            StudyCause.LATERAL,
        )
    match letters:
        case ("L" | "R", "F"):
            return Orientation(0, letters[0] == "R", known=True)
        case ("L" | "R", "H"):
            return Orientation(2, letters[0] == "L", known=True)
        case ("F", "L" | "R"):
            return Orientation(3, letters[1] == "L", known=True)
        case ("H", "L" | "R"):
            return Orientation(1, letters[1] == "R", known=True)
        case _:
            return UNSAID


def move(pixels: Bytes, orientation: Orientation) -> Bytes:
    """The pixels turned counter-clockwise, then mirrored."""
    turned = np.rot90(pixels, orientation.quarter_turns)
    return np.ascontiguousarray(turned[:, ::-1] if orientation.mirrored else turned)


def stand_up(film: Film, name: str) -> Film:
    """The film upright, with a note on whatever was done to it.

    Raises StudyError where the film looks like a lateral one or like no chest film at all.
    """
    asked = film.orientation
    pixels = move(film.pixels, asked)
    look = view_gate().look(pixels)
    if look is Look.LATERAL:
        raise StudyError(
            f"{name} looks like a lateral film; only frontal (AP, PA) films can be read.",
            StudyCause.LATERAL,
        )
    if look is Look.OTHER:
        raise StudyError(
            f"{name} does not look like a frontal chest film. Check that the right film was sent.",
            StudyCause.NOT_A_CHEST,
        )
    notes = film.notes + _said(asked)
    if look is Look.INVERTED:
        pixels = 255 - pixels
        notes += ("Black and white were exchanged: the film was stored inverted.",)
    turns = MENDING_TURNS.get(look, 0)
    found = _combine(asked, turns)
    if turns:
        pixels = np.ascontiguousarray(np.rot90(pixels, turns))
        notes += (f"The film lay on its side or head and was turned by {_degrees(turns)} degrees.",)
    if not found.known:
        notes += (CONTRADICTED if asked.known else AS_DISPLAYED,)
    return replace(film, pixels=pixels, orientation=found, notes=notes)


def _combine(asked: Orientation, turns: int) -> Orientation:
    # Turning after a mirror equals turning the other way before it; a film that still lay on its
    # side contradicts its own Patient Orientation, whose sides cannot be believed either.
    total = asked.quarter_turns - turns if asked.mirrored else asked.quarter_turns + turns
    return Orientation(total % 4, asked.mirrored, asked.known and turns == 0)


def _said(asked: Orientation) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if asked.quarter_turns:
        turned = _degrees(asked.quarter_turns)
        notes += (f"The film was turned by {turned} degrees, as its file asks.",)
    if asked.mirrored:
        notes += ("The film was stored mirrored and was mirrored back, as its file asks.",)
    return notes


def _degrees(turns: int) -> int:
    return 180 if turns == 2 else 90

"""Side slots of written sentences: '[right|left]' or '[A right|A left|An]'."""

from __future__ import annotations

import re
from typing import Final

from radscr_edge.errors import LibraryError
from radscr_edge.records import Side

SLOT: Final = re.compile(r"\[([^\[\]]*)\]")
"""What is said on the right, on the left and, if there is a third part, without a side."""
SIDES: Final = (Side.NONE, Side.RIGHT, Side.LEFT)
"""The variants of a sentence with a slot."""


def has_slot(written: str) -> bool:
    """Whether a written sentence counts once for each of SIDES."""
    return SLOT.search(written) is not None


def spell(written: str, side: Side) -> str:
    """The sentence as it is said of that side; without a side the slot is left out.

    Raises LibraryError where a slot has not two or three parts.
    """
    return _tidy(SLOT.sub(lambda slot: _part(slot[1], side, written), written))


def variant_id(written_id: str, side: Side) -> str:
    """Id of one variant of a sentence with a slot."""
    return written_id if side is Side.NONE else f"{written_id}.{side}"


def _part(slot: str, side: Side, written: str) -> str:
    parts = [*slot.split("|"), ""]
    if len(parts) not in (3, 4):
        raise LibraryError(
            f"{written!r}: a slot is [right|left] or [right|left|without]; found [{slot}]."
        )
    return parts[{Side.RIGHT: 0, Side.LEFT: 1}.get(side, 2)]


def _tidy(text: str) -> str:
    """One space between words, none before a stop, a capital at the start."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r" +([.,;])", r"\1", text)
    return text[:1].upper() + text[1:]

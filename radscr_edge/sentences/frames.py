"""Frame sentences: what a report says about itself rather than about the lungs."""

from __future__ import annotations

from functools import cache

from radscr_edge.errors import LibraryError
from radscr_edge.records import Framed
from radscr_edge.sentences.tables import rows_of


@cache
def frame_templates(language: str = "en") -> dict[str, str]:
    """Id -> sentence with its {slots}, in one language; ids without a translation are missing."""
    return {row["id"]: row["text"] for row in rows_of(language, "frames")}


def frame(sentence_id: str, **slots: str) -> Framed:
    """The frame sentence of that id with its slots filled; LibraryError where there is none."""
    template = frame_templates().get(sentence_id)
    if template is None:
        raise LibraryError(f"{sentence_id!r} is no frame sentence; see en/frames.csv for the ids.")
    return Framed(template.format(**slots), sentence_id, tuple(slots.items()))

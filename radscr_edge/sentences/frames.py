"""Frame sentences: what a report says about itself rather than about the lungs."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from radscr_edge.errors import LibraryError


@cache
def _frames() -> dict[str, str]:
    text = files("radscr_edge.sentences").joinpath("frames.csv").read_text(encoding="utf-8")
    return {row["id"]: row["text"] for row in csv.DictReader(text.splitlines())}


def frame(sentence_id: str, **slots: str) -> str:
    """The frame sentence of that id with its slots filled; LibraryError where there is none."""
    template = _frames().get(sentence_id)
    if template is None:
        raise LibraryError(f"{sentence_id!r} is no frame sentence; see frames.csv for the ids.")
    return template.format(**slots)

"""Reads the written sentences and spells out their side variants."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files

from radscr_edge.errors import LibraryError
from radscr_edge.ontology import load_ontology
from radscr_edge.records import Polarity, Sentence, Severity, Side

SLOT = re.compile(r"( on the)? ?\{side\}")
"""Where a side word may stand; the variant that names no side goes without the whole of it."""


@cache
def written_sentences() -> tuple[Sentence, ...]:
    """The sentences as they were written, side slots unfilled.

    Raises LibraryError where a row names an unknown finding or attribute, or repeats an id.
    """
    text = files("radscr_edge.sentences").joinpath("english.csv").read_text(encoding="utf-8")
    sentences = tuple(_sentence(row) for row in csv.DictReader(text.splitlines()))
    seen: set[str] = set()
    for sentence in sentences:
        if sentence.id in seen:
            raise LibraryError(f"english.csv: id {sentence.id!r} occurs twice; give each its own.")
        seen.add(sentence.id)
    return sentences


@cache
def load_sentences() -> tuple[Sentence, ...]:
    """The whole library; a sentence with a slot counts three times: without side, right, left."""
    return tuple(variant for written in written_sentences() for variant in _variants(written))


def _variants(written: Sentence) -> Iterator[Sentence]:
    if "{side}" not in written.text:
        yield written
        return
    yield replace(written, text=_capitalised(SLOT.sub("", written.text).lstrip()))
    for side in (Side.RIGHT, Side.LEFT):
        text = _capitalised(written.text.format(side=side))
        yield replace(written, id=f"{written.id}.{side}", text=text, side=side)


def _capitalised(text: str) -> str:
    return text[0].upper() + text[1:]


def _sentence(row: dict[str, str]) -> Sentence:
    try:
        return Sentence(
            id=row["id"],
            text=row["text"],
            finding=row["finding"],
            polarity=Polarity(row["polarity"]),
            side=Side(row["side"]),
            severity=Severity(row["severity"]),
            zone=row["zone"],
            organ=load_ontology()[row["finding"]].organ,
            prototype=-1,
        )
    except ValueError as problem:
        raise LibraryError(f"english.csv: sentence {row['id']!r}: {problem}.") from problem

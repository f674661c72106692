"""Translations by sentence id: the same tables in other languages, never reviewed by default."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from radscr_edge.sentences.library import load_sentences
from radscr_edge.sentences.slots import SIDES, has_slot, spell, variant_id
from radscr_edge.sentences.tables import rows_of, tables_of


@cache
def translations(language: str) -> dict[str, str]:
    """Sentence id -> its text in that language, side variants spelled out; frames stay out."""
    return dict(_pairs(language))


def translated(sentence_id: str, english: str, language: str) -> str | None:
    """The sentence in that language; None where nobody translated it.

    A library may hold another sentence under the same id, e.g. one replaced on site: `english` is
    what that library says, and only the translation of that text is given.
    """
    if _english().get(sentence_id) != english:
        return None
    return translations(language).get(sentence_id)


@cache
def _english() -> dict[str, str]:
    return {one.id: one.text for one in load_sentences()}


def _pairs(language: str) -> Iterator[tuple[str, str]]:
    for table in tables_of(language):
        for row in rows_of(language, table) if table != "frames" else ():
            if not has_slot(row["text"]):
                yield row["id"], row["text"]
                continue
            for side in SIDES:
                yield variant_id(row["id"], side), spell(row["text"], side)

"""A sentence as the rules see it: its words, and the phrases found in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from radscr_edge.labeler.lexicon import Kind, Unit, joints, lexicon
from radscr_edge.labeler.words import cut


@dataclass(frozen=True, slots=True)
class Reading:
    """Words of one sentence side by side with what is known of each."""

    words: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    units: tuple[Unit, ...]
    """Phrases and triggers from left to right; none overlap."""
    at: Sequence[Unit | None]
    """The phrase that each word belongs to."""
    kinds: Sequence[Kind | None]
    """The kind of that phrase."""
    loose: Sequence[str]
    """The word; '' where it is part of a phrase."""
    parting: Sequence[bool]
    """Whether a new clause begins here, whatever came before."""

    def between(self, start: int, end: int) -> list[str]:
        """The words from `start` up to `end` that are part of no phrase."""
        return [word for word in self.loose[start:end] if word]


def read(sentence: str) -> Reading:
    """Cuts a sentence and finds its phrases."""
    cut_words = cut(sentence)
    words = cut_words.words
    units = tuple(lexicon().find(words))
    at: list[Unit | None] = [None] * len(words)
    for unit in units:
        at[unit.start : unit.end] = [unit] * (unit.end - unit.start)
    kinds = [None if unit is None else unit.entry.kind for unit in at]
    loose = ["" if unit else word for unit, word in zip(at, words, strict=True)]
    breaks = joints().breaks
    parting = [kind is Kind.STOP or word in breaks for kind, word in zip(kinds, loose, strict=True)]
    return Reading(words, cut_words.starts, cut_words.ends, units, at, kinds, loose, parting)

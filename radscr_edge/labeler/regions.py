"""Finds the words around a statement that may qualify it: a side, a severity, a zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from radscr_edge.labeler.lexicon import Kind, joints
from radscr_edge.labeler.reading import Reading
from radscr_edge.labeler.statements import Statement
from radscr_edge.labeler.words import vocabulary

CLOSING: Final = frozenset(
    {Kind.DOUBT, Kind.DOUBT_LIST, Kind.LIKELY, Kind.DENY, Kind.DENY_WEAK, Kind.ADVICE}
)
"""Triggers at which what follows speaks of something else."""


@dataclass(frozen=True, slots=True)
class Region:
    """The places of the qualifying words before, in and after one statement, left to right."""

    before: list[int]
    own: list[int]
    after: list[int]
    end: int
    """One past the last word that may qualify the statement."""


@cache
def qualifying() -> frozenset[str]:
    """Every word that says a side, a severity or a zone."""
    known = vocabulary()
    return frozenset(known.sides) | frozenset(known.severities) | frozenset(known.zones)


def find_regions(reading: Reading, found: Sequence[Statement]) -> list[Region]:
    """The region of each statement."""
    marked = {
        place
        for place, word in enumerate(reading.words)
        if word in qualifying() and reading.kinds[place] is not Kind.SHADOW
    }
    if not marked:
        return [Region([], [], [], one.end) for one in found]
    nouns = _nouns(reading, found)
    return [_region(reading, one, nouns, marked) for one in found]


def _nouns(reading: Reading, found: Sequence[Statement]) -> list[bool]:
    """Per word, whether it belongs to something that qualifiers can be said of."""
    taken = [kind is Kind.SHADOW for kind in reading.kinds]
    for one in found:
        taken[one.start : one.end] = [True] * (one.end - one.start)
    return taken


def _region(reading: Reading, one: Statement, nouns: list[bool], marked: set[int]) -> Region:
    def kept(places: Iterable[int]) -> list[int]:
        return sorted(marked.intersection(places))

    own = kept((*range(one.start, one.end), *range(*one.predicate)))
    before = kept(_before(reading, one.start, nouns))
    places = _after(reading, one.end, nouns)
    after = kept(places)
    sides = vocabulary().sides
    if not any(reading.words[place] in sides for place in (*own, *before, *after)):
        before = kept(_leading(reading, one.start, nouns)) or before
    return Region(before, own, after, max(places.stop, one.end))


def _before(reading: Reading, start: int, nouns: list[bool]) -> range:
    """Words between a statement and whatever stands before it."""
    for place in range(start - 1, -1, -1):
        word = reading.loose[place]
        if reading.parting[place] or nouns[place] or word in joints().withs:
            return range(place + 1, start)
        if reading.kinds[place] is Kind.SEEN:
            return range(place + 1, start)
        if word in joints().links and not _joins_qualifiers(reading, place):
            return range(place + 1, start)
    return range(start)


def _joins_qualifiers(reading: Reading, link: int) -> bool:
    """'Right and left', 'upper and lower'."""
    left, right = reading.words[:link][-1:], reading.words[link + 1 :][:1]
    if reading.words[link] == "," and link < 3 and qualifying().issuperset(left):
        return True  # 'a small, round nodule'
    return bool(left and right) and qualifying().issuperset((*left, *right))


def _leading(reading: Reading, start: int, nouns: list[bool]) -> range:
    """Words of a place named first: 'On the right, there is an effusion'."""
    for place in range(start - 1, -1, -1):
        unit = reading.at[place]
        if nouns[place] or reading.loose[place] in joints().withs:
            return range(0)
        if reading.parting[place] and (unit is None or reading.words[unit.start] != "there"):
            return range(place + 1, start)
    return range(start)


def _after(reading: Reading, end: int, nouns: list[bool]) -> range:
    """Words after a statement that are not said of the next one."""
    link = preposition = -1
    for place in range(end, len(reading.words)):
        word = reading.loose[place]
        if reading.parting[place] or word in joints().withs or reading.kinds[place] in CLOSING:
            return range(end, place)
        if nouns[place]:
            if link >= 0:
                return range(end, link)
            return range(preposition, place) if preposition >= 0 else range(0)
        if word in joints().links and not _joins_qualifiers(reading, place):
            link = place
        if preposition < 0 and reading.words[place] in joints().places:
            preposition = place
    return range(end, len(reading.words))

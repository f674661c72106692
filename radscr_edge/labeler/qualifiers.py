"""Binds sides, severities and zones to the statement that they are said of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final, TypeVar

from radscr_edge.labeler.lexicon import joints
from radscr_edge.labeler.reading import Reading
from radscr_edge.labeler.regions import Region, find_regions
from radscr_edge.labeler.statements import Statement
from radscr_edge.labeler.words import vocabulary
from radscr_edge.ontology import load_ontology
from radscr_edge.records import Severity, Side

T = TypeVar("T")
ORDER: Final = (Severity.NONE, Severity.MILD, Severity.MODERATE, Severity.SEVERE)
SIDELESS: Final = frozenset({"heart", "enlarged cardiac silhouette"})
"""'Left' is part of the heart's anatomy."""
SHARING: Final = frozenset({"lung", "pleura"})
"""Organs whose findings share the side of a list."""
ZONED: Final = SHARING | {"diaphragm/abdomen"}
"""Organs whose findings have a zone of the lung."""


@dataclass(frozen=True, slots=True)
class Qualifiers:
    """What is said of where a statement lies and how much of it there is."""

    side: Side
    severity: Severity
    zone: str


def qualify(reading: Reading, found: Sequence[Statement]) -> list[Qualifiers]:
    """The qualifiers of each statement; a side named once for a list covers the list."""
    regions = find_regions(reading, found)
    sides = _shared(reading, found, regions)
    return [
        Qualifiers(
            _side(one.name, side), _severity(reading, region), _zone(reading, one.name, region)
        )
        for one, region, side in zip(found, regions, sides, strict=True)
    ]


@cache
def organ_of(name: str) -> str:
    """The organ of a finding; the name of an organ is its own."""
    known = load_ontology()
    return known[name].organ if name in known.names else name


def _values(reading: Reading, places: Iterable[int], table: Mapping[str, T]) -> list[T]:
    """What the words at some places mean."""
    return [table[reading.words[place]] for place in places if reading.words[place] in table]


def _shared(
    reading: Reading, found: Sequence[Statement], regions: Sequence[Region]
) -> list[list[Side]]:
    """The sides said of each statement, its own or its list's."""
    sides = vocabulary().sides
    first = [_values(reading, (*one.before, *one.own), sides) for one in regions]
    last = [_values(reading, one.after, sides) for one in regions]
    if any(first) or any(last):
        joined = [_joined(reading, *pair) for pair in pairwise(found)]
        for index, same_list in enumerate(joined):
            if same_list and not first[index + 1] and not last[index + 1]:
                first[index + 1] = first[index]
        for index in range(len(joined) - 1, -1, -1):
            if joined[index] and not first[index] and not last[index]:
                last[index] = last[index + 1]
    return [[*one, *other] for one, other in zip(first, last, strict=True)]


def _joined(reading: Reading, one: Statement, other: Statement) -> bool:
    """Whether two statements are neighbours in a list of findings of the lungs and pleura."""
    if other.normal or not {organ_of(one.name), organ_of(other.name)} <= SHARING:
        return False
    inner = range(one.end, other.start)
    words = {reading.words[place] for place in inner}
    phrases = any(reading.at[place] and reading.words[place] != "versus" for place in inner)
    linked = "versus" in words or not words.isdisjoint(joints().links)
    return linked and not phrases and words.isdisjoint(joints().unlisted)


def _side(name: str, sides: list[Side]) -> Side:
    if name in SIDELESS or not sides:
        return Side.NONE
    known = load_ontology()
    if name in known.names and known[name].directed:
        return sides[-1]
    return sides[0] if len(set(sides)) == 1 else Side.BILATERAL


def _severity(reading: Reading, region: Region) -> Severity:
    known = vocabulary().severities
    said = _values(reading, (*region.before, *region.own), known)
    if not said and region.after:
        said = _values(reading, _predicate(reading, region), known)
    return max(said, key=ORDER.index, default=Severity.NONE)


def _predicate(reading: Reading, region: Region) -> list[int]:
    """A severity said of what stands before it: 'is small', 'on the right, large'."""
    words, known = reading.words, vocabulary().severities
    leads = joints().leads
    return [
        place
        for place in region.after
        if words[place] in known
        and (words[place - 1] in leads or words[place - 1] in known)
        and (
            place + 1 == region.end
            or words[place + 1] in joints().trails
            or words[place + 1] in known
        )
    ]


def _zone(reading: Reading, name: str, region: Region) -> str:
    if organ_of(name) not in ZONED:
        return ""
    said = _values(reading, (*region.before, *region.own), vocabulary().zones)
    said = said or _values(reading, region.after, vocabulary().zones)
    everywhere = name in load_ontology().names and load_ontology()[name].diffuse
    return "" if not said or (everywhere and said[0] == "hilar") else said[0]

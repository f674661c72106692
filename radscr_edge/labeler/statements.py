"""Finds what a sentence speaks of: findings by name, and anatomy with its state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from radscr_edge.labeler.lexicon import Kind, Unit, denying, joints, outcomes
from radscr_edge.labeler.reading import Reading


@dataclass(frozen=True, slots=True)
class Statement:
    """One finding or organ that a sentence speaks of, before its context is read."""

    name: str
    """Of the finding, or of the organ."""
    start: int
    end: int
    """Words of the phrase, `end` excluded."""
    anchor: int
    """The word that a trigger before it must reach."""
    predicate: tuple[int, int]
    """Words that say it of an anatomy elsewhere in the sentence; empty range where none do."""
    normal: bool = False
    """Said by a normal state."""
    clause: bool = False
    """Has a verb of its own, so that it stands outside a list before it."""


def statements(reading: Reading) -> list[Statement]:
    """Everything that a sentence speaks of, from left to right."""
    found = [*_named(reading), *_paired(reading)]
    return sorted(found, key=lambda one: (one.start, one.end))


def _named(reading: Reading) -> Iterator[Statement]:
    for unit in reading.units:
        kind, name = unit.entry.kind, unit.entry.name
        if kind is Kind.FINDING:
            yield from (_statement(unit, one) for one in name.split("; "))
        elif kind is Kind.ORGAN:
            yield from (_statement(unit, organ) for organ in name.split())


def _statement(unit: Unit, name: str) -> Statement:
    return Statement(name, unit.start, unit.end, unit.start, (0, 0))


def _paired(reading: Reading) -> Iterator[Statement]:
    taken: set[int] = set()
    for index, unit in enumerate(reading.units):
        if unit.entry.kind is Kind.STATE:
            owners = _owners(reading, index, taken)
            taken.update(owners)
            if not owners:
                names = outcomes().get(("", unit.entry.name), ())
                yield from (_statement(unit, name) for name in names)
            for owner in owners:
                names = outcomes().get((reading.units[owner].entry.name, unit.entry.name), ())
                yield from (_pair(reading, owner, index, name) for name in names)
    for index, unit in enumerate(reading.units):
        if unit.entry.kind is Kind.ANATOMY and index not in taken:
            names = outcomes().get((unit.entry.name, "alone"), ())
            yield from (_statement(unit, name) for name in names)


def _pair(reading: Reading, owner: int, state: int, name: str) -> Statement:
    anatomy, said = reading.units[owner], reading.units[state]
    first, last = sorted((owner, state))
    inner = {unit.entry.kind for unit in reading.units[first + 1 : last]}
    near = not inner & {Kind.ANATOMY, Kind.FINDING, Kind.SHADOW}
    start = min(anatomy.start, said.start) if near else anatomy.start
    end = max(anatomy.end, said.end) if near else anatomy.end
    verb = owner < state and _last_verb(reading, anatomy.end, said.start) is not None
    return Statement(
        name=name,
        start=start,
        end=end,
        anchor=said.start,
        predicate=(_begin(reading, said.start), said.end),
        normal=said.entry.name in denying(),
        clause=verb,
    )


def _begin(reading: Reading, place: int) -> int:
    """Where the qualifiers right before a state begin: 'are (mildly) enlarged'."""
    while place and reading.loose[place - 1] in joints().light:
        place -= 1
    return place


def _last_verb(reading: Reading, start: int, end: int) -> int | None:
    verbs = [place for place in range(start, end) if reading.words[place] in joints().verbs]
    return verbs[-1] if verbs else None


def _owners(reading: Reading, state: int, taken: set[int]) -> list[int]:
    """Units of the anatomy that has a state, by their index."""
    before, after = _before(reading, state), _after(reading, state)
    if before is not None:
        end, start = reading.units[before].end, reading.units[state].start
        touching = before not in taken and not reading.between(end, start)
        if after is None or touching or _governs(reading, before, state):
            return _group_back(reading, before, taken)
    return [] if after is None else _group_on(reading, after)


PASSED = frozenset(Kind) - {Kind.STOP, Kind.FINDING, Kind.ORGAN, Kind.SHADOW, Kind.ANATOMY}
"""Kinds that may stand between anatomy and its state."""


def _before(reading: Reading, state: int) -> int | None:
    """The nearest anatomy before a state, in the same clause."""
    for index in range(state - 1, -1, -1):
        unit, right = reading.units[index], reading.units[index + 1]
        if not joints().apart.isdisjoint(reading.between(unit.end, right.start)):
            return None
        if unit.entry.kind is Kind.ANATOMY:
            return index if _can_be(reading, index, state) else None
        if unit.entry.kind not in PASSED:
            return None
    return None


def _after(reading: Reading, state: int) -> int | None:
    """The anatomy that a state stands right before: 'tortuous and calcified aorta'."""
    for index in range(state + 1, len(reading.units)):
        unit, left = reading.units[index], reading.units[index - 1]
        gap = set(reading.between(left.end, unit.start)) - joints().glue
        if gap and not (gap == {","} and unit.entry.kind is Kind.STATE):
            return None
        if unit.entry.kind is Kind.ANATOMY:
            return index if _can_be(reading, index, state) else None
        if unit.entry.kind not in (Kind.STATE, Kind.SEEN):
            return None
    return None


def _can_be(reading: Reading, anatomy: int, state: int) -> bool:
    """Whether the state of this anatomy means anything."""
    return (reading.units[anatomy].entry.name, reading.units[state].entry.name) in outcomes()


def _governs(reading: Reading, anatomy: int, state: int) -> bool:
    """Whether a verb leads from the anatomy straight to the state."""
    end, start = reading.units[anatomy].end, reading.units[state].start
    verb = _last_verb(reading, end, start)
    if verb is None:
        return False
    kinds = {reading.kinds[place] for place in range(verb, start)}
    return Kind.STATE not in kinds and "," not in reading.words[verb:start]


def _group_back(reading: Reading, last: int, taken: set[int]) -> list[int]:
    """The anatomy before a state, with all that is listed with it."""
    group = [last]
    while group[0] > 0 and group[0] - 1 not in taken:
        left, right = reading.units[group[0] - 1], reading.units[group[0]]
        words = set(reading.between(left.end, right.start))
        apart = words & (joints().verbs | joints().apart)
        if left.entry.kind is not Kind.ANATOMY or apart or not words & joints().links:
            break
        group.insert(0, group[0] - 1)
    return group


def _group_on(reading: Reading, first: int) -> list[int]:
    """The anatomy after a state, with all that is listed with it and has no state of its own."""
    group = [first]
    for left, right in pairwise(range(first, len(reading.units))):
        one, other = reading.units[left], reading.units[right]
        words = set(reading.between(one.end, other.start))
        joined = words & joints().links and words <= joints().listing
        if other.entry.kind is not Kind.ANATOMY or not joined or _stands_alone(reading, right):
            break
        group.append(right)
    return group


def _stands_alone(reading: Reading, anatomy: int) -> bool:
    end = reading.units[anatomy].end
    return end < len(reading.words) and (
        reading.words[end] in joints().verbs or reading.kinds[end] is Kind.STATE
    )

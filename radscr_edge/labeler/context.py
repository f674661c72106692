"""Reads what the context makes of a statement: denied, hedged, of the past, or mere advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from radscr_edge.labeler.lexicon import Kind, Unit, joints
from radscr_edge.labeler.reading import Reading
from radscr_edge.labeler.statements import Statement
from radscr_edge.labeler.words import vocabulary
from radscr_edge.records import Polarity
from radscr_edge.wording import Certainty

BACKWARD: Final = frozenset({Kind.DENY_AFTER, Kind.DOUBT_AFTER, Kind.LIKELY_AFTER, Kind.PAST_AFTER})
FORWARD: Final = frozenset(
    {Kind.DENY, Kind.DENY_WEAK, Kind.DOUBT, Kind.DOUBT_LIST, Kind.LIKELY, Kind.PAST}
    | {Kind.PAST_LIST, Kind.ADVICE}
)
DENIALS: Final = frozenset({Kind.DENY, Kind.DENY_WEAK})
NARROW: Final = frozenset({Kind.DOUBT, Kind.LIKELY, Kind.LIKELY_AFTER, Kind.PAST, Kind.PAST_LIST})
"""They do not reach over a comma."""
TURNS: Final = frozenset({Kind.DOUBT, Kind.DOUBT_LIST, Kind.LIKELY, Kind.PAST, Kind.PAST_LIST})
"""After a comma or 'and', they begin something that an earlier denial does not cover."""
EITHER_SIDE: Final = ("versus", "?")
"""Triggers that hedge what stands before them too."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the context says of one statement."""

    polarity: Polarity
    certainty: Certainty
    historical: bool = False


def judge(reading: Reading, found: Sequence[Statement]) -> list[Judgement | None]:
    """A judgement for each statement; None where the sentence states nothing of it."""
    cast: list[set[Kind]] = [set() for _ in found]
    nearest: set[int] = set()
    for unit in reading.units:
        if unit.entry.kind in FORWARD or unit.entry.kind in BACKWARD:
            for index in _targets(reading, unit, found, nearest):
                cast[index].add(unit.entry.kind)
    return [
        _verdict(reading, one, kinds, index in nearest)
        for index, (one, kinds) in enumerate(zip(found, cast, strict=True))
    ]


def _targets(
    reading: Reading, unit: Unit, found: Sequence[Statement], nearest: set[int]
) -> list[int]:
    """Indices of the statements that a trigger speaks of."""
    kind = unit.entry.kind
    ahead = _ahead(reading, unit, found)
    if kind in BACKWARD:
        behind = _behind(reading, unit, found)
        nearest.update(behind[-1:])
        if kind is Kind.LIKELY_AFTER:  # 'is likely due to edema' against 'edema is likely'
            return ahead or behind
        return behind or (ahead if kind is not Kind.PAST_AFTER else [])
    if reading.words[unit.start] in EITHER_SIDE:
        return ahead + _behind(reading, unit, found)[-1:]
    if kind in (Kind.DOUBT, Kind.LIKELY) and not ahead and _closes(reading, unit.end):
        return _behind(reading, unit, found)[-1:]
    return ahead


def _ahead(reading: Reading, unit: Unit, found: Sequence[Statement]) -> list[int]:
    reach = _reach(reading, unit)
    outside = unit.entry.kind in DENIALS
    return [
        index
        for index, one in enumerate(found)
        if unit.end <= one.anchor < reach
        and not (outside and one.clause and _before_clause(reading, unit, one))
    ]


def _closes(reading: Reading, place: int) -> bool:
    """Whether a clause ends here."""
    return place == len(reading.words) or reading.parting[place] or reading.words[place] == ","


def _before_clause(reading: Reading, unit: Unit, one: Statement) -> bool:
    """Whether a denial stands before a clause, and not right before its subject."""
    gap = set(reading.between(unit.end, one.start))
    return unit.start < one.start and not gap <= vocabulary().skip


def _behind(reading: Reading, unit: Unit, found: Sequence[Statement]) -> list[int]:
    first = _reach_back(reading, unit)
    return [
        index for index, one in enumerate(found) if first <= one.start and one.end <= unit.start
    ]


def _reach(reading: Reading, unit: Unit) -> int:
    """First word that a trigger's scope to the right no longer holds."""
    kind, closed = unit.entry.kind, False
    for place in range(unit.end, len(reading.words)):
        if kind is Kind.ADVICE:
            if reading.loose[place] in (".", ";"):
                return place
            continue
        if reading.parting[place] or reading.loose[place] in joints().withs:
            return place
        closed = closed or reading.kinds[place] is Kind.SEEN
        link = reading.loose[place]
        if link in joints().links and _ends_at(reading, kind, place, closed):
            return place
    return len(reading.words)


def _ends_at(reading: Reading, kind: Kind, link: int, closed: bool) -> bool:
    """Whether a scope ends at a comma or at an 'and' or 'or'."""
    word = reading.words[link]
    if kind is Kind.PAST:
        return True
    if word in joints().either:
        return False
    if kind in NARROW:
        return word == "," or _opens(reading, link)
    if kind in DENIALS:
        return (closed or _opens(reading, link)) and not _or_follows(reading, link)
    return False


def _opens(reading: Reading, link: int) -> bool:
    """Whether a new statement rather than the next item begins after a link."""
    place = link + 1
    while place < len(reading.words) and reading.words[place] in joints().links:
        place += 1
    if place == len(reading.words):
        return True
    return reading.words[place] in joints().openers or reading.kinds[place] in TURNS


def _or_follows(reading: Reading, link: int) -> bool:
    """Whether the list under a denial goes on to an 'or'."""
    for place in range(link, len(reading.words)):
        word = reading.loose[place]
        if reading.parting[place] or word in joints().withs or reading.kinds[place] in TURNS:
            return False
        if word in joints().either:
            return True
    return False


def _reach_back(reading: Reading, unit: Unit) -> int:
    """First word that a trigger's scope to the left holds."""
    one_only = reading.words[unit.start] in joints().singular
    for place in range(unit.start - 1, -1, -1):
        word = reading.loose[place]
        if reading.parting[place] or word in joints().withs or word in joints().verbs:
            return place + 1
        if reading.kinds[place] in BACKWARD or reading.kinds[place] is Kind.SEEN:
            return place + 1
        if word in joints().either:
            one_only = False
        if word == "," and unit.entry.kind is Kind.PAST_AFTER:
            return place + 1
        if one_only and word in ("and", ","):
            return place + 1
    return 0


def _verdict(reading: Reading, one: Statement, kinds: set[Kind], nearest: bool) -> Judgement | None:
    if Kind.ADVICE in kinds:
        return None
    if one.normal:
        return _of_normal(reading, one, kinds)
    if Kind.DENY_AFTER in kinds:
        return Judgement(Polarity.NEGATIVE, Certainty.DEFINITE)
    if Kind.DOUBT_AFTER in kinds and (nearest or not kinds & DENIALS):
        return Judgement(Polarity.UNCERTAIN, Certainty.POSSIBLE)
    if kinds & DENIALS:
        weak = Kind.DENY_WEAK in kinds
        return Judgement(Polarity.NEGATIVE, Certainty.PROBABLE if weak else Certainty.DEFINITE)
    if kinds & {Kind.PAST, Kind.PAST_LIST, Kind.PAST_AFTER}:
        return Judgement(Polarity.POSITIVE, Certainty.DEFINITE, historical=True)
    if kinds & {Kind.DOUBT, Kind.DOUBT_LIST}:
        return Judgement(Polarity.UNCERTAIN, Certainty.POSSIBLE)
    likely = kinds & {Kind.LIKELY, Kind.LIKELY_AFTER}
    return Judgement(Polarity.POSITIVE, Certainty.PROBABLE if likely else Certainty.DEFINITE)


def _of_normal(reading: Reading, one: Statement, kinds: set[Kind]) -> Judgement:
    """A normal state denies, unless it is itself denied: 'the lungs are not clear'."""
    begin = one.predicate[0]
    if begin and reading.words[begin - 1] == "not":
        return Judgement(Polarity.POSITIVE, Certainty.DEFINITE)
    if kinds & {Kind.DOUBT, Kind.DOUBT_LIST, Kind.DOUBT_AFTER}:
        return Judgement(Polarity.UNCERTAIN, Certainty.POSSIBLE)
    likely = kinds & {Kind.LIKELY, Kind.LIKELY_AFTER}
    return Judgement(Polarity.NEGATIVE, Certainty.PROBABLE if likely else Certainty.DEFINITE)

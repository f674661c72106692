"""Complaints about a sentence library: what a reader of its reports would stumble over."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from radscr_edge.labeler import Mention, compares, label
from radscr_edge.labeler.words import cut, vocabulary
from radscr_edge.ontology import FINDINGS, ZONES, load_ontology, zone_words
from radscr_edge.records import Polarity, Sentence, Side
from radscr_edge.wording import Role

NEAR: Final = 0.9
"""Share of common words from which two sentences that say the same are near-duplicates."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one sentence."""

    sentence_id: str
    rule: str
    """'duplicate', 'near-duplicate', 'finding', 'polarity', 'side', 'severity', 'comparison',
    'empty prototype' or 'unreachable'."""
    message: str


def lint(sentences: Sequence[Sentence]) -> tuple[Complaint, ...]:
    """Every complaint about a library, in the order of its sentences; () where it is clean.

    Sentences in other languages than English are checked for duplicates and reach only: the
    labeler cannot read them.
    """
    rows: Iterable[Callable[[Sentence], Iterable[Complaint]]] = (
        _finding,
        _compared,
        _read,
        _unreachable,
    )
    found = [complaint for one in sentences for rule in rows for complaint in rule(one)]
    return (*found, *_duplicates(sentences), *_shadowed(sentences), *_empty(sentences))


def _unknown(one: Sentence) -> bool:
    return bool(one.finding) and one.finding not in FINDINGS


def _finding(one: Sentence) -> Iterator[Complaint]:
    if _unknown(one):
        yield Complaint(one.id, "finding", f"{one.finding!r} is not in the ontology.")


def _compared(one: Sentence) -> Iterator[Complaint]:
    if compares(one.text):
        yield Complaint(one.id, "comparison", f"compares with an earlier film: {one.text}")


def _read(one: Sentence) -> Iterator[Complaint]:
    """What the labeler reads must be what the fields say."""
    if one.language != "en" or one.role in (Role.ADVICE, Role.NORMAL) or _unknown(one):
        return
    read = [mention for mention in label(one.text) if not mention.historical]
    about = [mention for mention in read if mention.finding == one.finding]
    kin = load_ontology().kin(one.finding)
    strangers = {mention.finding for mention in read if mention.finding} - kin
    if not about:
        yield Complaint(one.id, "finding", f"{one.finding} cannot be read from: {one.text}")
    if strangers:
        named = ", ".join(sorted(strangers))
        yield Complaint(one.id, "finding", f"also speaks of {named}: {one.text}")
    for mention in about[:1]:
        yield from _fields(one, mention)


def _fields(one: Sentence, read: Mention) -> Iterator[Complaint]:
    """Fields that the words contradict, or do not bear out."""
    known, words = vocabulary(), cut(one.text).words
    named: dict[str, set[object]] = {
        "polarity": {read.polarity},
        "side": {known.sides[word] for word in words if word in known.sides} | {read.side},
        "severity": {known.severities[word] for word in words if word in known.severities},
    }
    for name, values in named.items():
        said, field = getattr(read, name), getattr(one, name)
        if said is not field and (said != "none" or field not in values):
            message = f"is read as {said}, its field says {field}: {one.text}"
            yield Complaint(one.id, name, message)


def _unreachable(one: Sentence) -> Iterator[Complaint]:
    """Sentences that no walk can say."""
    if one.role is not Role.FINDING or _unknown(one):
        return
    reach = set().union(*(zone_words(zone.band) for zone in ZONES))
    sided = one.side in (Side.RIGHT, Side.LEFT)
    kind = load_ontology()[one.finding]
    if one.zone not in reach:
        yield Complaint(one.id, "unreachable", f"no region is ever called {one.zone!r}.")
    if sided and kind.diffuse:
        yield Complaint(one.id, "unreachable", f"{one.finding} is diffuse and never gets a side.")
    if one.polarity is Polarity.NEGATIVE and (sided or one.zone):
        yield Complaint(one.id, "unreachable", "a denial is said of the whole film only.")
    if one.polarity is Polarity.UNCERTAIN and not kind.critical and (sided or one.zone):
        yield Complaint(one.id, "unreachable", "a hedge points at no region, so it has no side.")


def _duplicates(sentences: Sequence[Sentence]) -> Iterator[Complaint]:
    seen: dict[tuple[Role, str], str] = {}
    alike: dict[tuple[object, ...], list[Sentence]] = defaultdict(list)
    for one in sentences:
        first = seen.setdefault((one.role, " ".join(_words(one))), one.id)
        if first != one.id:
            yield Complaint(one.id, "duplicate", f"says the same words as {first}: {one.text}")
        alike[_meaning(one)].append(one)
    for group in alike.values():
        for one, other in combinations(group, 2):
            if _overlap(one, other) >= NEAR:
                message = f"differs hardly from {one.id}: {other.text}"
                yield Complaint(other.id, "near-duplicate", message)


def _meaning(one: Sentence) -> tuple[object, ...]:
    return (one.role, one.language, one.finding, one.organ, one.polarity, one.side, one.severity)


def _words(one: Sentence) -> list[str]:
    return re.findall(r"\w+", one.text.lower())


def _overlap(one: Sentence, other: Sentence) -> float:
    """Share of common words; 0 where they are the same, which is another complaint."""
    first, second = set(_words(one)), set(_words(other))
    if first == second and _words(one) == _words(other):
        return 0.0
    return len(first & second) / len(first | second)


def _shadowed(sentences: Sequence[Sentence]) -> Iterator[Complaint]:
    """Impressions are chosen by what they say: of two that say the same the second never is."""
    seen: dict[tuple[object, ...], str] = {}
    for one in sentences:
        if one.role is Role.IMPRESSION:
            first = seen.setdefault((*_meaning(one), one.certainty), one.id)
            if first != one.id:
                message = f"says what {first} says, which is always chosen."
                yield Complaint(one.id, "unreachable", message)


def _empty(sentences: Sequence[Sentence]) -> Iterator[Complaint]:
    """Every number from 0 to the largest must be some sentence's prototype."""
    clusters: dict[str, set[int]] = defaultdict(set)
    for one in sentences:
        if one.role is Role.FINDING and one.prototype >= 0:
            clusters[one.finding].add(one.prototype)
    most = max((number for numbers in clusters.values() for number in numbers), default=-1)
    for finding, numbers in clusters.items():
        for number in sorted(set(range(most + 1)) - numbers):
            message = f"prototype {number} of {finding} has no sentence."
            yield Complaint(finding, "empty prototype", message)

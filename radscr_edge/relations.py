"""Decides whether two statements contradict, repeat each other, or can stand side by side.

A positive finding rolls up (it affirms its ancestors), a negation rolls down (it denies the
descendants); an uncertain statement contradicts nothing, but beside an opposite certain one it is
a tension that a report must show.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from itertools import product
from typing import Final, Protocol

from radscr_edge.ontology import load_ontology
from radscr_edge.records import Polarity, Side

TOLERATED: Final = frozenset({"calcified nodule", "pleural/parenchymal scarring", "hyperaeration"})
"""What radiologists leave beside 'the lungs are clear': no contradiction when others wrote it."""


class Statement(Protocol):
    """A sentence of the library or a mention that the labeler read."""

    @property
    def finding(self) -> str:
        """Ontology name; empty where the statement is about the whole organ."""

    @property
    def organ(self) -> str:
        """Organ of the finding, or the whole organ."""

    @property
    def polarity(self) -> Polarity:
        """Whether it affirms, denies or hedges."""

    @property
    def side(self) -> Side:
        """The side it speaks of; NONE: wherever it is, or, denied, anywhere."""


class Relation(IntEnum):
    """How two statements stand to each other, from harmless to impossible."""

    COMPATIBLE = 0
    REDUNDANT = 1
    """One of them says all that the other says."""
    TENSION = 2
    """One hedges what the other denies."""
    CONTRADICTION = 3
    """Both cannot be true."""


def relate(first: Statement, second: Statement, strict: bool = True) -> Relation:
    """The relation of two statements; symmetric.

    `strict` is how we write: 'the lungs are clear' denies every lung finding. Others' reports are
    read leniently: it leaves room for TOLERATED. Statements about the past have no place here.
    """
    pair = (first, second), (second, first)
    if any(_denied(*both, Polarity.POSITIVE, strict) for both in pair) or _other_way(*pair[0]):
        return Relation.CONTRADICTION
    if any(_denied(*both, Polarity.UNCERTAIN, strict) for both in pair):
        return Relation.TENSION
    if any(covers(one, other) for one, other in pair):
        return Relation.REDUNDANT
    return Relation.COMPATIBLE


def worst_relation(
    first: Iterable[Statement], second: Iterable[Statement], strict: bool = True
) -> Relation:
    """The gravest relation between the statements of two sentences; a mute one is compatible."""
    relations = (relate(one, other, strict) for one, other in product(first, second))
    return max(relations, default=Relation.COMPATIBLE)


def covers(whole: Statement, part: Statement) -> bool:
    """Whether `whole` says all that `part` says."""
    if Polarity.NEGATIVE in (whole.polarity, part.polarity):
        return whole.polarity is part.polarity and _covers_denial(whole, part)
    if whole.polarity is Polarity.UNCERTAIN and part.polarity is Polarity.POSITIVE:
        return False
    return _implies(whole, part) and (
        part.side in (Side.NONE, whole.side) or whole.side is Side.BILATERAL
    )


def _denied(one: Statement, denial: Statement, polarity: Polarity, strict: bool) -> bool:
    """Whether `one` is of that polarity and the other denies what it speaks of."""
    return (
        one.polarity is polarity
        and denial.polarity is Polarity.NEGATIVE
        and _denies(denial, one, strict)
        and _reaches(denial.side, one.side)
    )


def _denies(denial: Statement, one: Statement, strict: bool = True) -> bool:
    """Whether the denial's subject takes in that of `one`, sides aside."""
    if denial.finding:
        return bool(one.finding) and denial.finding in _upwards(one.finding)
    if not one.finding:
        return denial.organ == one.organ
    if not strict and one.finding in TOLERATED:
        return False
    return denial.organ in load_ontology()[one.finding].organs


def _reaches(denied: Side, affirmed: Side) -> bool:
    """Whether what is denied there includes what is affirmed here."""
    if denied in (Side.NONE, Side.BILATERAL):
        return True
    return affirmed in (denied, Side.BILATERAL)


def _other_way(first: Statement, second: Statement) -> bool:
    """Two affirmations of what can go one way only: a mediastinum is shifted left or right."""
    ways = {first.side, second.side}
    return (
        first.finding == second.finding != ""
        and first.polarity is second.polarity is Polarity.POSITIVE
        and load_ontology()[first.finding].directed
        and ways == {Side.RIGHT, Side.LEFT}
    )


def _covers_denial(whole: Statement, part: Statement) -> bool:
    same_side = whole.side in (Side.NONE, Side.BILATERAL, part.side)
    return same_side and _denies(whole, part)


def _implies(whole: Statement, part: Statement) -> bool:
    if not whole.finding or not part.finding:
        return (whole.finding, whole.organ) == (part.finding, part.organ)
    return part.finding in _upwards(whole.finding)


def _upwards(finding: str) -> frozenset[str]:
    return load_ontology().ancestors(finding) | {finding}

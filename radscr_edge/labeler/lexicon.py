"""Enters every phrase and trigger into the one tree that sentences are read with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from radscr_edge.labeler.trie import Match, Trie
from radscr_edge.labeler.words import cut, read_table, vocabulary


class Kind(StrEnum):
    """What a phrase does."""

    FINDING = "finding"
    ORGAN = "organ"
    """An abnormality of one or more whole organs."""
    ANATOMY = "anatomy"
    STATE = "state"
    """What anatomy is said to be."""
    SHADOW = "shadow"
    """Outside the 37: keeps its words from being read as something else."""
    DENY = "deny"
    DENY_WEAK = "deny_weak"
    DENY_AFTER = "deny_after"
    DOUBT = "doubt"
    DOUBT_LIST = "doubt_list"
    DOUBT_AFTER = "doubt_after"
    LIKELY = "likely"
    LIKELY_AFTER = "likely_after"
    PAST = "past"
    PAST_LIST = "past_list"
    PAST_AFTER = "past_after"
    ADVICE = "advice"
    PSEUDO = "pseudo"
    STOP = "stop"
    SEEN = "seen"


NOUNS: Final = frozenset({Kind.FINDING, Kind.ORGAN, Kind.ANATOMY, Kind.SHADOW})
"""Kinds that a side or a severity can belong to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a phrase means: the kind, and the finding, organs, anatomy or state that it names."""

    kind: Kind
    name: str = ""


Unit = Match[Entry]
TRAILS: Final = frozenset({",", "to", "of", "a", "and", "degree", "size", "extent"})
"""'Of moderate degree'."""


@dataclass(frozen=True, slots=True)
class Joints:
    """Words that join or part statements; see context.toml."""

    links: frozenset[str]
    either: frozenset[str]
    breaks: frozenset[str]
    withs: frozenset[str]
    openers: frozenset[str]
    verbs: frozenset[str]
    singular: frozenset[str]
    places: frozenset[str]
    light: frozenset[str]
    """May stand between a state and its verb."""
    listing: frozenset[str]
    """May stand between the items of a list of anatomy."""
    glue: frozenset[str]
    """May stand between a state and the anatomy after it."""
    apart: frozenset[str]
    """Never stand within one statement."""
    unlisted: frozenset[str]
    """Never stand between findings that share the side of a list."""
    leads: frozenset[str]
    """Stand before a severity that is said of what came earlier."""
    trails: frozenset[str]
    """May stand after one."""


@cache
def joints() -> Joints:
    """The joining words of context.toml."""
    words = {name: frozenset(row) for name, row in read_table("context.toml")["words"].items()}
    skip = vocabulary().skip
    return Joints(
        withs=words.pop("with"),
        light=skip - words["verbs"],
        listing=words["links"] | (skip - (words["openers"] - {"a", "an", "the"})),
        glue=skip | words["places"] | {"and", "or"},
        apart=words["breaks"] | {"with"},
        unlisted=words["verbs"] | words["places"] | {"a", "an", "the", "with"},
        leads=words["verbs"] | {",", "to", "of", "a", "very", "only"},
        trails=words["verbs"] | words["places"] | vocabulary().sides.keys() | TRAILS,
        **words,
    )


@cache
def outcomes() -> dict[tuple[str, str], tuple[str, ...]]:
    """(anatomy, state) -> the findings or organs that the pair speaks of; see anatomy.toml.

    ("", state) stands for a state without anatomy, (anatomy, "alone") for anatomy without a state.
    """
    table = read_table("anatomy.toml")
    pairs = {
        (name, state): (value,) if isinstance(value, str) else tuple(value)
        for name, row in table["anatomy"].items()
        for state, value in row.items()
        if state != "phrases"
    }
    alone = {("", name): (row["alone"],) for name, row in table["state"].items() if "alone" in row}
    return pairs | alone


@cache
def denying() -> frozenset[str]:
    """The states that say that nothing is wrong."""
    states = read_table("anatomy.toml")["state"].items()
    return frozenset(name for name, row in states if row.get("denies"))


@cache
def lexicon() -> Trie[Entry]:
    """All phrases of phrases.toml, anatomy.toml and context.toml."""
    trie: Trie[Entry] = Trie(vocabulary().skip)
    for entry, phrase in _phrases():
        for one in expand(phrase):
            trie.add(cut(one).words, entry)
    return trie


def expand(phrase: str) -> Iterator[str]:
    """Every way to read a phrase with alternatives: 'a (b|c|)' gives 'a b', 'a c' and 'a'."""
    group = re.search(r"\(([^()]*)\)", phrase)
    if group is None:
        yield " ".join(phrase.split())
        return
    for choice in group[1].split("|"):
        yield from expand(phrase[: group.start()] + choice + phrase[group.end() :])


def _phrases() -> Iterator[tuple[Entry, str]]:
    table = read_table("phrases.toml")
    yield from _rows(Kind.FINDING, table["finding"])
    faults = table["fault"]
    for organs, phrases in table["organ"].items():
        yield from ((Entry(Kind.ORGAN, organs), one.format(**faults)) for one in phrases)
    yield from ((Entry(Kind.SHADOW), phrase) for phrase in table["shadow"]["phrases"])
    anatomy = read_table("anatomy.toml")
    for kind, rows in ((Kind.ANATOMY, anatomy["anatomy"]), (Kind.STATE, anatomy["state"])):
        yield from _rows(kind, {name: row["phrases"] for name, row in rows.items()})
    for kind_name, phrases in read_table("context.toml")["trigger"].items():
        yield from ((Entry(Kind(kind_name)), phrase) for phrase in phrases)


def _rows(kind: Kind, rows: dict[str, Any]) -> Iterator[tuple[Entry, str]]:
    for name, phrases in rows.items():
        yield from ((Entry(kind, name), phrase) for phrase in phrases)

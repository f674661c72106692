"""A table of answers, written by hand from the labelling guideline: what `plain` goes by.

Our own Phi is taught by it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from radscr_edge.ontology import load_ontology
from radscr_edge.records import Polarity, Sentence
from radscr_runtime.decoders.rules import touching

WORD: Final = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do with a hedged candidate beside one sentence of its kin."""

    candidate: str
    """Finding of U."""
    said: str
    """Finding of the sentence of Q."""
    polarity: Polarity
    """Of that sentence."""
    words: frozenset[str]
    """One of them must stand in that sentence; empty: whatever stands there."""
    keep: bool
    why: str

    def holds(self, one: Sentence, u: Sentence) -> bool:
        """Whether it speaks of these two sentences."""
        return (
            (self.candidate, self.said, self.polarity) == (u.finding, one.finding, one.polarity)
        ) and (not self.words or bool(self.words & set(WORD.findall(one.text.lower()))))


@cache
def answers() -> tuple[Answer, ...]:
    """The table answers.csv in its order, in which the first that holds is the answer."""
    text = files("radscr_runtime.decoders").joinpath("answers.csv").read_text(encoding="utf-8")
    return tuple(
        Answer(
            candidate=row["candidate"],
            said=row["said"],
            polarity=Polarity(row["polarity"]),
            words=frozenset(row["words"].split()),
            keep=row["answer"] == "keep",
            why=row["why"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def answered(q: Sequence[Sentence], u: Sentence) -> bool | None:
    """Whether to keep a candidate that no rule settles: not where any of its kin in Q says drop.

    None where the table has no answer for one of them.
    """
    kin = touching(q, u)
    found = [next((one for one in answers() if one.holds(said, u)), None) for said in kin]
    if any(one is None for one in found):
        return None
    return all(one.keep for one in found if one) and not _said_in_parts(kin, u)


def _said_in_parts(kin: Sequence[Sentence], u: Sentence) -> bool:
    """Whether Q affirms each of several findings that the candidate is made of."""
    parts = set(load_ontology()[u.finding].entails)
    affirmed = {one.finding for one in kin if one.polarity is Polarity.POSITIVE}
    return len(parts) > 1 and parts <= affirmed

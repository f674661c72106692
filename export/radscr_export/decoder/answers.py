"""The answers that the decoder learns: a table written by hand from the labelling guideline."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import load_ontology
from radscr_edge.records import Polarity, Sentence
from radscr_runtime.decoders.rules import settle, touching

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
    text = files("radscr_export.decoder").joinpath("answers.csv").read_text(encoding="utf-8")
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


def wanted(said: Sequence[Sentence], candidate: Sentence) -> bool:
    """The rules' answer where they are certain; else drop where any of its kin says so.

    Raises TrainingError where the table has no answer.
    """
    decision = settle(said, candidate)
    if decision is not None:
        return decision.kept
    kin = touching(said, candidate)
    return all(_answer(one, candidate).keep for one in kin) and not _said_in_parts(kin, candidate)


def _answer(one: Sentence, u: Sentence) -> Answer:
    for answer in answers():
        if answer.holds(one, u):
            return answer
    raise TrainingError(
        f"answers.csv says nothing of {u.finding!r} beside a {one.polarity} {one.finding!r}. "
        "Add a row."
    )


def _said_in_parts(kin: Sequence[Sentence], u: Sentence) -> bool:
    """Whether Q affirms each of several findings that the candidate is made of."""
    parts = set(load_ontology()[u.finding].entails)
    affirmed = {one.finding for one in kin if one.polarity is Polarity.POSITIVE}
    return len(parts) > 1 and parts <= affirmed

"""The shipped decision set: open decisions, labelled twice, that every Phi is measured on."""

from __future__ import annotations

import csv
import hashlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from radscr_edge.errors import DecoderError
from radscr_edge.records import Sentence
from radscr_edge.sentences import load_sentences
from radscr_runtime.decoders.question import DROP, INSTRUCTION, KEEP, ask
from radscr_runtime.decoders.rules import touching

PACKAGE: Final = "radscr_runtime.decoders"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One decision that no rule settles, with the answer that both passes gave."""

    q: tuple[Sentence, ...]
    """The report so far."""
    u: Sentence
    """The candidate."""
    keep: bool

    @property
    def question(self) -> str:
        """What Phi is asked in a reading: the sentences beside it are those that touch it."""
        return ask(touching(self.q, self.u), self.u)


@dataclass(frozen=True, slots=True)
class Labelling:
    """How the set came about."""

    asked: int
    """Decisions put to both passes."""
    disagreed: int
    """Those that the passes answered differently, which were dropped."""
    developed: int
    """Those that the answers of our own decoder were written with, which it is not measured on."""
    kappa: float
    """Cohen's kappa of the two passes."""
    labelled: str
    """Date, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Baselines:
    """Accuracies on the set, to three digits, of what reads no words."""

    answers: float
    """Of the table that `plain` goes by; a Phi must do better."""
    logistic_regression: float
    """On what the sentences are about; a Phi must do better."""
    crossed_regression: float
    """The same on all pairs too."""


def load_decisions(package: str = PACKAGE, file: str = "decisions.csv") -> tuple[Labelled, ...]:
    """The decisions in their order; DecoderError where the library has lost one of their sentences.

    Their sentences are of even families, which no decoder of ours was taught. `package` and `file`
    name another table of the same form.
    """
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    return tuple(
        Labelled(
            q=tuple(_sentence(one) for one in row["report"].split()),
            u=_sentence(row["candidate"]),
            keep=row["label"] == "keep",
        )
        for row in csv.DictReader(text.splitlines())
    )


def load_labelling() -> Labelling:
    """Counts and agreement of the two passes."""
    return Labelling(**_facts()["labelling"])


def load_baselines() -> Baselines:
    """What the export toolchain measured on the set, with regressions that it fitted."""
    return Baselines(**_facts()["baselines"])


def digest_of(decisions: Sequence[Labelled]) -> str:
    """SHA-256 of all that is asked, with the instruction and the two answers, and of the labels."""
    asked = [[one.question, one.keep] for one in decisions]
    return hashlib.sha256(json.dumps([INSTRUCTION, KEEP, DROP, asked]).encode()).hexdigest()


@cache
def shipped_digest() -> str:
    """That of the shipped set: a verdict on any other counts for nothing here."""
    return digest_of(load_decisions())


@cache
def _facts() -> dict[str, Any]:
    text = files(PACKAGE).joinpath("decisions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _library() -> dict[str, Sentence]:
    return {one.id: one for one in load_sentences()}


def _sentence(name: str) -> Sentence:
    try:
        return _library()[name]
    except KeyError as problem:
        raise DecoderError(
            f"decisions.csv names sentence {name!r}, which the library lacks. "
            "Install the program again, or label the decision anew."
        ) from problem

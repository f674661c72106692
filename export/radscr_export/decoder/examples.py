"""Makes decisions to learn from: library sentences as Q and U, with the answer we want."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Polarity, Sentence, Side
from radscr_runtime.decoders.question import ask
from radscr_runtime.decoders.rules import settle

EXPLAINED_BY = {
    "costophrenic angle blunting": {"pleural effusion"},
    "vascular congestion": {"pulmonary edema/hazy opacity"},
    "vascular redistribution": {"pulmonary edema/hazy opacity", "vascular congestion"},
    "consolidation": {"lobar/segmental collapse"},
}
"""A hedged mention of a finding beside one that explains it adds nothing."""
FILLERS = 6
"""Unrelated sentences in Q at most."""
HEDGED_Q = 0.15
"""Share of Q's affirmations that hedge, as 'cannot be excluded' ones do."""


@dataclass(frozen=True, slots=True)
class Example:
    """One question and whether the candidate should be kept."""

    prompt: str
    sentences: tuple[Sentence, ...]
    """Q, and the candidate as the last."""
    keep: bool
    open: bool
    """Whether no rule settles it, so that Phi is really asked."""


Wording = dict[tuple[str, Polarity], list[Sentence]]
"""Sentences by finding and polarity."""


def wording_of(sentences: Sequence[Sentence]) -> Wording:
    """The library by meaning; hedges, which are asked about, only without a side."""
    grouped: Wording = {}
    for one in sentences:
        if one.polarity is not Polarity.UNCERTAIN or one.side is Side.NONE:
            grouped.setdefault((one.finding, one.polarity), []).append(one)
    return grouped


def wanted(said: Sequence[Sentence], candidate: Sentence) -> bool:
    """The answer we want: the rules' where they are certain; else keep what Q does not explain."""
    decision = settle(said, candidate)
    if decision is not None:
        return decision.kept
    reasons = EXPLAINED_BY.get(candidate.finding, set())
    return not any(one.finding in reasons and one.polarity is not Polarity.NEGATIVE for one in said)


def make_examples(
    wording: Wording, count: int, rng: np.random.Generator, fillers: int = FILLERS
) -> list[Example]:
    """`count` questions in pairs: the same candidate and Q, but for one sentence that decides.

    Half are to be kept, whatever the candidate, so that the answer must be read from Q. Q holds
    up to `fillers` unrelated sentences besides.
    """
    examples: list[Example] = []
    while len(examples) < count:
        examples += _pair(wording, fillers, rng)
    return examples[:count]


def make_open_examples(wording: Wording, count: int, rng: np.random.Generator) -> list[Example]:
    """About `count` questions that no rule settles and the candidate does not tell the answer of.

    Each finding that another may explain is asked about as often, half of the times to be kept.
    """
    each = count // (2 * len(EXPLAINED_BY))
    groups: dict[tuple[str, bool], list[Example]] = {
        (name, keep): [] for name in EXPLAINED_BY for keep in (True, False)
    }
    while min(len(group) for group in groups.values()) < each:
        for one in _pair(wording, FILLERS, rng):
            key = one.sentences[-1].finding, one.keep
            if one.open and key in groups:
                groups[key].append(one)
    return [one for group in groups.values() for one in group[:each]]


def candidate_only_accuracy(examples: Sequence[Example]) -> float:
    """What knowing each candidate's more frequent answer here, but nothing of Q, would score."""
    answers = Counter((one.sentences[-1].finding, one.keep) for one in examples)
    best = {name: max(answers[name, True], answers[name, False]) for name, _ in answers}
    return sum(best.values()) / len(examples)


def _candidate(rng: np.random.Generator) -> str:
    """Half of the time one whose answer may hang on an explanation."""
    return str(rng.choice(sorted(EXPLAINED_BY) if rng.random() < 0.5 else FINDINGS))


def _pair(wording: Wording, fillers: int, rng: np.random.Generator) -> list[Example]:
    """One candidate twice: to be kept, and dropped for one sentence that stands in another's place.

    Returns [] where the draw does not give the two answers.
    """
    name = _candidate(rng)
    candidate = _pick(wording[name, Polarity.UNCERTAIN], rng)
    kept = _report(wording, name, fillers, rng)
    dropped = list(kept)
    dropped[int(rng.integers(len(kept)))] = _reason_to_drop(wording, name, rng)
    if not wanted(kept, candidate) or wanted(dropped, candidate):
        return []
    return [
        Example(ask(said, candidate), (*said, candidate), keep, settle(said, candidate) is None)
        for said, keep in ((kept, True), (dropped, False))
    ]


def _report(wording: Wording, u: str, fillers: int, rng: np.random.Generator) -> list[Sentence]:
    """Q that leaves the candidate standing, in any order; never empty."""
    ontology = load_ontology()
    kin = ontology.kin(u)
    unrelated = sorted(set(FINDINGS) - kin)
    chosen = rng.choice(unrelated, 1 + int(rng.integers(fillers + 1)), replace=False)
    said = [_affirmed(wording, str(name), rng) for name in chosen]
    harmless = _harmless(u)
    if harmless and rng.random() < 0.5:
        name, denied = harmless[int(rng.integers(len(harmless)))]
        denial = _pick(wording[name, Polarity.NEGATIVE], rng)
        said[int(rng.integers(len(said)))] = denial if denied else _affirmed(wording, name, rng)
    return said


def _harmless(u: str) -> list[tuple[str, bool]]:
    """What may be said of a candidate's kin without explaining or contradicting it.

    Findings, and whether they are denied: an explanation that Q denies explains nothing.
    """
    ontology = load_ontology()
    explaining = EXPLAINED_BY.get(u, set())
    related = ontology.kin(u) - ontology.descendants(u) - explaining - {u}
    affirmed = [(name, False) for name in sorted(related)]
    return affirmed + [(name, True) for name in sorted(explaining)]


def _reason_to_drop(wording: Wording, u: str, rng: np.random.Generator) -> Sentence:
    """A sentence of Q that explains, repeats or contradicts the candidate."""
    ontology = load_ontology()
    explaining = sorted(EXPLAINED_BY.get(u, set()))
    if explaining and rng.random() < 0.7:
        return _affirmed(wording, str(rng.choice(explaining)), rng)
    if rng.random() < 0.5:
        return _affirmed(wording, str(rng.choice(sorted(ontology.descendants(u) | {u}))), rng)
    denied = str(rng.choice(sorted(ontology.ancestors(u) | {u})))
    return _pick(wording[denied, Polarity.NEGATIVE], rng)


def _affirmed(wording: Wording, name: str, rng: np.random.Generator) -> Sentence:
    hedges = rng.random() < HEDGED_Q
    return _pick(wording[name, Polarity.UNCERTAIN if hedges else Polarity.POSITIVE], rng)


def _pick(sentences: list[Sentence], rng: np.random.Generator) -> Sentence:
    return sentences[int(rng.integers(len(sentences)))]

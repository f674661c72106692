"""Chooses hypotheses and their lawful alternatives for one training batch (method section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Floats
from radscr_export.data.labels import State

Ints = NDArray[np.int64]
POSITIVES_PER_STUDY = 3
"""Hypotheses that are true, at most, per study."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What sampling needs to know of the B studies of one batch."""

    states: NDArray[np.int8]
    """(B, N) label states."""
    logits: Floats
    """(B, N), detached."""
    pooled: Floats
    """(B, D) mean features, detached: how alike two films are."""
    source: Ints
    """(B,) data set and view: donors come from the same."""
    patient: NDArray[np.str_]
    """(B,) whom the film is of: donors are never the same one."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One training row: a study, a finding, and whether it is really there."""

    study: int
    finding: int
    true: bool


@cache
def _kin(finding: int) -> frozenset[int]:
    ontology = load_ontology()
    return frozenset(ontology.index(name) for name in ontology.kin(FINDINGS[finding]))


@cache
def _below(finding: int) -> frozenset[int]:
    ontology = load_ontology()
    return frozenset(ontology.index(name) for name in ontology.descendants(FINDINGS[finding]))


def denied(states: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Where a finding may be taken as absent: known or assumed negative."""
    result: NDArray[np.bool_] = (states == State.NEGATIVE) | (states == State.ASSUMED)
    return result


def hypothesise(
    batch: Batch, drop: float, predicted: float, rng: np.random.Generator
) -> tuple[list[Hypothesis], list[Hypothesis]]:
    """Hypotheses to propose, and the true ones that nobody proposes, for L_Neg to recover.

    Teacher-forced: the study's own positives, the most specific ones only. In a share `predicted`
    of the studies the classifier's own hypotheses stand in their place, one more than there are
    true ones, so that a proposal also learns to point at a denial and C_Neg at what the classifier
    overlooks. Of the true ones a share `drop` is held back in any case.
    """
    belief = batch.logits - batch.logits.mean(axis=0)
    proposed, dropped = [], []
    for study, states in enumerate(batch.states):
        true = _specific(states)
        if rng.random() < predicted:
            chosen = _believed(true, states, belief[study])
        else:
            chosen = [int(m) for m in rng.permutation(true)[:POSITIVES_PER_STUDY]]
        kept = [m for m in chosen if m not in true or rng.random() >= drop]
        proposed += [Hypothesis(study, m, m in true) for m in kept]
        dropped += [Hypothesis(study, m, True) for m in true if m not in kept]
    return proposed, dropped


def _specific(states: NDArray[np.int8]) -> list[int]:
    """Positives without those that only follow from a more specific one."""
    present = {int(m) for m in np.flatnonzero(states == State.POSITIVE)}
    return sorted(m for m in present if not _below(m) & present)


def _believed(true: list[int], states: NDArray[np.int8], belief: Floats) -> list[int]:
    """What the classifier would propose of all that is known, more than for other studies first."""
    known = np.array([*true, *np.flatnonzero(denied(states))], np.int64)
    order = known[np.argsort(-belief[known], kind="stable")]
    return [int(m) for m in order[: min(len(true), POSITIVES_PER_STUDY) + 1]]


def other_findings(
    row: Hypothesis, batch: Batch, count: int, rng: np.random.Generator, kind: str = "mixed"
) -> list[int]:
    """C_Abn: findings that are denied in this study and no kin of the row's.

    Hard are those that the classifier believes in most.
    """
    absent = np.flatnonzero(denied(batch.states[row.study]))
    eligible = np.array([m for m in absent if m not in _kin(row.finding)], np.int64)
    return _choose(eligible, batch.logits[row.study, eligible], (kind, count), rng)


def other_studies(
    row: Hypothesis, batch: Batch, count: int, rng: np.random.Generator, kind: str = "mixed"
) -> list[int]:
    """C_Img: other patients of that data set and view without the finding.

    Hard are the films that look most alike.
    """
    without = denied(batch.states)[:, row.finding] & (batch.source == batch.source[row.study])
    without &= batch.patient != batch.patient[row.study]
    eligible = np.flatnonzero(without)
    alike = batch.pooled[eligible] @ batch.pooled[row.study]
    return _choose(eligible, alike, (kind, count), rng)


def _choose(
    eligible: Ints, hardness: Floats, wanted: tuple[str, int], rng: np.random.Generator
) -> list[int]:
    """As many of the eligible as are wanted, if there are: 'hard', 'easy', 'random' or 'mixed'.

    Mixed are the hardest, one at random, the easiest, and whatever more at random, in this order:
    of the usual two alternatives one is hard.
    """
    kind, count = wanted
    shuffled = rng.permutation(len(eligible))
    # Shuffled first, so that those which are equally hard are chosen at random.
    order = shuffled[np.argsort(-hardness[shuffled], kind="stable")]
    if kind == "random":
        order = shuffled
    elif kind == "easy":
        order = order[::-1]
    elif kind == "mixed" and len(order):
        rest = [one for one in shuffled if one != order[0]]
        mixed = dict.fromkeys([order[0], *rest[:1], order[-1], *rest])
        order = np.array(list(mixed), np.int64)
    return [int(one) for one in eligible[order[:count]]]

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
    row: Hypothesis, batch: Batch, count: int, rng: np.random.Generator
) -> list[int]:
    """C_Abn: findings that are denied in this study and no kin of the row's; half of them hard."""
    absent = np.flatnonzero(denied(batch.states[row.study]))
    eligible = np.array([m for m in absent if m not in _kin(row.finding)], np.int64)
    return _mixed(eligible, batch.logits[row.study, eligible], count, rng)


def other_studies(row: Hypothesis, batch: Batch, count: int, rng: np.random.Generator) -> list[int]:
    """C_Img: other patients of that data set and view without the finding; half of them hard."""
    without = denied(batch.states)[:, row.finding] & (batch.source == batch.source[row.study])
    without &= batch.patient != batch.patient[row.study]
    eligible = np.flatnonzero(without)
    return _mixed(eligible, batch.pooled[eligible] @ batch.pooled[row.study], count, rng)


def _mixed(eligible: Ints, hardness: Floats, count: int, rng: np.random.Generator) -> list[int]:
    """Up to `count` of the eligible: the hardest first, the others at random."""
    if len(eligible) == 0:
        return []
    hardest = int(eligible[np.argmax(hardness)])
    rest = [int(one) for one in rng.permutation(eligible) if int(one) != hardest]
    return [hardest, *rest][:count]

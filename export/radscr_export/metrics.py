"""Figures with their uncertainty: macro AUROC and its paired bootstrap over studies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata  # type: ignore[import-untyped]

from radscr_edge.records import Floats
from radscr_export.data.labels import State

FEWEST_POSITIVES = 10
DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the 2.5 and 97.5 percentiles of its bootstrap."""

    value: float
    low: float
    high: float


def auroc(scores: Floats, truth: NDArray[np.bool_]) -> float:
    """Area under the ROC curve (ties count half); nan without both classes."""
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def assessable(states: NDArray[np.int8]) -> list[int]:
    """Findings with at least 10 positives and 10 others among films with `states` (n, N)."""
    positives = (states == State.POSITIVE).sum(axis=0)
    others = ((states == State.NEGATIVE) | (states == State.ASSUMED)).sum(axis=0)
    usable = (positives >= FEWEST_POSITIVES) & (others >= FEWEST_POSITIVES)
    return [int(index) for index in np.flatnonzero(usable)]


def finding_aurocs(scores: Floats, states: NDArray[np.int8], findings: list[int]) -> Floats:
    """AUROC of each of `findings`; unlabelled films do not count, assumed negatives do."""
    areas = []
    for index in findings:
        labelled = states[:, index] != State.UNKNOWN
        areas.append(auroc(scores[labelled, index], states[labelled, index] == State.POSITIVE))
    return np.array(areas, np.float32)


def paired_macro(
    ours: Floats, theirs: Floats, states: NDArray[np.int8], seed: int = 0
) -> tuple[Interval, Interval, Interval]:
    """Macro AUROC of ours, of theirs, and of the difference, all from the same draws of studies."""
    findings = assessable(states)
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(DRAWS):
        rows = rng.integers(len(states), size=len(states))
        pair = [
            float(np.nanmean(finding_aurocs(scores[rows], states[rows], findings)))
            for scores in (ours, theirs)
        ]
        draws.append(pair)
    table = np.array(draws)
    values = [float(np.nanmean(finding_aurocs(one, states, findings))) for one in (ours, theirs)]
    return (
        _interval(values[0], table[:, 0]),
        _interval(values[1], table[:, 1]),
        _interval(values[0] - values[1], table[:, 0] - table[:, 1]),
    )


def _interval(value: float, draws: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(value, float(low), float(high))

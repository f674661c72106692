"""AUROC of findings, and the interval that goes with a figure."""

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

"""Two models on the same films: AUROC and average precision, per label and macro, paired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from radscr_edge.records import Floats
from radscr_export.evaluation.bootstrap import (
    Draws,
    Truth,
    draw_weights,
    interval,
    mean_defined,
    weighted_auroc,
    weighted_average_precision,
)
from radscr_export.metrics import FEWEST_POSITIVES, Interval

MEASURES: Final = {"auroc": weighted_auroc, "ap": weighted_average_precision}
CURVE_POINTS: Final = 60

Pairs = Mapping[str, tuple[Draws, Draws]]
"""Measure -> its draws for the two models."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Films with the truth of some labels and the scores of two models."""

    labels: tuple[str, ...]
    truth: Truth
    """(n, labels)."""
    known: Truth
    """(n, labels): films that count for a label."""
    scores: tuple[Floats, Floats]
    """Each (n, labels): ours first."""
    groups: tuple[str, ...]
    """(n,) the patient of each film."""

    def assessable(self) -> list[int]:
        """Labels with at least 10 positives and 10 negatives among the films that count."""
        positives = (self.truth & self.known).sum(axis=0)
        negatives = (~self.truth & self.known).sum(axis=0)
        usable = (positives >= FEWEST_POSITIVES) & (negatives >= FEWEST_POSITIVES)
        return [int(index) for index in np.flatnonzero(usable)]

    def select(self, rows: NDArray[np.int64]) -> Panel:
        """Some films of the panel."""
        ours, theirs = self.scores
        groups = tuple(self.groups[row] for row in rows)
        scores = (ours[rows], theirs[rows])
        return Panel(self.labels, self.truth[rows], self.known[rows], scores, groups)


def compare(panel: Panel, names: tuple[str, str], *, curves: bool = False) -> dict[str, Any]:
    """AUROC and AP of both models and their difference, with 95 % bootstrap intervals over groups.

    Per label with at least 10 positives and 10 negatives, and macro over those; the macro figures
    are None where there is no such label. A label is better or worse where the interval of its
    AUROC difference excludes 0; many labels are compared, and no correction is made for that.
    """
    usable = panel.assessable()
    weights = draw_weights(panel.groups) if usable else np.ones((1, 0), np.float32)
    drawn = {index: _draws(panel, index, weights) for index in usable}
    labels = {panel.labels[index]: _row(panel, index, drawn[index], names) for index in usable}
    if curves:
        for index in usable:
            labels[panel.labels[index]]["roc"] = _curve(panel, index)
    return {
        "films": len(panel.groups),
        "labels": len(usable),
        "macro": _macro(list(drawn.values()), names) if usable else None,
        "per_label": labels,
        **{f"significantly_{way}": _named(labels, way) for way in ("better", "worse")},
    }


def _draws(panel: Panel, index: int, weights: Floats) -> Pairs:
    known = panel.known[:, index]
    truth, part = panel.truth[known, index], weights[:, known]
    ours, theirs = (scores[known, index] for scores in panel.scores)
    return {
        name: (measure(ours, truth, part), measure(theirs, truth, part))
        for name, measure in MEASURES.items()
    }


def _row(panel: Panel, index: int, pairs: Pairs, names: tuple[str, str]) -> dict[str, Any]:
    known = panel.known[:, index]
    positives = int(panel.truth[known, index].sum())
    return {
        "positives": positives,
        "negatives": int(known.sum()) - positives,
        **{measure: _intervals(pair, names) for measure, pair in pairs.items()},
        "verdict": verdict(interval(pairs["auroc"][0] - pairs["auroc"][1])),
    }


def _macro(all_pairs: Sequence[Pairs], names: tuple[str, str]) -> dict[str, Any]:
    rows = {}
    for measure in MEASURES:
        ours = mean_defined([pairs[measure][0] for pairs in all_pairs])
        theirs = mean_defined([pairs[measure][1] for pairs in all_pairs])
        rows[measure] = _intervals((ours, theirs), names)
    return rows


def _intervals(pair: tuple[Draws, Draws], names: tuple[str, str]) -> dict[str, Any]:
    ours, theirs = pair
    return {
        names[0]: asdict(interval(ours)),
        names[1]: asdict(interval(theirs)),
        "difference": asdict(interval(ours - theirs)),
    }


def verdict(difference: Interval) -> str:
    """'better' or 'worse' where the interval of a difference excludes 0, else 'undecided'."""
    if difference.low > 0:
        return "better"
    return "worse" if difference.high < 0 else "undecided"


def _named(labels: Mapping[str, Mapping[str, Any]], way: str) -> list[str]:
    return [name for name, row in labels.items() if row["verdict"] == way]


def _curve(panel: Panel, index: int) -> list[list[float]]:
    """Points (false positive rate, true positive rate) of our ROC curve, thinned for drawing."""
    known = panel.known[:, index]
    truth, scores = panel.truth[known, index], panel.scores[0][known, index]
    false_rate, true_rate, _ = roc_curve(truth, scores)
    kept = np.unique(np.linspace(0, len(true_rate) - 1, CURVE_POINTS).round().astype(int))
    return [[round(float(false_rate[one]), 4), round(float(true_rate[one]), 4)] for one in kept]

"""Whether the probabilities of a bundle are what they say, finding by finding, on one data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats
from radscr_export.evaluation.bootstrap import Draws, Truth, draw_weights, interval
from radscr_export.evaluation.detection import finding_panel
from radscr_export.evaluation.readings import Readings

FEWEST: Final = 15
"""Positives from which calibration is judged at all."""
BINS: Final = 10
SLOPES: Final = (0.7, 1.3)
STEPS: Final = 30
"""Of Newton's method; it converges in fewer than 15 unless a draw separates the classes."""
FARTHEST: Final = 20.0
"""A coefficient beyond this is no estimate any more: the draw separates the classes."""

Doubles = NDArray[np.float64]


def calibration_figures(readings: Readings) -> dict[str, Any]:
    """Finding -> positives, films, what the bundle claims, the verdict and its grounds.

    On the first data set only, IU where it is there: the prevalences of the NIH subset are those of
    its selection. What the coder did not name counts as absent. Findings with fewer than 15
    positives get no figures and the verdict 'not calibrated'. Where the split is 'val' the
    calibration was fitted on these same films.
    """
    panel = finding_panel(readings, (readings.probabilities, readings.logits))
    panel = panel.select(readings.rows(readings.studies.first))
    figures: dict[str, Any] = {}
    for index, finding in enumerate(FINDINGS):
        known = panel.known[:, index]
        truth = panel.truth[known, index]
        row: dict[str, Any] = {
            "positives": int(truth.sum()),
            "films": int(known.sum()),
            "claimed": readings.variant.rules[finding].calibrated,
        }
        if FEWEST <= truth.sum() < len(truth):
            groups = [panel.groups[film] for film in np.flatnonzero(known)]
            row |= judge(panel.scores[0][known, index], truth, draw_weights(groups))
        else:
            row |= {"verdict": "not calibrated", "reason": f"fewer than {FEWEST} positives"}
        figures[finding] = row
    return figures


def judge(probabilities: Floats, truth: Truth, weights: Floats) -> dict[str, Any]:
    """Brier skill, slope, intercept and equal-mass ECE with intervals; curve; verdict.

    The verdict is 'calibrated' where the Brier skill is above 0 and the slope within 0.7 to 1.3.
    """
    measures: Mapping[str, Callable[[Floats, Truth, Floats], Draws]] = {
        "brier_skill": brier_skill,
        "slope": calibration_slope,
        "intercept": calibration_intercept,
        "ece": equal_mass_error,
    }
    found = {name: interval(one(probabilities, truth, weights)) for name, one in measures.items()}
    good = found["brier_skill"].value > 0 and SLOPES[0] <= found["slope"].value <= SLOPES[1]
    return {
        **{name: asdict(one) for name, one in found.items()},
        "curve": reliability_curve(probabilities, truth),
        "verdict": "calibrated" if good else "not calibrated",
    }


def brier_skill(probabilities: Floats, truth: Truth, weights: Floats) -> Draws:
    """1 - Brier score / that of always saying the prevalence, for every row of weights (B, n)."""
    drawn = weights.astype(np.float64)
    total = drawn.sum(axis=1)
    share = drawn @ truth / total
    error = drawn @ np.square(probabilities - truth) / total
    worst = share * (1 - share)
    ratio: Draws = np.divide(error, worst, out=np.full(len(worst), np.nan), where=worst > 0)
    return 1 - ratio


def calibration_slope(probabilities: Floats, truth: Truth, weights: Floats) -> Draws:
    """Slope of the logistic regression of the truth on the logit of the probabilities."""
    return _logistic(_logit(probabilities), truth, weights)[1]


def calibration_intercept(probabilities: Floats, truth: Truth, weights: Floats) -> Draws:
    """Intercept of that regression with its slope held at 1: calibration in the large.

    Van Calster et al., BMC Medicine 2019. Negative: the probabilities are too high.
    """
    logit, drawn = _logit(probabilities), weights.astype(np.float64)
    shift = np.zeros(len(weights))
    for _ in range(STEPS):
        expected = 1 / (1 + np.exp(-(logit + shift[:, None])))
        gradient = (drawn * (truth - expected)).sum(axis=1)
        shift += np.clip(gradient / _positive((drawn * _spread(expected)).sum(axis=1)), -1, 1)
    return np.where(np.abs(shift) < FARTHEST, shift, np.nan)


def _logistic(logit: Doubles, truth: Truth, weights: Floats) -> tuple[Draws, Draws]:
    """Intercept and slope for every row of weights (B, n), by Newton's method."""
    drawn = weights.astype(np.float64)
    intercept, slope = np.zeros(len(drawn)), np.ones(len(drawn))
    for _ in range(STEPS):
        expected = 1 / (1 + np.exp(-np.clip(intercept[:, None] + slope[:, None] * logit, -50, 50)))
        residual, spread = drawn * (truth - expected), drawn * _spread(expected)
        first, second = residual.sum(axis=1), residual @ logit
        a, b, c = spread.sum(axis=1), spread @ logit, spread @ np.square(logit)
        determinant = _positive(a * c - b * b)
        intercept += np.clip((c * first - b * second) / determinant, -1, 1)
        slope += np.clip((a * second - b * first) / determinant, -1, 1)
    found = (np.abs(intercept) < FARTHEST) & (np.abs(slope) < FARTHEST)
    return np.where(found, intercept, np.nan), np.where(found, slope, np.nan)


def equal_mass_error(probabilities: Floats, truth: Truth, weights: Floats) -> Draws:
    """Expected calibration error over 10 bins of equally many films of the sample.

    Its bootstrap leans upwards: drawing films twice adds noise to every bin.
    """
    order, starts = _bins(probabilities)
    drawn = weights[:, order].astype(np.float64)
    gap = drawn * (truth[order] - probabilities[order])
    result: Draws = np.abs(np.add.reduceat(gap, starts, axis=1)).sum(axis=1) / drawn.sum(axis=1)
    return result


def reliability_curve(probabilities: Floats, truth: Truth) -> list[dict[str, float]]:
    """Mean probability, observed share and films of each of 10 bins of equally many films."""
    order, starts = _bins(probabilities)
    parts = [(probabilities[part], truth[part]) for part in np.split(order, starts[1:])]
    return [
        {"said": round(float(p.mean()), 4), "seen": round(float(t.mean()), 4), "films": len(t)}
        for p, t in parts
    ]


def _bins(probabilities: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Films by rising probability, and where each bin of them begins."""
    order = np.argsort(probabilities, kind="stable")
    edges = np.linspace(0, len(order), min(BINS, len(order)) + 1).round().astype(np.int64)
    return order, edges[:-1]


def _logit(probabilities: Floats) -> Doubles:
    clipped = np.clip(probabilities.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.log(clipped / (1 - clipped))


def _spread(expected: Doubles) -> Doubles:
    return expected * (1 - expected)


def _positive(values: Doubles) -> Doubles:
    return np.maximum(values, 1e-9)

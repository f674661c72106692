"""Statistics under many draws of studies at once: rows of weights instead of repeated sorting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from radscr_edge.records import Floats
from radscr_export.metrics import DRAWS, Interval

Draws = NDArray[np.float64]
"""(1 + draws,): a statistic of the sample itself, then of every draw from it."""
Truth = NDArray[np.bool_]


def draw_weights(groups: Sequence[str] | range, seed: int = 0, draws: int = DRAWS) -> Floats:
    """(1 + draws, n): how often each study was drawn; studies of one group are drawn together.

    The first row is all ones, so that the figure itself and its bootstrap are one computation.
    """
    _, place = np.unique(np.asarray(groups), return_inverse=True)
    count = int(place.max(initial=-1)) + 1
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / max(count, 1)), size=draws)
    sample = np.ones((1, count), drawn.dtype)
    result: Floats = np.concatenate([sample, drawn])[:, place].astype(np.float32)
    return result


def interval(draws: Draws) -> Interval:
    """The sample's figure with the 2.5 and 97.5 percentiles of its draws.

    Draws in which the figure is not defined do not count; nan where it is defined in none.
    """
    defined = draws[1:][np.isfinite(draws[1:])]
    if not len(defined):
        return Interval(float(draws[0]), float("nan"), float("nan"))
    low, high = np.percentile(defined, [2.5, 97.5])
    return Interval(float(draws[0]), float(low), float(high))


def weighted_auroc(scores: Floats, truth: Truth, weights: Floats) -> Draws:
    """Area under the ROC curve for every row of weights (B, n); ties count half.

    nan where a draw lacks positives or negatives.
    """
    order = np.argsort(scores, kind="stable")
    drawn, positive = weights[:, order].astype(np.float64), truth[order]
    first, last = _runs(scores[order][positive], scores[order])
    below = np.pad(np.cumsum(drawn * ~positive, axis=1), ((0, 0), (1, 0)))
    beaten = (below[:, first] + below[:, last]) / 2
    weight = drawn[:, positive]
    return _ratio((weight * beaten).sum(axis=1), weight.sum(axis=1) * below[:, -1])


def weighted_average_precision(scores: Floats, truth: Truth, weights: Floats) -> Draws:
    """Average precision for every row of weights (B, n), films of equal score taken together."""
    order = np.argsort(-scores, kind="stable")
    drawn, positive = weights[:, order].astype(np.float64), truth[order]
    _, last = _runs(-scores[order][positive], -scores[order])
    all_above = np.cumsum(drawn, axis=1)[:, last - 1]
    true_above = np.cumsum(drawn * positive, axis=1)[:, last - 1]
    weight = drawn[:, positive]
    precision = np.divide(true_above, all_above, out=np.zeros_like(weight), where=all_above > 0)
    return _ratio((weight * precision).sum(axis=1), weight.sum(axis=1))


def weighted_mean(values: Floats, weights: Floats) -> Draws:
    """Mean of (n,) values for every row of weights (B, n); nan where nothing was drawn."""
    return _ratio(weights.astype(np.float64) @ values, weights.astype(np.float64).sum(axis=1))


def mean_defined(draws: Sequence[Draws]) -> Draws:
    """The macro mean of several statistics, draw by draw, over those that are defined."""
    table = np.stack(draws)
    defined = np.isfinite(table)
    return _ratio(np.where(defined, table, 0.0).sum(axis=0), defined.sum(axis=0).astype(np.float64))


def _runs(wanted: Floats, ordered: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the run of films of each wanted score begins, and one past its end."""
    return np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")


def _ratio(above: Draws, below: Draws) -> Draws:
    ratio: Draws = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return ratio

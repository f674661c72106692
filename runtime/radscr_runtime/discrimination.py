"""How well logits tell a finding apart: AUROC within groups of films, with its bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radscr_edge.claims import LEAST_POSITIVES, Support
from radscr_edge.records import Floats, Mask

DRAWS: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Films of known truth for one finding."""

    data: str
    """Name of the data set, as 'iu' or 'nih'; 'site': a clinic's own studies, after the build."""
    logits: Floats
    """(n,)."""
    truth: Mask
    """(n,)."""
    group: NDArray[np.int64]
    """(n,): films are compared within a group only, because a view may give the label away."""


def support_of(films: Labelled) -> Support:
    """Counts of the films, and their AUROC with a 95 % interval where there are enough of both.

    Positives and negatives are drawn anew, each with replacement, DRAWS times from a fixed seed.
    """
    positives = int(films.truth.sum())
    negatives = len(films.truth) - positives
    counts = Support(films.data, positives, negatives)
    if min(positives, negatives) < LEAST_POSITIVES:
        return counts
    above, comparable = _comparisons(films)
    rng = np.random.default_rng(0)
    hits = rng.multinomial(positives, np.full(positives, 1 / positives), size=DRAWS)
    others = rng.multinomial(negatives, np.full(negatives, 1 / negatives), size=DRAWS)
    # As floats, so that the products are those of a linear algebra library.
    hits, others = hits.astype(np.float64), others.astype(np.float64)
    pairs = (hits @ comparable * others).sum(axis=1)
    won = (hits @ above * others).sum(axis=1)
    if not comparable.any() or not pairs.all():
        return counts
    low, high = np.percentile(won / pairs, [2.5, 97.5])
    area = float(above.sum() / comparable.sum())
    return Support(films.data, positives, negatives, area, float(low), float(high))


def _comparisons(films: Labelled) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(positives, negatives): 1 where the positive scores higher, 1/2 on a tie; and who may be
    compared with whom."""
    yes, no = films.truth, ~films.truth
    difference = films.logits[yes][:, None] - films.logits[no][None, :]
    comparable = (films.group[yes][:, None] == films.group[no][None, :]).astype(np.float64)
    above = ((difference > 0) + 0.5 * (difference == 0)) * comparable
    return above, comparable

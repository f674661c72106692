"""Class-balanced weights: what is rare in the training data counts more, method section 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radscr_edge.records import Floats
from radscr_export.data.labels import State
from radscr_export.sampling import denied


def class_balance(states: NDArray[np.int8], beta: float) -> Floats:
    """(N, 2): weights of the absence and of the presence of each finding among films (n, N).

    Proportional to (1 - beta) / (1 - beta^count), the inverse effective number of samples (Cui et
    al., CVPR 2019), and scaled so that the labelled cells of a finding weigh 1 on average. A side
    that never occurs weighs 0; with a beta of 0 all weigh 1.
    """
    counts = np.stack([denied(states).sum(axis=0), (states == State.POSITIVE).sum(axis=0)], axis=1)
    seen = counts > 0
    effective = np.where(seen, 1 - np.power(beta, np.maximum(counts, 1), dtype=np.float64), np.inf)
    rarity = (1 - beta) / effective
    mean = (rarity * counts).sum(axis=1, keepdims=True) / np.maximum(
        counts.sum(1, keepdims=True), 1
    )
    balanced: Floats = (rarity / np.where(mean > 0, mean, 1)).astype(np.float32)
    return balanced

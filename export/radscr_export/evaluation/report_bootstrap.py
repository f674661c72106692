"""Draws of studies with replacement, as weights, so that one product resamples every figure."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from radscr_export.evaluation import bootstrap

Numbers = NDArray[np.float64]


@cache
def draw_weights(studies: int, seed: int = 0) -> Numbers:
    """(1 + DRAWS, studies): how often each study is drawn; row 0 draws every study once.

    The same seed gives the same draws: figures of two systems from them are paired.
    """
    weights = bootstrap.draw_weights(range(studies), seed).astype(np.float64)
    weights.flags.writeable = False  # kept for the next figure
    return weights

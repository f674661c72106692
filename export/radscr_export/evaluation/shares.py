"""Shares of counted films with Clopper-Pearson intervals."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import binomtest  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the exact 95 % interval; nan of none."""

    hits: int
    count: int
    value: float
    low: float
    high: float


def share(hits: int, count: int) -> Share:
    """`hits` of `count` with Clopper and Pearson's 95 % interval (Biometrika 1934)."""
    if not count:
        return Share(0, 0, float("nan"), 0.0, 1.0)
    low, high = binomtest(hits, count).proportion_ci(0.95, "exact")
    return Share(hits, count, hits / count, float(low), float(high))

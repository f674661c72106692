"""Refits the rule of one finding to a clinic's own studies; plain numpy."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from radscr_edge.claims import LEAST_POSITIVES, WELL_SUPPORTED, Profile, Status
from radscr_edge.contract import FindingRule
from radscr_edge.ontology import load_ontology
from radscr_runtime.classify import probability_of
from radscr_runtime.discrimination import Labelled, support_of
from radscr_runtime.operating import Point, denial, points, rare_points, thresholds_of

WIDEST: Final = 60.0
"""Bound of an intercept in logits."""


def reason_against(films: Labelled) -> str:
    """Why a finding is left as shipped; empty where it can be refitted."""
    positives = int(films.truth.sum())
    for count, kind in ((positives, "positive"), (len(films.truth) - positives, "negative")):
        if count < LEAST_POSITIVES:
            return f"{count} {kind} studies; {LEAST_POSITIVES} are needed"
    return ""


def refit(finding: str, rule: FindingRule, films: Labelled) -> FindingRule:
    """The rule with intercept, thresholds, denial and support of the site's own films.

    The slope stays: few studies do not tell it. Of `films` there must be LEAST_POSITIVES of either
    kind. Where they do not show that the finding is told apart, it is raised rarely and affirmed
    never, but a critical one still by sensitivity.
    """
    support = support_of(films)
    intercept = _intercept(films, rule.slope)
    zones = _zones(finding, films, support.status)
    ground = denial(films)
    lowest = min(zone.raised for zone in zones.values())
    return replace(
        rule,
        intercept=intercept,
        calibrated=min(support.positives, support.negatives) >= WELL_SUPPORTED,
        thresholds=thresholds_of(zones, rule.slope, intercept),
        denied=None
        if ground is None
        else probability_of(min(ground.threshold, lowest), rule.slope, intercept),
        support=support,
        status=support.status,
    )


def _zones(finding: str, films: Labelled, status: Status) -> dict[Profile, Point]:
    critical = load_ontology()[finding].critical
    if status is Status.NOT_VALIDATED and not critical:
        return rare_points(films.logits)
    return points(films, status, targeted=critical)


def _intercept(films: Labelled, slope: float) -> float:
    """The intercept at which the mean probability is the share of positives, one half added."""
    share = (films.truth.sum() + 0.5) / (len(films.truth) + 1)
    low, high = -WIDEST, WIDEST
    for _ in range(60):
        middle = (low + high) / 2
        mean = np.mean(1.0 / (1.0 + np.exp(-(slope * films.logits.astype(np.float64) + middle))))
        low, high = (low, middle) if mean > share else (middle, high)
    return (low + high) / 2

"""Stage 2: logits -> one hypothesis per abnormality, by the calibration of the network in use."""

from __future__ import annotations

import math

import numpy as np

from radscr_edge.claims import Profile
from radscr_edge.contract import FindingRule, Variant
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats, Grid, Hypothesis, Presence
from radscr_runtime.timing import stage


@stage
def classify(
    grid: Grid, variant: Variant, profile: Profile = Profile.BALANCED
) -> tuple[Hypothesis, ...]:
    """All N abnormalities in ontology order, each with p_m and what may be said from it.

    Of an image that shows less detail than any film nothing is affirmed and nothing denied.
    """
    film = detail(grid.features) >= variant.least_detail
    return tuple(
        _hypothesis(finding, float(logit), variant.rules[finding], profile, film)
        for finding, logit in zip(FINDINGS, grid.logits, strict=True)
    )


def detail(features: Floats) -> float:
    """Mean absolute difference between neighbouring patches of V (P, D): low on blank and noise.

    Such an image drives the logits higher than any film does, so they cannot tell it from one.
    """
    side = math.isqrt(len(features))
    grid = features.reshape(side, side, -1)
    return float((np.abs(np.diff(grid, axis=0)).mean() + np.abs(np.diff(grid, axis=1)).mean()) / 2)


def probability_of(logit: float, slope: float, intercept: float) -> float:
    """Calibrated p; every threshold is made by this, so that a film at its own stays there."""
    return 1.0 / (1.0 + math.exp(-(slope * logit + intercept)))


def _hypothesis(
    finding: str, logit: float, rule: FindingRule, profile: Profile, film: bool
) -> Hypothesis:
    probability = probability_of(logit, rule.slope, rule.intercept)
    zones = rule.thresholds[profile]
    presence = _presence(probability, rule, profile)
    if not film:
        sure = {Presence.PRESENT: Presence.UNCERTAIN, Presence.ABSENT: Presence.INDETERMINATE}
        presence = sure.get(presence, presence)
    return Hypothesis(
        finding=finding,
        probability=probability,
        calibrated=rule.calibrated,
        threshold=zones.raised,
        affirmed=zones.affirmed,
        presence=presence,
        status=rule.status,
    )


def _presence(probability: float, rule: FindingRule, profile: Profile) -> Presence:
    zones = rule.thresholds[profile]
    if probability >= zones.raised:
        sure = zones.affirmed is not None and probability >= zones.affirmed
        return Presence.PRESENT if sure else Presence.UNCERTAIN
    if rule.denied is None:
        return Presence.NOT_ASSESSED
    return Presence.ABSENT if probability < rule.denied else Presence.INDETERMINATE

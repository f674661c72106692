"""Stage 2: logits -> one hypothesis per abnormality, by the calibration of the network in use."""

from __future__ import annotations

import math

from radscr_edge.contract import FindingRule, Variant
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Grid, Hypothesis, Presence
from radscr_runtime.timing import stage


@stage
def classify(grid: Grid, variant: Variant) -> tuple[Hypothesis, ...]:
    """All N abnormalities in ontology order, each with p_m and what may be said from it."""
    return tuple(
        _hypothesis(finding, float(logit), variant.rules[finding])
        for finding, logit in zip(FINDINGS, grid.logits, strict=True)
    )


def _hypothesis(finding: str, logit: float, rule: FindingRule) -> Hypothesis:
    probability = 1.0 / (1.0 + math.exp(-(rule.slope * logit + rule.intercept)))
    return Hypothesis(
        finding=finding,
        probability=probability,
        calibrated=rule.calibrated,
        threshold=rule.present,
        presence=_presence(probability, rule),
        validated=rule.validated,
    )


def _presence(probability: float, rule: FindingRule) -> Presence:
    if probability >= rule.present:
        return Presence.PRESENT
    if rule.absent is None:
        return Presence.NOT_ASSESSED
    return Presence.ABSENT if probability < rule.absent else Presence.INDETERMINATE

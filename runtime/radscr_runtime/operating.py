"""Fits the thresholds of one finding to labelled films, for every profile; plain numpy.

Used when a bundle is built and when a clinic refits it (decision record 0015).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from radscr_edge.claims import LEAST_POSITIVES, Profile, Status, Thresholds
from radscr_edge.records import Floats
from radscr_runtime.classify import probability_of
from radscr_runtime.discrimination import Labelled

TRIAGE_SENSITIVITY: Final = 0.90
"""Share of the positives that triage raises, unless its alarms forbid it."""
TARGET_SENSITIVITY: Final = 0.80
"""Share of the positives that a balanced reading raises of a finding with a target."""
RAISED_SPECIFICITY: Final = {Profile.TRIAGE: 0.50, Profile.BALANCED: 0.75}
"""Least share of the negatives that stay silent: a sensitivity is not bought at any price."""
AFFIRMED_SPECIFICITY: Final = {Profile.BALANCED: 0.90, Profile.CONFIRM: 0.95}
"""Least share of the negatives that are not affirmed."""
RARE_SHARE: Final = {Profile.TRIAGE: 0.010, Profile.BALANCED: 0.004}
"""Share of films on which a finding that is not validated is raised."""
DENIAL_SENSITIVITY: Final = 0.85
"""Least lower 95 % bound of the sensitivity at which a finding may be denied."""
USEFUL_SPECIFICITY: Final = 0.10
"""A denial that reaches fewer of the truly negative films than this is not worth its risk."""


@dataclass(frozen=True, slots=True)
class Point:
    """The zones of one profile as logits."""

    raised: float
    affirmed: float | None


@dataclass(frozen=True, slots=True)
class Denial:
    """On what a negative of one finding rests."""

    threshold: float
    """Logit below which the finding may be denied."""
    data: str
    """Name of the data set behind it."""
    positives: int
    sensitivity: float
    """Lower 95 % bound of the share of those positives that are not denied."""


def points(films: Labelled, status: Status, targeted: bool) -> dict[Profile, Point]:
    """The zones of a finding with positives enough, ordered from triage to confirm.

    A balanced reading raises it where F1 is best, or, if it is `targeted`, where TARGET_SENSITIVITY
    is reached in each group of films. What is not validated is never affirmed.
    """
    yes, no = films.logits[films.truth], films.logits[~films.truth]
    best = _sensitive(films) if targeted else best_f1(films)
    balanced = max(best, _at_specificity(no, RAISED_SPECIFICITY[Profile.BALANCED]))
    triage = max(
        _at_sensitivity(yes, TRIAGE_SENSITIVITY),
        _at_specificity(no, RAISED_SPECIFICITY[Profile.TRIAGE]),
    )
    sure = max(balanced, _at_specificity(no, AFFIRMED_SPECIFICITY[Profile.BALANCED]))
    surest = max(sure, _at_specificity(no, AFFIRMED_SPECIFICITY[Profile.CONFIRM]))
    mute = status is Status.NOT_VALIDATED
    return {
        Profile.TRIAGE: Point(min(triage, balanced), None if mute else sure),
        Profile.BALANCED: Point(balanced, None if mute else sure),
        Profile.CONFIRM: Point(surest, None if mute else surest),
    }


def rare_points(logits: Floats) -> dict[Profile, Point]:
    """The zones of a finding that cannot be validated: raised on few films, affirmed on none."""
    triage, balanced = (
        float(np.quantile(logits, 1 - RARE_SHARE[profile], method="higher"))
        for profile in (Profile.TRIAGE, Profile.BALANCED)
    )
    rare = Point(balanced, None)
    return {
        Profile.TRIAGE: Point(triage, None),
        Profile.BALANCED: rare,
        Profile.CONFIRM: rare,
    }


def thresholds_of(
    zones: dict[Profile, Point], slope: float, intercept: float
) -> dict[Profile, Thresholds]:
    """Zones in logits -> zones in probabilities."""
    return {
        profile: Thresholds(
            probability_of(zone.raised, slope, intercept),
            None if zone.affirmed is None else probability_of(zone.affirmed, slope, intercept),
        )
        for profile, zone in zones.items()
    }


def best_f1(films: Labelled) -> float:
    """The logit at or above which F1 is best."""
    order = np.argsort(-films.logits, kind="stable")
    hits = np.cumsum(films.truth[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + films.truth.sum())
    return float(films.logits[order][int(np.argmax(f1))])


def denial(films: Labelled) -> Denial | None:
    """The highest logit below which a denial keeps the sensitivity; None where nothing does."""
    positive, negative = np.sort(films.logits[films.truth]), films.logits[~films.truth]
    for lost in range(len(positive) - 1, -1, -1):
        sensitivity = wilson_lower(len(positive) - lost, len(positive))
        if sensitivity >= DENIAL_SENSITIVITY:
            threshold = float(positive[lost])
            useful = _share_below(negative, threshold) >= USEFUL_SPECIFICITY
            return Denial(threshold, films.data, len(positive), sensitivity) if useful else None
    return None


def wilson_lower(hits: int, count: int) -> float:
    """Lower end of Wilson's 95 % interval of a share."""
    return wilson(hits, count)[0]


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, share = 1.96, hits / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    whole = 1 + z * z / count
    return (middle - spread) / whole, (middle + spread) / whole


def _sensitive(films: Labelled) -> float:
    """The logit that reaches TARGET_SENSITIVITY in each group with positives enough to tell."""
    groups = [films.logits[films.truth & (films.group == one)] for one in np.unique(films.group)]
    telling = [one for one in groups if len(one) >= LEAST_POSITIVES]
    pooled = films.logits[films.truth]
    return min(_at_sensitivity(one, TARGET_SENSITIVITY) for one in telling or [pooled])


def _at_sensitivity(positives: Floats, share: float) -> float:
    """The highest logit at or above which `share` of the positives lie."""
    needed = math.ceil(share * len(positives))
    return float(np.sort(positives)[len(positives) - needed])


def _at_specificity(negatives: Floats, share: float) -> float:
    """Just above the logit up to which `share` of the negatives lie; no bound without negatives."""
    if not len(negatives):
        return -math.inf
    last = np.sort(negatives)[math.ceil(share * len(negatives)) - 1]
    return float(np.nextafter(np.float32(last), np.float32(np.inf)))


def _share_below(logits: Floats, threshold: float) -> float:
    return float((logits < threshold).mean()) if len(logits) else 0.0

"""What may be claimed of a finding: reading profiles, thresholds, support, and the rule of status.

Decision record 0015 says why the limits are what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LEAST_POSITIVES: Final = 10
"""Positives from which a threshold is fitted and an AUROC is given."""
WELL_SUPPORTED: Final = 20
"""Positives from which a finding may count as validated, and its number as a probability."""
GOOD_AUROC: Final = 0.70
"""AUROC from which a finding whose interval excludes chance counts as validated."""
CHANCE: Final = 0.5


class Profile(StrEnum):
    """What a reading is for: it decides from where a finding is spoken of."""

    TRIAGE = "triage"
    """Miss little: most findings are hedged, many alarms are false."""
    BALANCED = "balanced"
    CONFIRM = "confirm"
    """Say little, at a higher specificity: what is affirmed, and what can never be."""


class Status(StrEnum):
    """How well the data show that a finding is told apart."""

    VALIDATED = "validated"
    WEAK = "weak"
    NOT_VALIDATED = "not validated"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The three zones of one finding under one profile, as probabilities.

    Below `raised` the finding is no hypothesis, from there on it is hedged, and from `affirmed` on
    it is affirmed.
    """

    raised: float
    affirmed: float | None
    """At least `raised`; None: the finding is never affirmed."""


@dataclass(frozen=True, slots=True)
class Support:
    """The labelled films behind a finding's thresholds, none of them seen in training."""

    data: str
    """Name of the data set, as 'iu' or 'nih'; 'site': a clinic's own studies, after the build."""
    positives: int
    negatives: int
    auroc: float | None = None
    """Within a view, never across; None with fewer than LEAST_POSITIVES of either."""
    low: float | None = None
    """Lower end of its 95 % bootstrap interval."""
    high: float | None = None

    @property
    def status(self) -> Status:
        """The one rule that grades a finding."""
        if self.positives < LEAST_POSITIVES or self.auroc is None or self.low is None:
            return Status.NOT_VALIDATED
        if self.low <= CHANCE:
            return Status.NOT_VALIDATED
        good = self.auroc >= GOOD_AUROC and self.positives >= WELL_SUPPORTED
        return Status.VALIDATED if good else Status.WEAK

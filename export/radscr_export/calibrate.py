"""Turns logits into statements: probabilities, thresholds and what a negative may be said of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from radscr_edge.contract import FindingRule
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats
from radscr_export.data.labels import State
from radscr_export.data.training_set import Studies

FEW = 10
"""Positives of a validation set from which a threshold may be fitted."""
CALIBRATED = 20
"""Positives from which the number may be shown as a probability (method section 6)."""
TARGETED = frozenset({"pneumothorax", "consolidation", "pulmonary edema/hazy opacity"})
"""Findings whose labels are text-mined or next to none: their threshold reaches SENSITIVITY_TARGET
on NIH films, and their number is never shown as a probability."""
SENSITIVITY_TARGET = 0.80
RARE_SHARE = 0.004
"""Share of validation films on which a finding that cannot be validated may be raised."""
DENIAL_SENSITIVITY = 0.85
"""Least lower 95 % bound of the sensitivity at which a finding may be denied."""
USEFUL_SPECIFICITY = 0.10
"""A denial that reaches fewer of the truly negative films than this is not worth its risk."""
SHRINKAGE = 1.0
"""Inverse strength of the pull of every finding's intercept towards the common one."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Validation films with the logits of one network variant."""

    studies: Studies
    logits: Floats
    """(n, N)."""

    def known(self, finding: int, sources: Sequence[str]) -> tuple[Floats, NDArray[np.bool_]]:
        """Logits and truth of the films of some data sets that are labelled for the finding."""
        rows = np.concatenate([self.studies.of(name) for name in sources])
        states = self.studies.states[rows, finding]
        labelled = states != State.UNKNOWN
        return self.logits[rows, finding][labelled], states[labelled] == State.POSITIVE


IU, NIH = ("iu",), ("nih-PA", "nih-AP")


@dataclass(frozen=True, slots=True)
class Denial:
    """On what a negative of one finding rests."""

    threshold: float
    """Logit below which the finding may be denied."""
    data: str
    """'iu' or 'nih': the validation films with more positives of the finding."""
    positives: int
    sensitivity: float
    """Lower 95 % bound of the share of those positives that are not denied."""


def calibrate(scored: Scored) -> dict[str, FindingRule]:
    """One rule per finding for one network variant; tau_w is set later, by the walk itself.

    The slope is one for all findings and the intercepts are shrunk, because most findings have too
    few positives for a logistic regression of their own. Raw logits decide thresholds, so a finding
    keeps its order of films whatever the calibration.
    """
    slope, intercepts = _platt(scored)
    return {
        finding: _rule(scored, index, slope, float(intercepts[index]))
        for index, finding in enumerate(FINDINGS)
    }


def _platt(scored: Scored) -> tuple[float, Floats]:
    """One slope and N shrunken intercepts over the IU validation films."""
    rows = scored.studies.of(IU[0])
    states = scored.studies.states[rows]
    film, finding = np.nonzero(states != State.UNKNOWN)
    one_hot = np.eye(len(FINDINGS), dtype=np.float32)[finding]
    features = np.column_stack([scored.logits[rows][film, finding] * 10.0, one_hot])
    truth = states[film, finding] == State.POSITIVE
    model = LogisticRegression(C=SHRINKAGE, max_iter=2000).fit(features, truth)
    slope = max(float(model.coef_[0, 0]) * 10.0, 0.05)
    return slope, model.coef_[0, 1:] + model.intercept_[0]


def denials(scored: Scored) -> dict[str, Denial]:
    """The findings that may be denied, with what supports it."""
    found = {finding: _denial(scored, index) for index, finding in enumerate(FINDINGS)}
    return {finding: one for finding, one in found.items() if one is not None}


def _rule(scored: Scored, index: int, slope: float, intercept: float) -> FindingRule:
    finding = FINDINGS[index]
    targeted = finding in TARGETED
    logits, truth = scored.known(index, NIH if targeted else _telling(scored, index))
    validated = int(truth.sum()) >= FEW
    if not validated:
        pooled = scored.logits[np.concatenate([scored.studies.of(name) for name in IU + NIH])]
        present = float(np.quantile(pooled[:, index], 1 - RARE_SHARE))
    else:
        present = _sensitive(scored, index) if targeted else _best_f1(logits, truth)
    denial = _denial(scored, index)

    def probability(logit: float) -> float:
        # As classify does it, to the last bit: a film at its own threshold must stay there.
        return 1.0 / (1.0 + math.exp(-(slope * logit + intercept)))

    return FindingRule(
        slope=slope,
        intercept=intercept,
        calibrated=not targeted and int(scored.known(index, IU)[1].sum()) >= CALIBRATED,
        present=probability(present),
        absent=None if denial is None else probability(min(denial.threshold, present)),
        withdraw=-np.inf,
        validated=validated,
    )


def _telling(scored: Scored, index: int) -> tuple[str, ...]:
    """The data that a threshold is fitted on: IU, or NIH where only that has positives enough."""
    enough = [data for data in (IU, NIH) if scored.known(index, data)[1].sum() >= FEW]
    return enough[0] if enough else IU


def _best_f1(logits: Floats, truth: NDArray[np.bool_]) -> float:
    """The logit at or above which F1 is best."""
    order = np.argsort(-logits, kind="stable")
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + truth.sum())
    return float(logits[order][int(np.argmax(f1))])


def _sensitive(scored: Scored, index: int) -> float:
    """The logit that reaches SENSITIVITY_TARGET in each NIH view with positives enough to tell."""
    views = [scored.known(index, (name,)) for name in NIH]
    telling = [pair for pair in views if pair[1].sum() >= FEW] or [scored.known(index, NIH)]
    return min(_at_sensitivity(logits[truth]) for logits, truth in telling)


def _at_sensitivity(positives: Floats) -> float:
    """The highest logit at or above which SENSITIVITY_TARGET of the positives lie."""
    needed = math.ceil(SENSITIVITY_TARGET * len(positives))
    return float(np.sort(positives)[len(positives) - needed])


def _denial(scored: Scored, index: int) -> Denial | None:
    """The highest logit below which a denial keeps the sensitivity; None where nothing does."""
    pairs = {"iu": scored.known(index, IU), "nih": scored.known(index, NIH)}
    data = max(pairs, key=lambda name: pairs[name][1].sum())
    logits, truth = pairs[data]
    positive = np.sort(logits[truth])
    for lost in range(len(positive) - 1, -1, -1):
        sensitivity = wilson_lower(len(positive) - lost, len(positive))
        if sensitivity >= DENIAL_SENSITIVITY:
            threshold = float(positive[lost])
            useful = _share_below(logits[~truth], threshold) >= USEFUL_SPECIFICITY
            return Denial(threshold, data, len(positive), sensitivity) if useful else None
    return None


def _share_below(logits: Floats, threshold: float) -> float:
    return float((logits < threshold).mean()) if len(logits) else 0.0


def wilson_lower(hits: int, count: int) -> float:
    """Lower end of Wilson's 95 % interval of a share."""
    z, share = 1.96, hits / count
    middle = share + z * z / (2 * count)
    spread = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return float((middle - spread) / (1 + z * z / count))

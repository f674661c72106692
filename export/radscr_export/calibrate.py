"""Turns logits into statements: probabilities, thresholds and what a negative may be said of."""

from __future__ import annotations

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
NEVER_CALIBRATED = frozenset({"pneumothorax", "consolidation", "pulmonary edema/hazy opacity"})
"""Their labels in the training data are text-mined or next to none."""
RARE_SHARE = 0.004
"""Share of validation films on which a finding that cannot be validated may be raised."""
SENSITIVITY = 0.85
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


def _rule(scored: Scored, index: int, slope: float, intercept: float) -> FindingRule:
    finding = FINDINGS[index]
    sources = NIH if finding in NEVER_CALIBRATED else IU
    logits, truth = scored.known(index, sources)
    validated = int(truth.sum()) >= FEW
    if validated:
        present = _best_f1(logits, truth)
    else:
        pooled = scored.logits[np.concatenate([scored.studies.of(name) for name in IU + NIH])]
        present = float(np.quantile(pooled[:, index], 1 - RARE_SHARE))
    absent = _absent(*_most_positives(scored, index))

    def probability(logit: float) -> float:
        return float(1.0 / (1.0 + np.exp(-(slope * logit + intercept))))

    return FindingRule(
        slope=slope,
        intercept=intercept,
        calibrated=int(truth.sum()) >= CALIBRATED and finding not in NEVER_CALIBRATED,
        present=probability(present),
        absent=None if absent is None else probability(min(absent, present)),
        withdraw=-np.inf,
        validated=validated,
    )


def _best_f1(logits: Floats, truth: NDArray[np.bool_]) -> float:
    """The logit at or above which F1 is best."""
    order = np.argsort(-logits, kind="stable")
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + truth.sum())
    return float(logits[order][int(np.argmax(f1))])


def _most_positives(scored: Scored, index: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Logits and truth of the data set, IU or NIH, that has more positives of the finding."""
    return max((scored.known(index, name) for name in (IU, NIH)), key=lambda pair: pair[1].sum())


def _absent(logits: Floats, truth: NDArray[np.bool_]) -> float | None:
    """The highest logit below which a denial keeps the sensitivity; None where nothing does."""
    positive = np.sort(logits[truth])
    for lost in range(len(positive) - 1, -1, -1):
        if wilson_lower(len(positive) - lost, len(positive)) >= SENSITIVITY:
            threshold = float(positive[lost])
            reached = float((logits[~truth] < threshold).mean()) if (~truth).any() else 0.0
            return threshold if reached >= USEFUL_SPECIFICITY else None
    return None


def wilson_lower(hits: int, count: int) -> float:
    """Lower end of Wilson's 95 % interval of a share."""
    z, share = 1.96, hits / count
    middle = share + z * z / (2 * count)
    spread = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return float((middle - spread) / (1 + z * z / count))


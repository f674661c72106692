"""Turns logits into statements: probabilities, thresholds and what a negative may be said of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from radscr_edge.claims import LEAST_POSITIVES, WELL_SUPPORTED, Profile, Status
from radscr_edge.contract import FindingRule
from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats
from radscr_export.data.labels import State
from radscr_export.data.training_set import Studies
from radscr_runtime.classify import probability_of
from radscr_runtime.discrimination import Labelled, support_of
from radscr_runtime.operating import Denial, Point, denial, points, rare_points, thresholds_of

TARGETED = frozenset({"pneumothorax", "consolidation", "pulmonary edema/hazy opacity"})
"""Findings whose labels are text-mined or next to none: their threshold reaches a sensitivity
target, on NIH films where there are any, and their number is never shown as a probability."""
TARGETED_ON = "nih"
SHRINKAGE = 1.0
"""Inverse strength of the pull of every finding's intercept and slope towards the common ones."""
COMMON, OWN = 10.0, 1.0
"""What the logit is multiplied by before the pull: it hardly holds the common slope."""
FLATTEST = 0.05
"""Least slope, so that a finding keeps its order of films whatever the calibration."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Validation films with the logits of one network variant."""

    studies: Studies
    logits: Floats
    """(n, N)."""

    def known(self, finding: int, sources: Sequence[str]) -> tuple[Floats, NDArray[np.bool_]]:
        """Logits and truth of the films of some sources that are labelled for the finding."""
        rows = self.studies.of(*sources)
        states = self.studies.states[rows, finding]
        labelled = states != State.UNKNOWN
        return self.logits[rows, finding][labelled], states[labelled] == State.POSITIVE

    def labelled(self, finding: int, data: str) -> Labelled:
        """The films of a data set that are labelled for the finding; its views are groups."""
        parts = [self.known(finding, (name,)) for name in self.studies.sets[data]]
        return Labelled(
            data=data,
            logits=np.concatenate([logits for logits, _ in parts]),
            truth=np.concatenate([truth for _, truth in parts]),
            group=np.repeat(np.arange(len(parts)), [len(logits) for logits, _ in parts]),
        )


def calibrate(scored: Scored) -> dict[str, FindingRule]:
    """One rule per finding for one network variant; tau_w is set later, by the walk itself.

    Slopes and intercepts are shrunk towards common ones, because most findings have too few
    positives for a logistic regression of their own. Raw logits decide thresholds. Raises
    TrainingError where the films of the first data set show nothing, or nothing but positives.
    """
    slopes, intercepts = _platt(scored)
    return {
        finding: _rule(scored, index, float(slopes[index]), float(intercepts[index]))
        for index, finding in enumerate(FINDINGS)
    }


def _platt(scored: Scored) -> tuple[Floats, Floats]:
    """N shrunken slopes and N shrunken intercepts over the films of the first data set."""
    rows = scored.studies.of(*scored.studies.sets[scored.studies.first])
    states = scored.studies.states[rows]
    film, finding = np.nonzero(states != State.UNKNOWN)
    one_hot = np.eye(len(FINDINGS), dtype=np.float32)[finding]
    logits = scored.logits[rows][film, finding, None]
    features = np.hstack([COMMON * logits, OWN * logits * one_hot, one_hot])
    truth = states[film, finding] == State.POSITIVE
    if truth.all() or not truth.any():
        raise TrainingError(
            f"Calibration needs validation films of {scored.studies.first!r} with and without "
            f"findings: {int(truth.sum())} of {len(truth)} labels are positive. Label more of them."
        )
    model = LogisticRegression(C=SHRINKAGE, max_iter=5000).fit(features, truth)
    common, own, intercepts = np.split(model.coef_[0], [1, 1 + len(FINDINGS)])
    slopes = np.maximum(COMMON * common + OWN * own, FLATTEST)
    return slopes, intercepts + model.intercept_[0]


def denials(scored: Scored) -> dict[str, Denial]:
    """The findings that may be denied, with what supports it."""
    found = {finding: _denial(scored, index) for index, finding in enumerate(FINDINGS)}
    return {finding: one for finding, one in found.items() if one is not None}


def _rule(scored: Scored, index: int, slope: float, intercept: float) -> FindingRule:
    finding = FINDINGS[index]
    targeted = finding in TARGETED
    films = _telling(scored, index)
    support = support_of(films)
    zones = _zones(scored, index, films, support.status)
    ground = _denial(scored, index)
    raised = min(point.raised for point in zones.values())
    return FindingRule(
        slope=slope,
        intercept=intercept,
        calibrated=not targeted
        and _positives(scored.labelled(index, scored.studies.first)) >= WELL_SUPPORTED,
        thresholds=thresholds_of(zones, slope, intercept),
        denied=None
        if ground is None
        else probability_of(min(ground.threshold, raised), slope, intercept),
        withdraw=-np.inf,
        support=support,
        status=support.status,
    )


def _zones(scored: Scored, index: int, films: Labelled, status: Status) -> dict[Profile, Point]:
    """By sensitivity where that can be told; else the finding is raised on few films only."""
    targeted = FINDINGS[index] in TARGETED and films.truth.sum() >= LEAST_POSITIVES
    if status is Status.NOT_VALIDATED and not targeted:
        return rare_points(scored.logits[:, index])
    return points(films, status, targeted)


def _telling(scored: Scored, index: int) -> Labelled:
    """The films that a threshold is fitted on: of the first data set with positives enough.

    For a targeted finding those of NIH, or else of the set with most positives.
    """
    every = _by_set(scored, index)
    if FINDINGS[index] in TARGETED:
        return every.get(TARGETED_ON) or max(every.values(), key=_positives)
    enough = [films for films in every.values() if _positives(films) >= LEAST_POSITIVES]
    return enough[0] if enough else every[scored.studies.first]


def _denial(scored: Scored, index: int) -> Denial | None:
    """What supports a negative: the data with more positives of the finding decide."""
    return denial(max(_by_set(scored, index).values(), key=_positives))


def _by_set(scored: Scored, index: int) -> dict[str, Labelled]:
    return {name: scored.labelled(index, name) for name in scored.studies.sets}


def _positives(films: Labelled) -> int:
    return int(films.truth.sum())

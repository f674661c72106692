"""Sets what only the walk can tell: tau_w, the rival's margin, the bar for U, that for a side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from radscr_edge.contract import FindingRule, Settings
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Finding, Side
from radscr_export.data.labels import State
from radscr_export.data.training_set import Studies
from radscr_export.walk import Proposed, Walk, Walker, as_radiograph, place_of

LOST_RECALL = 0.01
"""Share of true hypotheses that each of the two ways of withdrawal may cost."""
SUPPLEMENT_QUANTILE = 0.5
"""Candidates of C_Neg below the median score over validation films are not offered."""
OPEN = -1e9
RIGHT_SIDES = 0.9
"""Share of the asserted sides that must be the coded ones."""
FEWEST_SIDES = 10
"""Coded sides that it takes to trust such a share."""
NEVER = 1.01
"""A share of the saliency that no side has: no side is asserted."""


def tune(
    walker: Walker, studies: Studies, rules: dict[str, FindingRule]
) -> tuple[dict[str, FindingRule], Settings]:
    """Rules with tau_w and settings with the other limits, fitted on validation films."""
    films = list(walker.proposed(studies, rules, np.arange(len(studies.ids))))
    rules, settings = fit_limits(walker, films, studies.states, rules)
    sides = [
        side
        for row, film in enumerate(films)
        for side in _sides(film, studies, row, walker.settings)
    ]
    return rules, replace(settings, side_share=least_share(sides))


def fit_limits(
    walker: Walker,
    films: Iterable[Proposed],
    states: NDArray[np.int8],
    rules: Mapping[str, FindingRule],
) -> tuple[dict[str, FindingRule], Settings]:
    """Rules and settings but for the side's, of films already proposed; (n, N) states beside them.

    Every film is judged once with all limits open; of the hypotheses that are true, LOST_RECALL may
    fall below tau_w, and as many be beaten by a rival.
    """
    limitless = {name: replace(rule, withdraw=OPEN) for name, rule in rules.items()}
    opened = replace(walker.settings, rival_margin=-OPEN, supplement_score=OPEN)
    free = replace(walker, settings=opened)
    scores, margins, supplements = [], [], []
    for film, state in zip(films, states, strict=True):
        walk = free.judge(film, limitless)
        supplements += [one.score for one in walk.missed]
        for finding in _true_ones(walk, state):
            best = finding.evidence[0]
            scores.append(best.score)
            if finding.best_rival:
                margins.append(finding.rival_score - best.similarity)
    tau = float(np.quantile(scores, LOST_RECALL, method="lower")) if scores else OPEN
    settings = replace(
        walker.settings,
        rival_margin=_upper(margins) if margins else 0.0,
        supplement_score=float(np.quantile(supplements or [0.0], SUPPLEMENT_QUANTILE)),
    )
    return {name: replace(rule, withdraw=tau) for name, rule in rules.items()}, settings


def _upper(margins: list[float]) -> float:
    """The lead that at most LOST_RECALL of the rivals exceed."""
    return float(np.quantile(margins, 1 - LOST_RECALL, method="higher"))


def _sides(
    film: Proposed, studies: Studies, row: int, settings: Settings
) -> list[tuple[float, bool]]:
    """Of every finding that is coded on one side: the share of its side, and if that is right."""
    radiograph, willing = as_radiograph(studies, row), replace(settings, side_share=0.0)
    found = []
    for finding, mention in studies.mentions[row].items():
        if mention.side in (Side.RIGHT, Side.LEFT):
            place = place_of(film, radiograph, willing, finding)
            if place.side is not Side.NONE:
                found.append((place.side_share, place.side is mention.side))
    return found


def least_share(sides: list[tuple[float, bool]]) -> float:
    """The least share of saliency from which RIGHT_SIDES of the sides are right, or NEVER."""
    for bar in sorted({share for share, _ in sides}):
        asserted = [right for share, right in sides if share >= bar]
        if len(asserted) >= FEWEST_SIDES and sum(asserted) >= RIGHT_SIDES * len(asserted):
            return bar
    return NEVER


def _true_ones(walk: Walk, states: np.ndarray) -> list[Finding]:
    """The hypotheses of a film that are true."""
    return [
        finding
        for finding in walk.findings
        if states[FINDINGS.index(finding.place.hypothesis.finding)] == State.POSITIVE
    ]

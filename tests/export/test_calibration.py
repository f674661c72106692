"""Rules: what a validation set supports is said, what it does not is not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radscr_edge.claims import Profile, Status
from radscr_edge.contract import FindingRule
from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Grid
from radscr_export.calibrate import TARGETED, Scored, calibrate, denials
from radscr_export.data.labels import State
from radscr_export.data.training_set import SOURCES, Studies
from radscr_runtime.classify import classify
from radscr_runtime.operating import (
    DENIAL_SENSITIVITY,
    TARGET_SENSITIVITY,
    Denial,
    wilson_lower,
)

N = len(FINDINGS)
EFFUSION, PNEUMOTHORAX = FINDINGS.index("pleural effusion"), FINDINGS.index("pneumothorax")
FILMS = 200


def scored(shift: float = 2.0, positives: int = 40, seed: int = 0) -> Scored:
    """FILMS films a source, of which `positives` show each finding and score `shift` higher."""
    rng = np.random.default_rng(seed)
    count = 3 * FILMS
    truth = np.tile(np.arange(FILMS) < positives, 3)
    states = np.repeat(np.where(truth, State.POSITIVE, State.NEGATIVE)[:, None], N, axis=1)
    logits = rng.normal(size=(count, N)) + shift * truth[:, None] - 2
    nothing = np.zeros((count, 1, 1), np.uint8)
    studies = Studies(
        images=nothing,
        shapes=np.ones((count, 2), np.int64),
        states=states.astype(np.int8),
        source=np.repeat([SOURCES.index(name) for name in ("iu", "nih-PA", "nih-AP")], FILMS),
        mentions=({},) * count,
        told=((),) * count,
        ids=tuple(str(index) for index in range(count)),
        drawn=(None,) * count,
    )
    return Scored(studies, logits.astype(np.float32))


def probability(rule: FindingRule, logits: np.ndarray) -> np.ndarray:
    return np.array([1 / (1 + math.exp(-(rule.slope * float(x) + rule.intercept))) for x in logits])


def balanced(rule: FindingRule) -> float:
    return rule.thresholds[Profile.BALANCED].raised


@pytest.mark.parametrize(
    ("hits", "count", "lower"),
    [(10, 10, 0.7225), (22, 22, 0.8513), (95, 100, 0.8882), (50, 100, 0.4038), (0, 10, 0.0)],
)
def test_wilsons_interval_has_its_published_lower_end(hits: int, count: int, lower: float) -> None:
    assert wilson_lower(hits, count) == pytest.approx(lower, abs=1e-4)


@given(shift=st.floats(-1, 4), positives=st.integers(1, 100), seed=st.integers(0, 10))
@settings(max_examples=8, deadline=None)
def test_no_rule_denies_what_it_asserts(shift: float, positives: int, seed: int) -> None:
    rules = calibrate(scored(shift, positives, seed))

    for rule in rules.values():
        assert rule.slope > 0
        for zones in rule.thresholds.values():
            assert 0 < zones.raised < 1
            assert zones.affirmed is None or zones.raised <= zones.affirmed
            assert rule.denied is None or 0 < rule.denied <= zones.raised


@given(shift=st.floats(-1, 4), positives=st.integers(1, 100), seed=st.integers(0, 10))
@settings(max_examples=8, deadline=None)
def test_triage_says_no_less_and_confirm_no_more(shift: float, positives: int, seed: int) -> None:
    for rule in calibrate(scored(shift, positives, seed)).values():
        triage, balanced, confirm = (rule.thresholds[one] for one in Profile)

        assert triage.raised <= balanced.raised <= confirm.raised
        assert (rule.status is Status.NOT_VALIDATED) == (balanced.affirmed is None)


def test_a_finding_told_apart_well_may_be_denied() -> None:
    films = scored(shift=4)

    supported = denials(films)

    assert set(supported) == set(FINDINGS)
    for name, rule in calibrate(films).items():
        logits, truth = films.known(FINDINGS.index(name), supported_sources(supported[name]))
        denied = probability(rule, logits) < rule.denied
        kept = int((truth & ~denied).sum())
        assert wilson_lower(kept, int(truth.sum())) >= DENIAL_SENSITIVITY
        assert supported[name].sensitivity >= DENIAL_SENSITIVITY


def supported_sources(denial: Denial) -> tuple[str, ...]:
    return ("iu",) if denial.data == "iu" else ("nih-PA", "nih-AP")


def test_a_finding_that_cannot_be_told_apart_is_never_denied() -> None:
    rules = calibrate(scored(shift=-3))

    assert all(rule.denied is None for rule in rules.values())


def test_ten_positives_are_too_few_to_deny_anything() -> None:
    films = scored(shift=6, positives=10)
    films.studies.states[FILMS:] = State.UNKNOWN

    assert not denials(films)


def test_a_denial_names_the_data_that_hold_more_positives() -> None:
    films = scored(shift=4)
    films.studies.states[:FILMS, EFFUSION] = State.NEGATIVE

    supported = denials(films)["pleural effusion"]

    assert (supported.data, supported.positives) == ("nih", 80)


def test_a_finding_that_only_nih_shows_gets_its_threshold_there() -> None:
    films = scored(shift=4)
    films.studies.states[:FILMS, EFFUSION] = State.NEGATIVE

    rule = calibrate(films)["pleural effusion"]

    logits, truth = films.known(EFFUSION, ("nih-PA", "nih-AP"))
    raised = probability(rule, logits) >= balanced(rule)
    assert rule.status is Status.VALIDATED
    assert rule.support.data == "nih"
    assert not rule.calibrated
    assert raised[truth].mean() > 0.8
    assert raised[~truth].mean() < 0.2


@pytest.mark.parametrize("finding", sorted(TARGETED))
@pytest.mark.parametrize("view", ["nih-PA", "nih-AP"])
def test_a_targeted_finding_reaches_its_sensitivity_in_each_view(finding: str, view: str) -> None:
    films = scored(shift=3)
    films.logits[films.studies.of("nih-AP")] -= 1
    rule = calibrate(films)[finding]

    logits, truth = films.known(FINDINGS.index(finding), (view,))

    assert (probability(rule, logits[truth]) >= balanced(rule)).mean() >= TARGET_SENSITIVITY


@pytest.mark.parametrize("finding", sorted(TARGETED))
def test_a_targeted_finding_is_never_shown_as_a_probability(finding: str) -> None:
    assert not calibrate(scored(shift=4))[finding].calibrated


def test_any_other_finding_is_raised_where_f1_is_best() -> None:
    films = scored(shift=2)
    rule = calibrate(films)["pleural effusion"]
    logits, truth = films.known(EFFUSION, ("iu",))

    def f1(threshold: float) -> float:
        raised = probability(rule, logits) >= threshold
        return 2 * (raised & truth).sum() / (raised.sum() + truth.sum())

    candidates = [f1(one) for one in probability(rule, logits)]
    assert f1(balanced(rule)) == pytest.approx(max(candidates))


@pytest.mark.parametrize(
    ("positives", "status", "calibrated"),
    [
        (9, Status.NOT_VALIDATED, False),
        (15, Status.WEAK, False),
        (20, Status.VALIDATED, True),
    ],
)
def test_what_few_positives_allow(positives: int, status: Status, calibrated: bool) -> None:
    films = scored(positives=positives)
    films.studies.states[FILMS:, EFFUSION] = State.UNKNOWN

    rule = calibrate(films)["pleural effusion"]

    assert (rule.status, rule.calibrated) == (status, calibrated)


def test_a_finding_that_cannot_be_validated_is_raised_rarely() -> None:
    films = scored(positives=0)
    films.studies.states[0] = State.POSITIVE
    rule = calibrate(films)["scoliosis"]

    raised = probability(rule, films.logits[:, FINDINGS.index("scoliosis")]) >= balanced(rule)

    assert 0 < raised.mean() < 0.01
    assert all(one.affirmed is None for one in rule.thresholds.values())


def test_a_finding_ranked_by_chance_is_raised_rarely_however_many_positives_it_has() -> None:
    films = scored(shift=0, positives=60)
    rule = calibrate(films)["scoliosis"]

    raised = probability(rule, films.logits[:, FINDINGS.index("scoliosis")]) >= balanced(rule)

    assert rule.status is Status.NOT_VALIDATED
    assert raised.mean() < 0.01


def test_a_film_at_its_own_threshold_is_raised_on_the_clinic_machine() -> None:
    films = scored(shift=2)
    rules = calibrate(films)
    variant = RulesOnly(rules)

    raised = [
        sum(
            one.raised and one.probability == one.threshold
            for one in classify(Grid(np.zeros((4, 1)), row, np.zeros((N, 1))), variant)
        )
        for row in films.logits
    ]

    assert sum(raised) >= N - 5


class RulesOnly:
    """A variant as far as classify looks at it."""

    least_detail = 0.0

    def __init__(self, rules: dict[str, FindingRule]) -> None:
        self.rules = rules


def test_the_probability_matches_how_often_a_finding_is_there() -> None:
    films = scored(shift=2, positives=60)
    rule = calibrate(films)["pleural effusion"]

    logits, truth = films.known(EFFUSION, ("iu",))

    assert probability(rule, logits).mean() == pytest.approx(truth.mean(), abs=0.06)


def renamed(films: Scored, *names: str) -> Scored:
    """The same films as of other data sets and views."""
    return Scored(replace(films.studies, sources=(*names, "phantom")), films.logits)


def test_other_data_sets_are_calibrated_on_the_first_of_them() -> None:
    films, pack = renamed(scored(shift=4), "own", "site-PA", "site-AP"), calibrate(scored(shift=4))

    rules = calibrate(films)

    assert films.studies.first == "own"
    assert rules["scoliosis"].support.data == "own"
    assert rules["scoliosis"].thresholds == pack["scoliosis"].thresholds
    assert rules["pneumothorax"].support.data == "site"
    assert {denials(films)[name].data for name in FINDINGS} == {"site"}


def test_films_that_show_nothing_calibrate_nothing() -> None:
    with pytest.raises(TrainingError, match="validation films of 'iu' with and without findings"):
        calibrate(scored(positives=0))

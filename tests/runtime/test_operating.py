"""Thresholds keep their targets on the films that they were fitted to, and AUROC its groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radscr_edge.claims import Profile, Status
from radscr_runtime.discrimination import Labelled, support_of
from radscr_runtime.operating import (
    AFFIRMED_SPECIFICITY,
    RAISED_SPECIFICITY,
    TRIAGE_SENSITIVITY,
    points,
    rare_points,
)


def films(shift=2.0, positives=30, negatives=170, seed=0, groups=1):
    rng = np.random.default_rng(seed)
    truth = np.arange(positives + negatives) < positives
    logits = (rng.normal(size=len(truth)) + shift * truth).astype(np.float32)
    return Labelled("iu", logits, truth, np.arange(len(truth)) % groups)


def test_triage_reaches_its_sensitivity_where_the_ranking_allows_it():
    found = films(shift=3)

    zones = points(found, Status.VALIDATED, targeted=False)[Profile.TRIAGE]

    assert (found.logits[found.truth] >= zones.raised).mean() >= TRIAGE_SENSITIVITY


@given(shift=st.floats(-1, 4), seed=st.integers(0, 20), targeted=st.booleans())
def test_alarms_stay_within_their_share_of_the_negatives(shift, seed, targeted):
    found = films(shift, seed=seed)
    negatives = found.logits[~found.truth]

    zones = points(found, Status.VALIDATED, targeted)

    raised = {name: (negatives >= zone.raised).mean() for name, zone in zones.items()}
    affirmed = {name: (negatives >= zone.affirmed).mean() for name, zone in zones.items()}
    assert raised[Profile.BALANCED] <= 1 - RAISED_SPECIFICITY[Profile.BALANCED]
    assert affirmed[Profile.BALANCED] <= 1 - AFFIRMED_SPECIFICITY[Profile.BALANCED] + 1e-9
    assert raised[Profile.CONFIRM] <= 1 - AFFIRMED_SPECIFICITY[Profile.CONFIRM] + 1e-9
    assert raised[Profile.TRIAGE] >= raised[Profile.BALANCED] >= raised[Profile.CONFIRM]


def test_what_is_not_validated_is_affirmed_in_no_profile():
    found = films()

    for zones in (points(found, Status.NOT_VALIDATED, False), rare_points(found.logits)):
        assert {zone.affirmed for zone in zones.values()} == {None}


def test_the_interval_holds_the_area_and_narrows_with_more_films():
    few, many = support_of(films(shift=1)), support_of(films(1, positives=300, negatives=1700))

    assert few.low < few.auroc < few.high
    assert few.high - few.low > 2 * (many.high - many.low)
    assert many.auroc == pytest.approx(0.76, abs=0.02)


def test_a_view_that_gives_the_label_away_adds_nothing_to_the_area():
    views = np.repeat([0, 1], 100)
    truth = np.concatenate([np.arange(100) < 10, np.arange(100) < 60])
    logits = views.astype(np.float32)

    support = support_of(Labelled("nih", logits, truth, views))

    assert support.auroc == 0.5
    assert support.status is Status.NOT_VALIDATED


def test_ties_count_half():
    truth = np.arange(40) < 20

    support = support_of(Labelled("iu", np.zeros(40, np.float32), truth, np.zeros(40, np.int64)))

    assert (support.auroc, support.low, support.high) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(("positives", "negatives"), [(9, 100), (100, 9)])
def test_too_few_of_a_kind_give_counts_only(positives, negatives):
    support = support_of(films(positives=positives, negatives=negatives))

    assert (support.positives, support.negatives, support.auroc) == (positives, negatives, None)

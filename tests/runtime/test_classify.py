"""Logits become statements by the calibration of the network in use, and by nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from stand_ins import grid, variant, zones

from radscr_edge.claims import Profile, Thresholds
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Presence
from radscr_runtime.classify import classify


def classified(logit, profile=Profile.BALANCED, **changes):
    logits = np.full(len(FINDINGS), logit, np.float32)
    return classify(grid(logits=logits), variant(**changes), profile)


@pytest.mark.parametrize(
    ("logit", "denied", "presence"),
    [
        (0.5, 0.2, Presence.PRESENT),
        (-0.2, 0.2, Presence.UNCERTAIN),
        (-1.0, 0.2, Presence.INDETERMINATE),
        (-3.0, 0.2, Presence.ABSENT),
        (-1.0, None, Presence.NOT_ASSESSED),
        (-3.0, None, Presence.NOT_ASSESSED),
    ],
)
def test_the_thresholds_make_five_statements(logit, denied, presence):
    found = classified(logit, denied=denied)

    assert {one.presence for one in found} == {presence}


def test_a_probability_on_a_threshold_has_reached_it():
    raised = classified(0.0, thresholds=zones(0.5, 0.6))[0]
    affirmed = classified(0.0, thresholds=zones(0.4, 0.5))[0]

    assert raised.probability == 0.5
    assert raised.presence is Presence.UNCERTAIN
    assert affirmed.presence is Presence.PRESENT


def test_a_probability_on_the_threshold_of_denial_is_not_denied():
    found = classified(0.0, thresholds=zones(0.9, 0.9), denied=0.5)

    assert found[0].presence is Presence.INDETERMINATE


def test_what_is_never_affirmed_stays_hedged_however_probable():
    found = classified(9.0, thresholds=zones(0.4, None))

    assert found[0].presence is Presence.UNCERTAIN


@pytest.mark.parametrize(
    ("profile", "presence"),
    [
        (Profile.TRIAGE, Presence.PRESENT),
        (Profile.BALANCED, Presence.UNCERTAIN),
        (Profile.CONFIRM, Presence.INDETERMINATE),
    ],
)
def test_the_profile_picks_the_thresholds(profile, presence):
    thresholds = {
        Profile.TRIAGE: Thresholds(0.3, 0.4),
        Profile.BALANCED: Thresholds(0.4, 0.6),
        Profile.CONFIRM: Thresholds(0.7, 0.7),
    }

    found = classified(0.0, profile, thresholds=thresholds)

    assert found[0].presence is presence


@pytest.mark.parametrize(
    ("logit", "presence"), [(9.0, Presence.UNCERTAIN), (-9.0, Presence.INDETERMINATE)]
)
def test_nothing_is_sure_of_an_image_without_the_detail_of_a_film(logit, presence):
    flat = replace(grid(logits=np.full(len(FINDINGS), logit)), features=np.ones((64, 6)))

    found = classify(flat, replace(variant(), least_detail=0.01))

    assert {one.presence for one in found} == {presence}


def test_slope_and_intercept_calibrate_the_logit():
    found = classified(2.0, slope=0.5, intercept=-1.0)

    assert found[0].probability == pytest.approx(0.5)


def test_every_abnormality_answers_in_the_order_of_the_network():
    logits = np.linspace(-5, 5, len(FINDINGS)).astype(np.float32)

    found = classify(grid(logits=logits), variant())

    assert tuple(one.finding for one in found) == FINDINGS
    assert [one.probability for one in found] == sorted(one.probability for one in found)


def test_an_uncalibrated_number_is_marked_as_such():
    assert not classified(0.0, calibrated=False)[0].calibrated
    assert classified(0.0, calibrated=True)[0].calibrated

"""Logits become statements by the calibration of the network in use, and by nothing else."""

import numpy as np
import pytest
from stand_ins import grid, variant

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Presence
from radscr_runtime.classify import classify


def classified(logit, **changes):
    logits = np.full(len(FINDINGS), logit, np.float32)
    return classify(grid(logits=logits), variant(**changes))


@pytest.mark.parametrize(
    ("logit", "absent", "presence"),
    [
        (0.5, 0.2, Presence.PRESENT),
        (-0.5, 0.2, Presence.INDETERMINATE),
        (-3.0, 0.2, Presence.ABSENT),
        (-0.5, None, Presence.NOT_ASSESSED),
        (-3.0, None, Presence.NOT_ASSESSED),
    ],
)
def test_the_two_thresholds_make_four_statements(logit, absent, presence):
    found = classified(logit, absent=absent)

    assert {one.presence for one in found} == {presence}


def test_a_probability_on_its_threshold_is_present():
    found = classified(0.0, present=0.5)

    assert found[0].probability == 0.5
    assert found[0].presence is Presence.PRESENT


def test_a_probability_on_the_absent_threshold_is_not_denied():
    found = classified(0.0, present=0.9, absent=0.5)

    assert found[0].presence is Presence.INDETERMINATE


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

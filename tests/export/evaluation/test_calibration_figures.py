"""Probabilities whose fault is known get the slope, intercept, error and verdict of that fault."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from export.evaluation.made_readings import made_readings
from sklearn.linear_model import LogisticRegression

from radscr_edge.ontology import FINDINGS
from radscr_export.data.labels import State
from radscr_export.evaluation.calibration_figures import (
    brier_skill,
    calibration_figures,
    calibration_intercept,
    calibration_slope,
    equal_mass_error,
    judge,
    reliability_curve,
)

ONCE = np.ones((1, 8000), np.float32)
LOGIT = np.random.default_rng(2).normal(-1, 1.5, 8000)


def chance(logit: np.ndarray) -> np.ndarray:
    return (1 / (1 + np.exp(-logit))).astype(np.float32)


def drawn(logit: np.ndarray) -> np.ndarray:
    return np.random.default_rng(3).random(len(logit)) < chance(logit)


def test_the_slope_is_that_of_an_unpenalised_logistic_regression() -> None:
    truth = drawn(0.5 * LOGIT)

    slope = calibration_slope(chance(LOGIT), truth, ONCE)

    expected = LogisticRegression(C=1e9, tol=1e-8).fit(LOGIT[:, None], truth).coef_[0, 0]
    assert slope[0] == pytest.approx(expected, abs=1e-3)
    assert slope[0] == pytest.approx(0.5, abs=0.06)


def test_probabilities_that_are_too_high_have_an_intercept_below_0() -> None:
    intercept = calibration_intercept(chance(LOGIT), drawn(LOGIT - 1), ONCE)

    assert intercept[0] == pytest.approx(-1, abs=0.1)


def test_separated_classes_have_no_slope() -> None:
    truth = np.arange(8) > 3

    slope = calibration_slope(np.linspace(0.1, 0.9, 8), truth, np.ones((1, 8), np.float32))

    assert np.isnan(slope[0])


def test_always_saying_the_prevalence_has_no_skill_and_knowing_has_all() -> None:
    truth = np.arange(10) < 3
    weights = np.ones((1, 10), np.float32)

    assert brier_skill(np.full(10, 0.3), truth, weights)[0] == pytest.approx(0)
    assert brier_skill(truth.astype(np.float32), truth, weights)[0] == pytest.approx(1)


def test_the_error_is_the_gap_of_said_and_seen() -> None:
    truth = np.tile([True, False], 50)
    said = np.full(100, 0.3, np.float32)

    error = equal_mass_error(said, truth, np.ones((1, 100), np.float32))

    assert error[0] == pytest.approx(0.2)
    assert reliability_curve(said, truth) == [{"said": 0.3, "seen": 0.5, "films": 10}] * 10


@pytest.mark.parametrize(
    ("slope", "verdict"), [(1.0, "calibrated"), (0.5, "not calibrated"), (1.6, "not calibrated")]
)
def test_the_verdict_follows_the_slope(slope: float, verdict: str) -> None:
    logit = LOGIT[:4000]
    weights = np.ones((3, 4000), np.float32)

    assert judge(chance(logit), drawn(slope * logit), weights)["verdict"] == verdict


def test_fewer_than_15_positives_are_never_calibrated(bundle_folder: Path) -> None:
    states = np.full((60, len(FINDINGS)), State.ASSUMED, np.int8)
    states[:14, 0] = State.POSITIVE
    states[:15, 1] = State.POSITIVE
    logits = np.random.default_rng(0).normal(size=states.shape)
    readings = made_readings(bundle_folder, states, logits, ["iu"] * 60)

    found = calibration_figures(readings)

    assert list(found) == list(FINDINGS)
    assert found[FINDINGS[0]]["verdict"] == "not calibrated"
    assert "slope" not in found[FINDINGS[0]]
    assert found[FINDINGS[1]]["slope"]["low"] <= found[FINDINGS[1]]["slope"]["value"]

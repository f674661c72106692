"""Statistics over rows of weights equal those of the films that the weights stand for."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from radscr_export.evaluation.bootstrap import (
    draw_weights,
    interval,
    mean_defined,
    weighted_auroc,
    weighted_average_precision,
    weighted_mean,
)

RNG = np.random.default_rng(1)
TRUTH = RNG.random(60) < 0.3
SCORES = np.round(TRUTH + RNG.normal(0, 1, 60), 1).astype(np.float32)
"""Rounded, so that some are tied."""
WEIGHTS = draw_weights([str(one) for one in range(60)], draws=20)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (weighted_auroc, roc_auc_score),
        (weighted_average_precision, average_precision_score),
    ],
)
def test_every_row_gives_what_scikit_learn_gives_of_the_drawn_films(ours, theirs) -> None:
    found = ours(SCORES, TRUTH, WEIGHTS)

    for value, weights in zip(found, WEIGHTS, strict=True):
        drawn = np.repeat(np.arange(60), weights.astype(int))
        assert value == pytest.approx(theirs(TRUTH[drawn], SCORES[drawn]))


def test_films_of_one_patient_are_drawn_together() -> None:
    weights = draw_weights(["a", "b", "a", "c"], draws=50)

    assert weights.shape == (51, 4)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_the_interval_holds_the_middle_95_percent_of_the_defined_draws() -> None:
    found = interval(np.array([0.4, *np.linspace(0, 1, 1001), np.nan]))

    assert (found.value, found.low, found.high) == pytest.approx((0.4, 0.025, 0.975))


def test_a_draw_without_positives_has_no_area() -> None:
    weights = np.array([[1, 1], [0, 2]], np.float32)

    found = weighted_auroc(np.array([1, 0], np.float32), np.array([True, False]), weights)

    assert found[0] == 1
    assert np.isnan(found[1])


def test_the_macro_mean_is_over_what_is_defined_in_a_draw() -> None:
    found = mean_defined([np.array([0.2, np.nan]), np.array([0.4, 0.6])])

    assert found == pytest.approx([0.3, 0.6])


def test_the_weighted_mean_counts_a_film_as_often_as_it_was_drawn() -> None:
    weights = np.array([[1, 1], [3, 1], [0, 0]], np.float32)

    found = weighted_mean(np.array([0, 1], np.float32), weights)

    assert found[:2] == pytest.approx([0.5, 0.25])
    assert np.isnan(found[2])

"""Areas agree with scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from radscr_export.data.labels import State
from radscr_export.metrics import assessable, auroc, finding_aurocs


@given(
    scores=st.lists(st.integers(0, 9), min_size=4, max_size=40),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_auroc_is_scikit_learns_with_ties_too(scores: list[int], seed: int) -> None:
    truth = np.random.default_rng(seed).random(len(scores)) < 0.5
    truth[:2] = (True, False)

    area = auroc(np.array(scores, np.float32), truth)

    assert area == pytest.approx(roc_auc_score(truth, scores))


def test_auroc_of_one_class_is_not_a_number() -> None:
    assert math.isnan(auroc(np.ones(3, np.float32), np.ones(3, np.bool_)))


def films(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Scores and states of two findings, the second of which has too few positives."""
    rng = np.random.default_rng(0)
    states = np.full((count, 2), State.NEGATIVE, np.int8)
    states[: count // 3, 0] = State.POSITIVE
    states[:5, 1] = State.POSITIVE
    scores = rng.normal(size=(count, 2)).astype(np.float32)
    scores[: count // 3, 0] += 1
    return scores, states


def test_a_finding_with_five_positives_is_not_assessed() -> None:
    _, states = films()

    assert assessable(states) == [0]


def test_unlabelled_films_do_not_count_but_assumed_negatives_do() -> None:
    scores, states = films()
    states[-10:, 0] = State.ASSUMED
    before = finding_aurocs(scores, states, [0])
    scores, states = np.vstack([scores, [[9, 9]]]), np.vstack([states, [[State.UNKNOWN] * 2]])

    after = finding_aurocs(scores.astype(np.float32), states, [0])

    assert before == after

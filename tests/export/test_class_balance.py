"""Weights by rarity: as the formula says, and no heavier in sum than without them."""

from __future__ import annotations

import numpy as np
import pytest

from radscr_edge.ontology import FINDINGS
from radscr_export.class_balance import class_balance
from radscr_export.data.labels import State

N = len(FINDINGS)


def films(positives: int, negatives: int, unknown: int = 0) -> np.ndarray:
    """Label states in which every finding is so frequent."""
    column = [State.POSITIVE] * positives + [State.NEGATIVE] * negatives + [State.UNKNOWN] * unknown
    return np.tile(np.array(column, np.int8)[:, None], N)


def test_the_ratio_is_that_of_the_effective_numbers() -> None:
    absence, presence = class_balance(films(5, 200), 0.99)[0]

    assert presence / absence == pytest.approx((1 - 0.99**200) / (1 - 0.99**5), rel=1e-5)


def test_the_labelled_cells_of_a_finding_weigh_one_on_average() -> None:
    balance = class_balance(films(5, 200, unknown=30), 0.999)

    np.testing.assert_allclose(balance @ [200, 5], 205, rtol=1e-5)


def test_without_beta_all_weigh_alike() -> None:
    np.testing.assert_array_equal(class_balance(films(5, 200), 0.0), np.ones((N, 2)))


def test_what_never_occurs_leaves_the_other_side_as_it_is() -> None:
    balance = class_balance(films(0, 10), 0.99)

    np.testing.assert_allclose(balance[:, 0], 1, rtol=1e-6)
    np.testing.assert_array_equal(balance[:, 1], np.zeros(N))


def test_a_finding_that_nobody_labelled_weighs_nothing() -> None:
    np.testing.assert_array_equal(class_balance(films(0, 0, 5), 0.99), np.zeros((N, 2)))

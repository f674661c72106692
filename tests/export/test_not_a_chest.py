"""What is made for the view gate to refuse: pictures of one size, and refused when never seen."""

from __future__ import annotations

import numpy as np
import pytest

from radscr_edge.imaging.gate import Look, view_gate
from radscr_edge.records import Bytes, Side
from radscr_export.not_a_chest import CUT, DRAWN, SIDE, cut_other, draw_other
from radscr_export.phantoms import draw_phantom

UNSEEN = 1234
REFUSED = (Look.LATERAL, Look.OTHER)


@pytest.fixture(scope="module")
def films() -> list[Bytes]:
    return [draw_phantom(seed, None, Side.NONE, 256).pixels for seed in range(6)]


def test_the_same_seed_makes_the_same_pictures(films: list[Bytes]) -> None:
    first, second = (np.random.default_rng(3) for _ in range(2))

    for _ in range(20):
        np.testing.assert_array_equal(draw_other(first), draw_other(second))
        np.testing.assert_array_equal(cut_other(films, first), cut_other(films, second))


@pytest.mark.parametrize("draw", dict.fromkeys(DRAWN))
def test_every_kind_is_drawn_at_the_one_size_and_differs_each_time(draw) -> None:
    rng = np.random.default_rng(0)

    first, second = draw(rng), draw(rng)

    assert first.shape == second.shape == (SIDE, SIDE)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("cut", dict.fromkeys(CUT))
def test_every_cutting_has_the_one_size_of_bytes(cut, films: list[Bytes]) -> None:
    made = cut(films, np.random.default_rng(0))

    assert made.shape == (SIDE, SIDE)
    assert made.dtype == np.uint8


def test_the_gate_refuses_drawings_that_it_never_saw() -> None:
    rng = np.random.default_rng(UNSEEN)

    looks = [view_gate().look(draw_other(rng)) for _ in range(300)]

    assert np.mean([look in REFUSED for look in looks]) >= 0.98

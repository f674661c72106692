"""Rectangles find their way back to the file's own pixels, however the film was turned."""

import numpy as np
import pytest

from radscr_edge.geometry import to_original
from radscr_edge.patches import boxes_of, outlines_of
from radscr_edge.records import Box, Geometry


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_mark_on_the_turned_film_maps_to_where_it_lies_in_the_file(turns, mirrored):
    stored = np.zeros((60, 100), np.uint8)
    stored[10:30, 5:45] = 1
    upright = np.rot90(stored, turns)
    upright = upright[:, ::-1] if mirrored else upright
    rows, columns = np.nonzero(upright)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)

    found = to_original(Geometry(100, 60, turns, mirrored), upright.shape, box)

    assert found == Box(5, 10, 45, 30)


def test_a_smaller_upright_film_is_scaled_back():
    assert to_original(Geometry(2000, 1000), (500, 1000), (10, 20, 30, 40)) == Box(20, 40, 60, 80)


def test_a_box_never_leaves_the_image_nor_vanishes():
    assert to_original(Geometry(100, 100), (50, 50), (-5, 49.9, 60, 49.9)) == Box(0, 99, 100, 100)


def test_parts_of_a_region_become_boxes_largest_first():
    region = np.zeros((4, 4), np.bool_)
    region[0, 0] = True
    region[2:4, 2:4] = True

    assert boxes_of(region.ravel(), 64, 64) == [(32, 32, 64, 64), (0, 0, 16, 16)]


def test_a_tall_film_leaves_the_bars_of_the_letter_box_out():
    region = np.ones(16, np.bool_)

    assert boxes_of(region, 640, 320) == [(0, 0, 320, 640)]


def test_an_outline_surrounds_its_patch():
    region = np.zeros(16, np.bool_)
    region[5] = True

    (outline,) = outlines_of(region, 64, 64)

    xs, ys = zip(*outline, strict=True)
    assert 12 <= min(xs) <= 20
    assert 28 <= max(xs) <= 36
    assert 12 <= min(ys) <= 20
    assert 28 <= max(ys) <= 36

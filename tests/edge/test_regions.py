"""B_m is never empty and keeps to the film."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from radscr_edge.imaging import content_points, fit, letterbox
from radscr_edge.ontology import zones_of
from radscr_edge.regions import major_anatomy, objectness


def test_a_peak_and_its_slope_become_the_region():
    saliency = np.zeros((8, 8), np.float32)
    saliency[2:4, 2:4] = (1.0, 0.6)
    saliency[6, 6] = 0.3

    region, fallback = objectness(saliency.ravel(), np.ones(64, np.bool_), 0.7, 0.4)

    assert np.flatnonzero(region).tolist() == [18, 19, 26, 27]
    assert not fallback


def test_a_wide_and_faint_part_does_not_take_the_peaks_place():
    saliency = np.zeros((8, 8), np.float32)
    saliency[4:8, :] = 0.5
    saliency[0, 0] = 1.0

    region, fallback = objectness(saliency.ravel(), np.ones(64, np.bool_), 0.7, 0.4)

    assert np.flatnonzero(region).tolist() == [0]
    assert not fallback


@given(
    saliency=arrays(np.float32, 64, elements=st.floats(0, 8, width=32)),
    high=st.floats(0.5, 1.0),
    low=st.floats(0.1, 0.5),
)
def test_a_region_is_never_empty(saliency, high, low):
    region, _ = objectness(saliency, np.ones(64, np.bool_), high, low)

    assert region.any()


def test_nothing_salient_falls_back_to_one_patch():
    region, fallback = objectness(np.zeros(64, np.float32), np.ones(64, np.bool_), 0.7, 0.4)

    assert region.sum() == 1
    assert fallback


def test_patches_off_the_film_never_count():
    saliency = np.array([9.0, 0.0, 1.0, 0.0], np.float32)
    inside = np.array([False, True, True, True])

    region, _ = objectness(saliency, inside, 0.7, 0.4)

    assert region.tolist() == [False, False, True, False]


def test_the_patients_right_is_on_the_images_left():
    points = np.array([[0.25, 0.3]], np.float32)

    zones = zones_of(points, np.ones(1, np.float32))

    assert zones[0].name == "right upper lung zone"


def test_the_major_anatomy_covers_the_lungs_but_not_the_bars():
    points, inside = content_points(fit(200, 100, 256), 16)

    anatomy = major_anatomy(points, inside)

    assert anatomy.any()
    assert not anatomy[~inside].any()


def test_the_letter_box_keeps_the_films_proportions():
    film = np.full((300, 150), 200, np.uint8)

    square = letterbox(film, 256)[0, 0]

    columns = np.flatnonzero(square.any(axis=0))
    assert (columns[0], columns[-1]) == (64, 191)
    assert square[:, 64:192].min() == 200

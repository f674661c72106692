"""A side is named only where the saliency lies on it; a place is never empty."""

import re

import numpy as np
import pytest
from stand_ins import PATCHES, SIDE, grid, hypotheses, radiograph, settings

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Side
from radscr_runtime.localise import localise

EFFUSION, EDEMA = "pleural effusion", "pulmonary edema/hazy opacity"


def located(finding, right=0.0, left=0.0, film=None, **extent):
    """The place of a finding whose saliency is one block a side, at equal height."""
    saliency = np.zeros((SIDE, SIDE), np.float32)
    saliency[4:6, 1:3] = right
    saliency[4:6, 5:7] = left
    maps = np.zeros((len(FINDINGS), PATCHES), np.float32)
    maps[FINDINGS.index(finding)] = saliency.ravel()
    (place,) = localise(
        grid(saliency=maps),
        hypotheses(present=[finding]),
        film or radiograph(),
        settings(**extent),
    )
    return place


@pytest.mark.parametrize(
    ("right", "left", "side"),
    [
        (1.0, 0.0, Side.RIGHT),
        (0.0, 1.0, Side.LEFT),
        (1.0, 0.42, Side.RIGHT),
        (1.0, 0.44, Side.NONE),
        (0.42, 1.0, Side.LEFT),
        (1.0, 1.0, Side.NONE),
    ],
)
def test_a_side_needs_seventy_percent_of_the_saliency(right, left, side):
    place = located(EFFUSION, right, left, saliency_high=0.41)

    assert place.side is side
    assert (place.side_share >= 0.7) == (side is not Side.NONE)


def test_a_diffuse_finding_has_no_side():
    assert located(EFFUSION, right=1.0).side is Side.RIGHT
    assert located(EDEMA, right=1.0).side is Side.NONE


def test_without_saliency_the_location_is_uncertain_and_has_no_side():
    place = located(EFFUSION)

    assert place.fallback
    assert place.side is Side.NONE
    assert place.zones == ()
    assert place.region.sum() == 1
    assert len(place.boxes) == 1


def test_the_patients_right_is_named_after_the_images_left():
    place = located(EFFUSION, right=1.0)

    assert not place.fallback
    assert all(zone.startswith("right") for zone in place.zones)
    assert max(box.x1 for box in place.boxes) <= 80


def test_zones_never_name_another_side_than_the_one_asserted():
    place = located(EFFUSION, 1.0, 0.42, saliency_high=0.41, saliency_low=0.41)

    assert place.side is Side.RIGHT
    assert place.zones
    assert not any("left" in zone for zone in place.zones)


def test_without_a_side_zones_are_named_in_pairs_or_not_at_all():
    both = located(EFFUSION, right=1.0, left=1.0)
    one = located(EDEMA, right=1.0)

    assert {"right", "left"} <= {zone.split()[0] for zone in both.zones}
    assert not any(re.search("right|left", zone) for zone in one.zones)


def test_only_hypotheses_get_a_place():
    places = localise(grid(), hypotheses(absent=[EFFUSION]), radiograph(), settings())

    assert places == ()


def test_boxes_lie_in_the_files_own_image_however_it_was_turned():
    film = radiograph(height=160, width=80)
    turned = radiograph(height=160, width=80)
    object.__setattr__(turned, "geometry", type(film.geometry)(320, 160, quarter_turns=1))

    place = located(EFFUSION, right=1.0, left=1.0, film=turned)

    upright = located(EFFUSION, right=1.0, left=1.0, film=film)
    # The file's 320 x 160 pixels, turned counter-clockwise and halved, are the upright 80 x 160.
    expected = [
        (320 - 2 * box.y1, 2 * box.x0, 320 - 2 * box.y0, 2 * box.x1) for box in upright.boxes
    ]
    assert sorted((b.x0, b.y0, b.x1, b.y1) for b in place.boxes) == sorted(expected)

"""Made maps hit or miss made boxes, as the pointing game counts it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from export.evaluation.made_readings import PATCHES, made_readings
from export.tiny_pack import write_table

from radscr_edge.ontology import FINDINGS
from radscr_export.data.labels import State
from radscr_export.data.nih_boxes import Boxed, nih_columns
from radscr_export.evaluation.boxes import centres_of_mass, most_covered, overlap
from radscr_export.evaluation.localisation import coarsest, localisation, match

COLUMNS = ("image", "label", "x_rel", "y_rel", "w_rel", "h_rel", "split")
LEFT, RIGHT = (0.125, 0.25, 0.25, 0.25), (0.625, 0.25, 0.25, 0.25)
"""x, y, width, height."""


def row(image: str, label: str, box: tuple[float, ...], split: str) -> dict[str, object]:
    return dict(zip(COLUMNS, (image, label, *box, split), strict=True))


def bright(box: tuple[float, ...]) -> np.ndarray:
    """Saliency (P,) that is 1 in a box and 0 elsewhere."""
    x, y, width, height = (round(32 * one) for one in box)
    grid = np.zeros((32, 32), np.float32)
    grid[y : y + height, x : x + width] = 1
    return grid.reshape(PATCHES)


@pytest.fixture
def found(bundle_folder: Path, tmp_path: Path) -> dict:
    """Two masses on the right, of which the map sees one; the training boxes are on the left."""
    boxes = [
        row("00000009_000.png", "Mass", LEFT, "train"),
        row("00000001_000.png", "Mass", RIGHT, "val"),
        row("00000002_000.png", "Mass", RIGHT, "val"),
        row("00000003_000.png", "Mass", RIGHT, "test"),
    ]
    write_table(tmp_path / "nih_cxr14" / "nih_boxes.csv", COLUMNS, boxes)
    mass = nih_columns()["Mass"]
    states = np.full((2, len(FINDINGS)), State.NEGATIVE, np.int8)
    saliency = np.zeros((2, len(FINDINGS), PATCHES), np.float32)
    saliency[0, mass], saliency[1, mass] = bright(RIGHT), bright(LEFT)
    readings = made_readings(
        bundle_folder,
        states,
        np.zeros(states.shape),
        ["nih-PA", "nih-AP"],
        ids=("00000001_000.jpg", "00000002_000.jpg"),
        saliency=saliency,
    )
    return localisation(readings, tmp_path)


def test_one_of_two_masses_is_pointed_at(found: dict) -> None:
    mass = found["per_label"]["Mass"]

    assert (found["films"], found["boxes"]) == (2, 2)
    assert mass["pointing"]["value"] == 0.5
    assert mass["iou"]["value"] == pytest.approx(0.5)
    assert mass["ap_30"]["value"] == pytest.approx(0.25)
    assert mass["fallback"]["value"] == 0.0


def test_the_blind_point_of_the_other_side_hits_nothing(found: dict) -> None:
    mass = found["per_label"]["Mass"]

    assert mass["most_covered"]["value"] == mass["centre_of_mass"]["value"] == 0.0
    assert mass["pointing_above_most_covered"]["value"] == 0.5


def test_a_map_at_a_coarser_grid_points_at_its_brightest_cell() -> None:
    grid = np.zeros((4, 4), np.float32)
    grid[1, 0] = 1.0  # alone in its cell
    grid[2:, 2:] = 0.5

    x, y = coarsest(grid.reshape(-1), (64, 64))

    assert (x, y) == (0.75, 0.75)


def test_without_cardiomegaly_the_macro_figure_is_the_same(found: dict) -> None:
    assert found["macro"]["pointing"] == found["macro_without_cardiomegaly"]["pointing"]


def test_a_pack_without_boxes_is_not_measured(bundle_folder: Path, tmp_path: Path) -> None:
    nothing = np.zeros((0, len(FINDINGS)))

    assert localisation(made_readings(bundle_folder, nothing, nothing, []), tmp_path) is None


def test_each_true_box_is_found_once_and_by_the_brightest() -> None:
    true = [(0.0, 0.0, 0.2, 0.2)]
    drawn = [(0.0, 0.0, 0.2, 0.19), (0.0, 0.0, 0.2, 0.2), (0.5, 0.5, 0.6, 0.6)]

    assert match(drawn, [1.0, 2.0, 3.0], true) == (False, True, False)


def test_half_overlapping_boxes_share_a_third() -> None:
    assert overlap((0, 0, 0.2, 0.2), (0.1, 0, 0.3, 0.2)) == pytest.approx(1 / 3)


def test_blind_points_come_from_all_boxes_of_a_label() -> None:
    boxes = ((0.0, 0.0, 0.2, 0.2), (0.1, 0.0, 0.3, 0.2), (0.8, 0.8, 0.9, 0.9))
    boxed = [Boxed("1_0", "Mass", 0, boxes)]

    x, y = most_covered(boxed)["Mass"]
    centre = centres_of_mass(boxed)["Mass"]

    assert 0.1 <= x <= 0.2
    assert y <= 0.2
    assert centre == pytest.approx([(4 * 0.1 + 4 * 0.2 + 0.85) / 9, (8 * 0.1 + 0.85) / 9])

"""The radiologist's boxes reach the training set on the pixels that the network sees."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from export.tiny_pack import write_table

from radscr_export.data.nih_boxes import TABLE
from radscr_export.data.training_set import load_studies

COLUMNS = ("image", "label", "x_rel", "y_rel", "w_rel", "h_rel", "split")


def test_boxes_lie_on_the_letter_boxed_film_of_their_own_split(pack: Path, tmp_path: Path) -> None:
    data = shutil.copytree(pack, tmp_path / "pack")
    box = {"label": "Effusion", "x_rel": 0.5, "y_rel": 0.25, "w_rel": 0.25, "h_rel": 0.5}
    rows = [
        {"image": "00090001_000.png", "split": "train", **box},
        {"image": "00090002_000.png", "split": "val", **box},
    ]
    write_table(data / TABLE, COLUMNS, rows)

    studies = load_studies(data, "train", 64)

    boxed = {name: one for name, one in zip(studies.ids, studies.boxes, strict=True) if one}
    assert list(boxed) == ["00090001_000.jpg"]
    (found,) = boxed["00090001_000.jpg"]
    height, width = (int(one) for one in studies.shapes[studies.ids.index("00090001_000.jpg")])
    longest = max(height, width)
    assert found.finding == "pleural effusion"
    assert found.box[2] - found.box[0] == pytest.approx(64 * width / longest / 4, abs=1)
    assert found.box[3] - found.box[1] == pytest.approx(64 * height / longest / 2, abs=1)


def test_a_pack_without_boxes_has_none(pack: Path) -> None:
    assert not any(load_studies(pack, "train", 64).boxes)

"""Films come out of a data pack as the clinic's reader would see them."""

from __future__ import annotations

import csv
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from export.tiny_pack import NIH, write_shard, write_table

from radscr_edge.errors import TrainingError
from radscr_edge.imaging import DecodingWorker, letterbox, load_radiograph
from radscr_edge.records import Side
from radscr_export.data.films import load_films, restore_aspect
from radscr_export.data.training_set import film_masks, load_studies
from radscr_export.phantoms import draw_phantom
from radscr_export.walk import as_radiograph

SIZE = 64


@pytest.mark.parametrize(
    ("orig_w", "orig_h", "shape"),
    [(2000, 2500, (256, 205)), (2500, 2000, (205, 256)), (2000, 2000, (256, 256))],
)
def test_a_squashed_film_gets_its_aspect_back(
    orig_w: int, orig_h: int, shape: tuple[int, int]
) -> None:
    square = np.zeros((256, 256), np.uint8)

    film = restore_aspect(square, {"orig_w": f"{orig_w}.0", "orig_h": f"{orig_h}.0"})

    assert film.shape == shape


@pytest.mark.parametrize("row", [{}, {"orig_w": "", "orig_h": ""}, {"orig_w": "0", "orig_h": "9"}])
def test_a_film_of_unknown_aspect_stays_as_it_is(row: dict[str, str]) -> None:
    pixels = np.zeros((200, 256), np.uint8)

    assert restore_aspect(pixels, row) is pixels


def test_training_sees_a_film_just_as_the_clinic_does(tmp_path: Path) -> None:
    pixels = draw_phantom(1, None, Side.NONE, 300).pixels
    write_one_film(tmp_path, pixels)
    with tarfile.open(tmp_path / "nih_cxr14" / "nih_images.tar") as shard:
        shard.extractall(tmp_path, filter="data")
    with DecodingWorker() as worker:
        radiograph = load_radiograph(tmp_path / "1_0.jpg", worker)

    trained = load_films(tmp_path, "nih", SIZE).images[0]

    clinic = letterbox(radiograph.pixels, SIZE)[0, 0]
    assert np.abs(trained.astype(int) - clinic).max() <= 1


def test_a_film_of_the_pack_passes_through_the_walk_unchanged(pack: Path) -> None:
    studies = load_studies(pack, "val", SIZE)

    for row in range(0, len(studies.ids), 7):
        again = letterbox(as_radiograph(studies, row).pixels, SIZE)[0, 0]
        np.testing.assert_array_equal(again, studies.images[row])


def test_film_masks_leave_out_the_bars(pack: Path) -> None:
    studies = load_studies(pack, "val", SIZE)

    masks = film_masks(studies.shapes, SIZE).reshape(-1, 4, 4)

    bars = studies.images.reshape(-1, 4, 16, 4, 16).max(axis=(2, 4)) == 0
    assert masks.any(axis=(1, 2)).all()
    assert not (masks & bars).any()


def test_a_split_holds_its_own_films_in_the_order_of_its_table(pack: Path) -> None:
    films = load_films(pack, "iu", SIZE)

    part = films.subset("val")

    assert {row["split"] for row in part.rows} == {"val"}
    wanted = [
        image for image, row in zip(films.images, films.rows, strict=True) if row in part.rows
    ]
    np.testing.assert_array_equal(part.images, np.stack(wanted))


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"nih_images\.csv is missing: give the folder"):
        load_films(tmp_path, "nih", SIZE)


def test_an_unknown_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="'mimic' is no film set; choose one of iu, iu-lateral"):
        load_films(tmp_path, "mimic", SIZE)


def test_a_film_that_the_shard_lacks_is_counted(tmp_path: Path) -> None:
    write_one_film(tmp_path, draw_phantom(1, None, Side.NONE, 96).pixels)
    write_shard(tmp_path / "nih_cxr14" / "nih_images.tar", {})

    with pytest.raises(TrainingError, match="lacks 1 of the films that its table lists"):
        load_films(tmp_path, "nih", SIZE)


def test_a_damaged_film_is_named(tmp_path: Path) -> None:
    write_one_film(tmp_path, draw_phantom(1, None, Side.NONE, 96).pixels)
    shard = tmp_path / "nih_cxr14" / "nih_images.tar"
    raw = bytearray(shard.read_bytes())
    raw[512:600] = bytes(88)
    shard.write_bytes(raw)

    with pytest.raises(TrainingError, match=r"1_0\.jpg in .* is damaged\. Copy the pack again"):
        load_films(tmp_path, "nih", SIZE)


def write_one_film(data: Path, pixels: np.ndarray) -> None:
    row = dict.fromkeys(NIH, "0") | {"file": "1_0.jpg", "patient_id": "1", "view": "PA"}
    row |= {"split": "train", "shard": "nih_images.tar"}
    write_table(data / "nih_cxr14" / "nih_images.csv", list(row), [row])
    write_shard(data / "nih_cxr14" / "nih_images.tar", {"1_0.jpg": pixels})


def test_the_published_films_get_the_aspect_of_their_originals(data: Path) -> None:
    with (data / "iu_xray" / "iu_images.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["shard"] == "iu_frontal.tar"][:200]
    square = np.zeros((256, 256), np.uint8)

    shapes = [restore_aspect(square, row).shape for row in rows]

    for (height, width), row in zip(shapes, rows, strict=True):
        assert max(height, width) == 256
        assert width / height == pytest.approx(
            float(row["orig_w"]) / float(row["orig_h"]), rel=0.01
        )


def test_a_shrunken_film_is_averaged_not_sampled() -> None:
    stripes = np.zeros((256, 256), np.uint8)
    stripes[::2] = 200

    film = letterbox(stripes, SIZE)[0, 0]

    assert np.ptp(film) == 0
    assert cv2.resize(stripes, (SIZE, SIZE), interpolation=cv2.INTER_NEAREST).max() != film.max()

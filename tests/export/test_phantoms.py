"""Phantoms: the same bytes every time, anatomy where it belongs, lesions inside their boxes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest

from radscr_edge.imaging import DecodingWorker, load_radiograph
from radscr_edge.imaging.gate import Look, check_plausible, view_gate
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Box, Bytes, Side, View
from radscr_export.phantoms import (
    GOLDEN_SEEDS,
    KINDS,
    PAINTED_KINDS,
    TRAINING_SEEDS,
    draw_phantom,
    paint_lesion,
    write_samples,
)
from radscr_export.phantoms.dicom import write_dicom
from radscr_export.phantoms.draw import GOLDEN_THORAX_WIDTH, THORAX_WIDTH, sample_anatomy
from radscr_export.phantoms.painting import find_thorax

HEART = "enlarged cardiac silhouette"
EFFUSION = "pleural effusion"
PNEUMOTHORAX = "pneumothorax"
NODULE = "mass/nodule (not otherwise specified)"
BOTH = (Side.RIGHT, Side.LEFT)


def crop(film: Bytes, box: Box) -> np.ndarray:
    return film[box.y0 : box.y1, box.x0 : box.x1].astype(float)


def test_every_kind_is_an_abnormality_of_the_ontology() -> None:
    unknown = set(KINDS) - set(FINDINGS)

    assert not unknown
    assert set(PAINTED_KINDS) == set(KINDS) - {HEART}


@pytest.mark.parametrize("finding", [None, *KINDS])
def test_the_same_arguments_draw_the_same_pixels(finding: str | None) -> None:
    first, second = (draw_phantom(7, finding, Side.LEFT, 256) for _ in range(2))

    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert first.lesions == second.lesions


def test_another_seed_draws_another_chest() -> None:
    first, second = (draw_phantom(seed, None, Side.NONE, 256).pixels for seed in (1, 2))

    assert first.shape != second.shape or not np.array_equal(first, second)


@pytest.mark.parametrize("side", BOTH)
@pytest.mark.parametrize("finding", [EFFUSION, NODULE, "consolidation"])
def test_an_opacity_brightens_its_box_and_little_else(finding: str, side: Side) -> None:
    normal = draw_phantom(11, None, Side.NONE).pixels
    phantom = draw_phantom(11, finding, side)

    change = phantom.pixels.astype(float) - normal
    inside = crop(change, phantom.lesions[0].box)

    assert inside.mean() > 8
    assert np.abs(change).sum() == pytest.approx(np.abs(inside).sum(), rel=0.15)


def test_a_pneumothorax_darkens_its_rim() -> None:
    normal = draw_phantom(11, None, Side.NONE).pixels
    phantom = draw_phantom(11, PNEUMOTHORAX, Side.LEFT)

    change = phantom.pixels.astype(float) - normal

    assert (crop(change, phantom.lesions[0].box) < -5).mean() > 0.15
    assert (change[:, : change.shape[1] // 2] == 0).all()


@pytest.mark.parametrize("finding", [EFFUSION, PNEUMOTHORAX, NODULE, "consolidation"])
def test_the_patients_right_is_on_the_images_left(finding: str) -> None:
    right, left = (draw_phantom(3, finding, side) for side in BOTH)

    middles = [(p.lesions[0].box.x0 + p.lesions[0].box.x1) / 2 for p in (right, left)]

    assert middles[0] < right.pixels.shape[1] / 2 < middles[1]
    assert [p.lesions[0].side for p in (right, left)] == [Side.RIGHT, Side.LEFT]


def test_a_nodule_is_3_to_6_percent_of_the_width() -> None:
    phantoms = [draw_phantom(seed, NODULE, Side.RIGHT) for seed in range(20)]

    shares = [(p.lesions[0].box.x1 - p.lesions[0].box.x0) / p.pixels.shape[1] for p in phantoms]

    assert min(shares) > 0.026
    assert max(shares) < 0.066


def test_an_enlarged_heart_has_no_side_and_a_box_over_half_the_thorax() -> None:
    phantom = draw_phantom(5, HEART, Side.LEFT)
    thorax = 2 * sample_anatomy(np.random.default_rng([5, 0]), False, True).thorax_width * 512

    box = phantom.lesions[0].box

    assert phantom.lesions[0].side is Side.NONE
    assert 0.56 < (box.x1 - box.x0) / thorax < 0.70


def test_a_lesion_without_a_side_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the right or the left side, not 'none'"):
        draw_phantom(1, NODULE, Side.NONE, 128)


def test_a_finding_that_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="'scoliosis' cannot be drawn"):
        draw_phantom(1, "scoliosis", Side.LEFT, 128)


def test_golden_chests_lie_outside_of_what_training_draws() -> None:
    golden = [sample_anatomy(np.random.default_rng(s), True, False) for s in range(50)]
    training = [sample_anatomy(np.random.default_rng(s), False, False) for s in range(50)]

    assert not set(GOLDEN_SEEDS) & set(TRAINING_SEEDS)
    assert THORAX_WIDTH[1] < GOLDEN_THORAX_WIDTH[0]
    assert max(a.thorax_width for a in training) < min(a.thorax_width for a in golden)


def test_phantoms_pass_for_upright_frontal_films() -> None:
    kinds = (None, *KINDS)
    drawn = [draw_phantom(s, kinds[s % 6], BOTH[s % 2]).pixels for s in range(50)]

    looks = [view_gate().look(pixels) for pixels in drawn]

    assert looks == [Look.FRONTAL] * 50
    for pixels in drawn:
        check_plausible(pixels, "phantom")


@pytest.mark.parametrize("seed", [0, 1, 2, GOLDEN_SEEDS[0]])
def test_the_thorax_of_a_film_is_found(seed: int) -> None:
    phantom = draw_phantom(seed, HEART, Side.NONE)
    heart = phantom.lesions[0].box

    frame = find_thorax(phantom.pixels)

    assert frame.centre == pytest.approx(phantom.pixels.shape[1] / 2, abs=25)
    assert 1.15 < 2 * frame.across / (heart.x1 - heart.x0) < 2.1


@pytest.mark.parametrize("shape", [(512, 512), (400, 512), (512, 400)])
@pytest.mark.parametrize("finding", PAINTED_KINDS)
def test_a_lesion_is_painted_on_a_film_of_any_shape(finding: str, shape: tuple[int, int]) -> None:
    film = draw_phantom(4, None, Side.NONE, 640).pixels[: shape[0], : shape[1]].copy()
    before = film.copy()

    painted, lesion = paint_lesion(film, finding, Side.LEFT, np.random.default_rng(1))

    np.testing.assert_array_equal(film, before)
    assert painted.shape == film.shape
    assert 0 <= lesion.box.x0 < lesion.box.x1 <= shape[1]
    assert np.abs(crop(painted, lesion.box) - crop(film, lesion.box)).mean() > 1


def test_a_phantom_reads_back_from_dicom_as_it_was_drawn(tmp_path: Path) -> None:
    phantom = draw_phantom(GOLDEN_SEEDS[0], None, Side.NONE)

    write_dicom(phantom, tmp_path / "phantom.dcm")
    with DecodingWorker() as worker:
        radiograph = load_radiograph(tmp_path / "phantom.dcm", worker)

    np.testing.assert_allclose(radiograph.pixels, phantom.pixels, atol=1)
    assert radiograph.view is View.PA
    assert radiograph.side_known


def test_a_written_phantom_says_that_it_is_one(tmp_path: Path) -> None:
    write_dicom(draw_phantom(1, None, Side.NONE, 256), tmp_path / "phantom.dcm", ("R", "F"))

    dataset = pydicom.dcmread(tmp_path / "phantom.dcm")

    assert dataset.PatientName == "PHANTOM^SYNTHETIC"
    assert list(dataset.PatientOrientation) == ["R", "F"]
    assert (dataset.BitsStored, dataset.PhotometricInterpretation) == (12, "MONOCHROME2")


def test_samples_are_small_and_the_same_every_time(tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]

    for folder in folders:
        write_samples(folder)
    files = [{p.name: p.read_bytes() for p in folder.iterdir()} for folder in folders]

    assert files[0] == files[1]
    assert max(len(content) for content in files[0].values()) < 150_000
    assert set(json.loads(files[0].pop("lesions.json"))) == set(files[0])


def test_the_committed_samples_are_what_the_code_draws(tmp_path: Path) -> None:
    committed = Path(__file__).parents[2] / "samples"

    write_samples(tmp_path)

    for path in committed.glob("*.dcm"):
        drawn = pydicom.dcmread(tmp_path / path.name).pixel_array
        # Processors round the last of 12 bits differently.
        np.testing.assert_allclose(pydicom.dcmread(path).pixel_array, drawn, atol=1)
    assert (committed / "lesions.json").read_text() == (tmp_path / "lesions.json").read_text()

"""What we draw for training is known: its finding, its side, and where in the image it lies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Severity, Side
from radscr_export.data.augment import augment
from radscr_export.data.extras import extra_studies
from radscr_export.data.known_lesions import NONE, known_lesions
from radscr_export.data.labels import Mention, State
from radscr_export.data.listing import FindingBox
from radscr_export.data.training_set import SOURCES, Studies, load_studies, select
from radscr_export.phantoms import KINDS

SIZE = 96


@pytest.fixture(scope="module")
def drawn(pack: Path) -> Studies:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("radscr_export.data.extras.PHANTOMS", 20)
        patch.setattr("radscr_export.data.extras.PAINTED", 20)
        return extra_studies(load_studies(pack, "train", SIZE), SIZE, seed=5)


@pytest.fixture
def real(pack: Path, few_extras: None) -> Studies:
    return load_studies(pack, "train", SIZE)


def test_where_no_study_is_called_normal_silent_ones_are_painted(real: Studies) -> None:
    states = np.full_like(real.states, State.ASSUMED)
    states[1:, 0] = State.POSITIVE

    painted = extra_studies(replace(real, states=states), SIZE, seed=5).ids[6:]

    assert {name.partition("_painted")[0] for name in painted} == {real.ids[0]}


def test_without_any_normal_film_nothing_can_be_painted(real: Studies) -> None:
    sick = replace(real, states=np.full_like(real.states, State.POSITIVE))

    with pytest.raises(TrainingError, match="hold no normal film"):
        extra_studies(sick, SIZE, seed=5)


def test_half_of_the_phantoms_are_normal_and_every_painted_film_shows_a_lesion(
    drawn: Studies,
) -> None:
    phantom = drawn.source == SOURCES.index("phantom")
    normal = np.array([lesion is None for lesion in drawn.drawn])

    assert normal[phantom].sum() == 10
    assert not normal[~phantom].any()


def test_a_lesion_is_labelled_by_what_was_drawn(drawn: Studies) -> None:
    for states, mentions, lesion in zip(drawn.states, drawn.mentions, drawn.drawn, strict=True):
        if lesion is None:
            assert not mentions
            assert (states == State.NEGATIVE).all()
        else:
            (mention,) = mentions.values()
            assert (mention.finding, mention.side) == (lesion.finding, lesion.side)
            assert states[FINDINGS.index(lesion.finding)] == State.POSITIVE


def test_of_a_painted_film_only_what_can_be_drawn_is_known(drawn: Studies) -> None:
    painted = drawn.states[drawn.source != SOURCES.index("phantom")]
    known = {FINDINGS[index] for index in np.flatnonzero((painted == State.NEGATIVE).any(axis=0))}

    assert known == set(KINDS)


def test_the_patients_right_lies_on_the_images_left(drawn: Studies) -> None:
    sided = [one for one in drawn.drawn if one is not None and one.side is not Side.NONE]

    assert {one.side for one in sided} == {Side.RIGHT, Side.LEFT}
    for lesion in sided:
        on_left = lesion.box.x0 + lesion.box.x1 < SIZE
        assert on_left == (lesion.side is Side.RIGHT)


def test_a_mask_covers_the_lesions_box_alone(drawn: Studies) -> None:
    findings, masks = known_lesions(drawn, np.random.default_rng(0))

    for finding, mask, lesion in zip(findings, masks, drawn.drawn, strict=True):
        rows, columns = np.nonzero(mask)
        if lesion is None:
            assert len(rows) == 0
            assert finding == NONE
        else:
            box = lesion.box
            assert FINDINGS[finding] == lesion.finding
            assert (rows.min(), columns.min()) == (box.y0, box.x0)
            assert len(rows) == (box.y1 - box.y0) * (box.x1 - box.x0)


def test_of_a_film_with_boxes_of_two_findings_one_is_pointed_at_with_all_its_boxes(
    drawn: Studies,
) -> None:
    boxes = (
        FindingBox("calcified nodule", (4.0, 8.0, 12.0, 16.0)),
        FindingBox("calcified nodule", (40.2, 8.0, 47.5, 16.0)),
        FindingBox("enlarged cardiac silhouette", (20.0, 30.0, 50.0, 60.0)),
        FindingBox("pleural effusion", (0.0, 0.0, 64.0, 64.0), exact=False),
    )
    film = replace(select(drawn, np.array([0])), boxes=(boxes,), drawn=(None,))

    shown = [known_lesions(film, np.random.default_rng(seed)) for seed in range(20)]

    areas = {FINDINGS[found[0]]: int(masks[0].sum()) for found, masks in shown}
    assert areas == {"calcified nodule": 8 * 8 + 8 * 8, "enlarged cardiac silhouette": 30 * 30}


def test_a_coded_side_names_half_of_the_image_unless_the_place_is_better_known(
    drawn: Studies,
) -> None:
    effusion = FINDINGS.index("pleural effusion")
    coded = {effusion: Mention("pleural effusion", Side.RIGHT, Severity.NONE)}
    box = (FindingBox("pleural effusion", (4.0, 8.0, 12.0, 16.0)),)
    film = replace(select(drawn, np.array([0])), drawn=(None,), mentions=(coded,), boxes=((),))

    half, boxed = (
        known_lesions(one, np.random.default_rng(0)) for one in (film, replace(film, boxes=(box,)))
    )

    assert half[0] == boxed[0] == effusion
    assert half[1][0, :, : SIZE // 2].all()
    assert not half[1][0, :, SIZE // 2 :].any()
    assert boxed[1].sum() == 8 * 8


def test_some_films_get_letters_or_borders_and_rectangles_are_blanked_as_often_as_asked() -> None:
    grey = torch.zeros(200, 2, SIZE, SIZE)
    grey[:, 0] = 100

    plain, _ = augment(grey, torch.manual_seed(0))
    blank, masks = augment(grey, torch.manual_seed(0), covered=1.0)

    def disturbed(images: torch.Tensor) -> float:
        return float((images[:, 0, 40:56, 40:56].flatten(1).std(1) > 0.5).float().mean())

    brightest, middle = plain.flatten(1).amax(1), plain[:, 0, SIZE // 2, SIZE // 2]
    assert not masks.any()
    assert 0.2 < (brightest > middle + 5).float().mean() < 0.7
    assert disturbed(plain) < 0.05
    assert disturbed(blank) > 0.15


def test_augmentation_moves_a_lesion_and_its_mask_alike() -> None:
    mask = torch.zeros(8, 1, SIZE, SIZE)
    mask[:, :, 20:44, 50:70] = 1

    images, moved = augment(torch.cat([250 * mask, mask], dim=1), torch.manual_seed(0))

    assert images.shape == moved.shape == mask.shape
    assert (moved != mask).flatten(1).any(dim=1).all()
    for image, covered in zip(images, moved > 0.5, strict=True):
        assert image[covered].quantile(0.2) > image[~covered].quantile(0.8)

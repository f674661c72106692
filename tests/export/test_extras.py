"""What we draw for training is known: its finding, its side, and where in the image it lies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Side
from radscr_export.data.augment import augment
from radscr_export.data.extras import extra_studies
from radscr_export.data.labels import State
from radscr_export.data.training_set import SOURCES, Studies, lesion_masks, load_studies
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
    for mask, lesion in zip(lesion_masks(drawn), drawn.drawn, strict=True):
        rows, columns = np.nonzero(mask)
        if lesion is None:
            assert len(rows) == 0
        else:
            box = lesion.box
            assert (rows.min(), columns.min()) == (box.y0, box.x0)
            assert len(rows) == (box.y1 - box.y0) * (box.x1 - box.x0)


def test_augmentation_moves_a_lesion_and_its_mask_alike() -> None:
    mask = torch.zeros(8, 1, SIZE, SIZE)
    mask[:, :, 20:44, 50:70] = 1

    images, moved = augment(torch.cat([250 * mask, mask], dim=1), torch.manual_seed(0))

    assert images.shape == moved.shape == mask.shape
    assert (moved != mask).flatten(1).any(dim=1).all()
    for image, covered in zip(images, moved > 0.5, strict=True):
        assert image[covered].min() > image[~covered].quantile(0.99)

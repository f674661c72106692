"""Our own training material: phantoms, and lesions painted on real normal films."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from radscr_edge.errors import TrainingError
from radscr_edge.imaging.letterbox import fit, letterbox
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Box, Bytes, Severity, Side
from radscr_export.data.labels import Mention, State
from radscr_export.data.training_set import SOURCES, Studies, join
from radscr_export.phantoms import (
    KINDS,
    PAINTED_KINDS,
    TRAINING_SEEDS,
    Lesion,
    draw_phantom,
    paint_lesion,
)
from radscr_export.phantoms.lesions import HEART, NODULE

PHANTOMS = 240
PAINTED = 960
"""Phantoms and painted films that one phase of a training draws from."""
SIDES = (Side.RIGHT, Side.LEFT)
DRAWN = [kind for other in PAINTED_KINDS for kind in (HEART, other)]
"""Abnormal phantoms by turns: only they can show an enlarged heart."""
PAINTED_BY_TURNS = [kind for other in PAINTED_KINDS for kind in (NODULE, other)]
"""Lesions of painted films by turns: nodules are the smallest and need most examples."""


def extra_studies(real: Studies, size: int, seed: int) -> Studies:
    """Phantoms and painted normal films in the form of training studies.

    `real` are the training studies, of which those known to be normal in all findings are painted;
    where nobody called any study normal, those of which nothing abnormal is said. Raises
    TrainingError where there is none of either.
    """
    rng = np.random.default_rng([seed, size])
    return join([_phantoms(size, rng), _painted(real, size, rng)])


def phantom_studies(size: int, seed: int) -> Studies:
    """The phantoms alone, half of them normal."""
    return _phantoms(size, np.random.default_rng([seed, size]))


def _phantoms(size: int, rng: np.random.Generator) -> Studies:
    images, shapes, states, mentions, drawn = [], [], [], [], []
    for index in range(PHANTOMS):
        finding = None if index % 2 else DRAWN[index // 2 % len(DRAWN)]
        side = SIDES[int(rng.integers(2))]
        phantom = draw_phantom(int(rng.choice(TRAINING_SEEDS)), finding, side)
        images.append(letterbox(phantom.pixels, size)[0, 0])
        shapes.append(phantom.pixels.shape)
        states.append(_states(finding))
        lesion = _placed(phantom.lesions[0], phantom.pixels.shape, size) if finding else None
        mentions.append(_mention(lesion))
        drawn.append(lesion)
    return Studies(
        images=np.stack(images),
        shapes=np.array(shapes),
        states=np.stack(states),
        source=np.full(PHANTOMS, SOURCES.index("phantom")),
        mentions=tuple(mentions),
        told=((),) * PHANTOMS,
        ids=tuple(f"phantom-{index}" for index in range(PHANTOMS)),
        drawn=tuple(drawn),
    )


def _painted(real: Studies, size: int, rng: np.random.Generator) -> Studies:
    normal = _normal(real.states)
    chosen = rng.choice(normal, PAINTED, replace=len(normal) < PAINTED)
    images, drawn = [], []
    for index, row in enumerate(chosen):
        finding, side = PAINTED_BY_TURNS[index % len(PAINTED_BY_TURNS)], SIDES[int(rng.integers(2))]
        image, lesion = _paint(real.images[row], real.shapes[row], (finding, side), size, rng)
        images.append(image)
        drawn.append(lesion)
    return Studies(
        images=np.stack(images),
        shapes=real.shapes[chosen],
        states=np.stack([_painted_states(lesion.finding) for lesion in drawn]),
        source=real.source[chosen],
        sources=real.sources,
        mentions=tuple(_mention(lesion) for lesion in drawn),
        told=((),) * PAINTED,
        ids=tuple(f"{real.ids[row]}_painted-{index}" for index, row in enumerate(chosen)),
        drawn=tuple(drawn),
    )


def _normal(states: NDArray[np.int8]) -> NDArray[np.int64]:
    denied = (states == State.NEGATIVE).all(axis=1)
    silent = ((states == State.NEGATIVE) | (states == State.ASSUMED)).all(axis=1)
    if not silent.any():
        raise TrainingError(
            "The training data hold no normal film, on which lesions could be painted. Add a data "
            "set with normal studies to datasets.toml."
        )
    return np.flatnonzero(denied if denied.any() else silent)


def _paint(
    image: Bytes,
    shape: NDArray[np.int64],
    wanted: tuple[str, Side],
    size: int,
    rng: np.random.Generator,
) -> tuple[Bytes, Lesion]:
    place = fit(int(shape[0]), int(shape[1]), size)
    painted = image.copy()
    painted[place.window], lesion = paint_lesion(image[place.window], *wanted, rng)
    return painted, _placed(lesion, (place.height, place.width), size)


def _placed(lesion: Lesion, shape: tuple[int, ...], size: int) -> Lesion:
    """A lesion of a film of that shape, in pixels of the letter-boxed image."""
    height, width = shape
    place, box = fit(height, width, size), lesion.box
    down, across = place.height / height, place.width / width
    return replace(
        lesion,
        box=Box(
            place.left + int(box.x0 * across),
            place.top + int(box.y0 * down),
            place.left + math.ceil(box.x1 * across),
            place.top + math.ceil(box.y1 * down),
        ),
    )


def _states(finding: str | None) -> NDArray[np.int8]:
    """Everything is known of a drawing, except what goes along with its lesion."""
    states = np.full(len(FINDINGS), State.NEGATIVE, np.int8)
    if finding is not None:
        ontology = load_ontology()
        states[[ontology.index(name) for name in ontology.kin(finding)]] = State.UNKNOWN
        states[[ontology.index(name) for name in ontology.roll_up([finding])]] = State.POSITIVE
    return states


def _painted_states(finding: str) -> NDArray[np.int8]:
    """Of a painted film, only what can be drawn: the film itself already teaches all the rest.

    Known in full, a quarter of the batch would make more than half of the classifier's loss.
    """
    states = _states(finding)
    drawable = [FINDINGS.index(name) for name in KINDS]
    elsewhere = np.setdiff1d(np.flatnonzero(states == State.NEGATIVE), drawable)
    states[elsewhere] = State.UNKNOWN
    return states


def _mention(lesion: Lesion | None) -> dict[int, Mention]:
    if lesion is None:
        return {}
    mention = Mention(lesion.finding, lesion.side, Severity.NONE)
    return {FINDINGS.index(lesion.finding): mention}

"""Our own training material: phantoms, and lesions painted on real normal films."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radscr_edge.imaging.letterbox import fit, letterbox
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Bytes, Severity, Side
from radscr_export.data.labels import Mention, State
from radscr_export.data.training_set import SOURCES, Studies, join
from radscr_export.phantoms import (
    KINDS,
    PAINTED_KINDS,
    TRAINING_SEEDS,
    draw_phantom,
    paint_lesion,
)

COUNT = 240
"""Phantoms, and painted films, that one training draws from."""
SIDES = (Side.RIGHT, Side.LEFT)


def extra_studies(real: Studies, size: int, seed: int) -> Studies:
    """Phantoms and painted normal films in the form of training studies, half each.

    `real` are the training studies, of which those known to be normal in all findings are painted.
    """
    rng = np.random.default_rng([seed, size])
    return join([_phantoms(size, rng), _painted(real, size, rng)])


def _phantoms(size: int, rng: np.random.Generator) -> Studies:
    images, shapes, states, mentions = [], [], [], []
    for index in range(COUNT):
        finding = None if index % 2 else KINDS[index // 2 % len(KINDS)]
        side = SIDES[int(rng.integers(2))]
        phantom = draw_phantom(int(rng.choice(TRAINING_SEEDS)), finding, side)
        images.append(letterbox(phantom.pixels, size)[0, 0])
        shapes.append(phantom.pixels.shape)
        states.append(_states(finding))
        mentions.append({} if finding is None else _mention(phantom.lesions[0].side, finding))
    return Studies(
        images=np.stack(images),
        shapes=np.array(shapes),
        states=np.stack(states),
        source=np.full(COUNT, SOURCES.index("phantom")),
        mentions=tuple(mentions),
        told=((),) * COUNT,
        ids=tuple(f"phantom-{index}" for index in range(COUNT)),
    )


def _painted(real: Studies, size: int, rng: np.random.Generator) -> Studies:
    normal = np.flatnonzero((real.states == State.NEGATIVE).all(axis=1))
    chosen = rng.choice(normal, COUNT, replace=len(normal) < COUNT)
    images, states, mentions = [], [], []
    for index, row in enumerate(chosen):
        finding, side = PAINTED_KINDS[index % len(PAINTED_KINDS)], SIDES[int(rng.integers(2))]
        height, width = real.shapes[row]
        images.append(
            _paint(real.images[row], (int(height), int(width)), (finding, side), size, rng)
        )
        states.append(_states(finding))
        mentions.append(_mention(side, finding))
    return Studies(
        images=np.stack(images),
        shapes=real.shapes[chosen],
        states=np.stack(states),
        source=real.source[chosen],
        mentions=tuple(mentions),
        told=((),) * COUNT,
        ids=tuple(f"painted-{index}" for index in range(COUNT)),
    )


def _paint(
    image: Bytes,
    shape: tuple[int, int],
    lesion: tuple[str, Side],
    size: int,
    rng: np.random.Generator,
) -> Bytes:
    place = fit(*shape, size)
    rows = slice(place.top, place.top + place.height)
    columns = slice(place.left, place.left + place.width)
    painted = image.copy()
    painted[rows, columns] = paint_lesion(image[rows, columns], *lesion, rng)[0]
    return painted


def _states(finding: str | None) -> NDArray[np.int8]:
    """Everything is known of a drawing, except what goes along with its lesion."""
    states = np.full(len(FINDINGS), State.NEGATIVE, np.int8)
    if finding is not None:
        ontology = load_ontology()
        states[[ontology.index(name) for name in ontology.kin(finding)]] = State.UNKNOWN
        states[[ontology.index(name) for name in ontology.roll_up([finding])]] = State.POSITIVE
    return states


def _mention(side: Side, finding: str) -> dict[int, Mention]:
    return {FINDINGS.index(finding): Mention(finding, side, Severity.NONE)}

"""The radiologist's boxes of NIH films, in fractions of the film and on the network's pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from radscr_edge.imaging.letterbox import Fit
from radscr_edge.records import Floats, Mask
from radscr_export.data.nih_boxes import Boxed, Corners

RASTER = 64
"""Steps across the film at which the most covered point is sought."""


def box_mask(boxes: Sequence[Corners], place: Fit) -> Mask:
    """(S, S): network pixels whose centre lies in one of the boxes of a film."""
    x = (np.arange(place.size) + 0.5 - place.left) / place.width
    y = (np.arange(place.size) + 0.5 - place.top) / place.height
    mask = np.zeros((place.size, place.size), np.bool_)
    for x0, y0, x1, y1 in boxes:
        mask |= np.outer((y >= y0) & (y < y1), (x >= x0) & (x < x1))
    return mask


def holds(boxes: Sequence[Corners], point: Floats) -> bool:
    """Whether a point (x, y), in fractions of the film, lies in one of the boxes."""
    x, y = point
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in boxes)


def overlap(first: Corners, second: Corners) -> float:
    """Intersection over union of two boxes."""
    across = max(0.0, min(first[2], second[2]) - max(first[0], second[0]))
    down = max(0.0, min(first[3], second[3]) - max(first[1], second[1]))
    common = across * down
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)) - common
    return common / both if both > 0 else 0.0


def centres_of_mass(boxed: Sequence[Boxed]) -> dict[str, Floats]:
    """Label -> centre of mass (x, y) of all its boxes: where to point without seeing the film."""
    points = {}
    for label in sorted({one.label for one in boxed}):
        corners = np.array(list(_of_label(boxed, label)))
        centres = np.stack([corners[:, [0, 2]].mean(axis=1), corners[:, [1, 3]].mean(axis=1)], 1)
        areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
        points[label] = np.average(centres, axis=0, weights=areas).astype(np.float32)
    return points


def most_covered(boxed: Sequence[Boxed]) -> dict[str, Floats]:
    """Label -> the point (x, y) that most of its boxes hold: the best guess without the film."""
    raster = Fit(0, 0, RASTER, RASTER, RASTER)
    points = {}
    for label in sorted({one.label for one in boxed}):
        cover = sum(box_mask([box], raster).astype(np.int64) for box in _of_label(boxed, label))
        row, column = np.unravel_index(int(np.argmax(cover)), (RASTER, RASTER))
        points[label] = (np.array([column + 0.5, row + 0.5]) / RASTER).astype(np.float32)
    return points


def _of_label(boxed: Sequence[Boxed], label: str) -> Iterator[Corners]:
    for one in boxed:
        if one.label == label:
            yield from one.boxes

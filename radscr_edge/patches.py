"""From patches of the feature grid back to pixels of the upright radiograph."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from radscr_edge.imaging.letterbox import Fit, fit
from radscr_edge.records import Mask

STRIDE = 16
"""Pixels of the network input per patch of the feature grid (stage 3 of a Swin)."""
FINE = 8
"""Steps per patch in which an outline is drawn."""


def film_of(height: int, width: int, patches: int) -> Fit:
    """Where a film of that size lies in the network input that gives `patches` patches."""
    return fit(height, width, STRIDE * round(patches**0.5))


def boxes_of(region: Mask, height: int, width: int) -> list[tuple[float, float, float, float]]:
    """x0, y0, x1, y1 in upright pixels of every connected part of a region (P,), largest first."""
    side = round(region.size**0.5)
    image = region.reshape(side, side).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(image, connectivity=8)
    parts = sorted(range(1, count), key=lambda part: -int(stats[part, cv2.CC_STAT_AREA]))
    boxes = []
    for part in parts:
        left, top = stats[part, cv2.CC_STAT_LEFT], stats[part, cv2.CC_STAT_TOP]
        right = left + stats[part, cv2.CC_STAT_WIDTH]
        bottom = top + stats[part, cv2.CC_STAT_HEIGHT]
        corners = np.array([[left, top], [right, bottom]], np.float64)
        (x0, y0), (x1, y1) = _upright(corners, height, width, region.size)
        boxes.append((float(x0), float(y0), float(x1), float(y1)))
    return boxes


def outlines_of(region: Mask, height: int, width: int) -> list[list[list[float]]]:
    """Smooth closed outlines of a region (P,) in upright pixels: lists of [x, y]."""
    side = round(region.size**0.5)
    coarse = region.reshape(side, side).astype(np.float32)
    padded = np.pad(coarse, 1)
    size = (side + 2) * FINE
    smooth = cv2.resize(padded, (size, size), interpolation=cv2.INTER_LINEAR)
    mask = (smooth >= 0.45).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
    outlines = []
    for contour in contours:
        grid = (contour[:, 0].astype(np.float64) + 0.5) / FINE - 1.0
        points = _upright(grid, height, width, region.size)
        outlines.append([[round(float(x), 1), round(float(y), 1)] for x, y in points])
    return outlines


def _upright(
    grid: NDArray[np.float64], height: int, width: int, patches: int
) -> NDArray[np.float64]:
    """Points (n, 2) in patches from the grid's corner, as pixels of the film, clipped to it."""
    place = film_of(height, width, patches)
    network = grid * STRIDE
    x = (network[:, 0] - place.left) / place.width * width
    y = (network[:, 1] - place.top) / place.height * height
    return np.stack([np.clip(x, 0, width), np.clip(y, 0, height)], axis=1)

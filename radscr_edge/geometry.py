"""Maps rectangles of the upright radiograph back to pixels of the file's own image."""

from __future__ import annotations

import math

from radscr_edge.records import Box, Geometry


def to_original(
    geometry: Geometry, shape: tuple[int, int], box: tuple[float, float, float, float]
) -> Box:
    """The file's pixels under a rectangle (x0, y0, x1, y1) of an upright film of `shape` (H, W).

    Undoes the mirroring first, then the quarter turns, then the change of size; the result is
    clipped to the image and holds at least one pixel.
    """
    height, width = shape
    x0, y0, x1, y1 = (
        box[0] / width,
        box[1] / height,
        box[2] / width,
        box[3] / height,
    )
    if geometry.mirrored:
        x0, x1 = 1.0 - x1, 1.0 - x0
    for _ in range(geometry.quarter_turns % 4):
        # The film was turned counter-clockwise: (x, y) came from (1 - y, x).
        x0, y0, x1, y1 = 1.0 - y1, x0, 1.0 - y0, x1
    columns, rows = geometry.original_width, geometry.original_height
    left, top = _low(x0, columns), _low(y0, rows)
    return Box(left, top, max(left + 1, _high(x1, columns)), max(top + 1, _high(y1, rows)))


def _low(fraction: float, size: int) -> int:
    return min(size - 1, max(0, math.floor(fraction * size + 1e-6)))


def _high(fraction: float, size: int) -> int:
    return min(size, max(1, math.ceil(fraction * size - 1e-6)))

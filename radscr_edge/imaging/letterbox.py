"""Fits an upright radiograph into the square network input; training uses this same code."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from radscr_edge.records import Bytes, Mask


@dataclass(frozen=True, slots=True)
class Fit:
    """Where the film lies inside the S x S square, in network pixels."""

    left: int
    top: int
    width: int
    height: int
    size: int
    """S."""

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the square that the film fills."""
        rows = slice(self.top, self.top + self.height)
        return rows, slice(self.left, self.left + self.width)


def fit(height: int, width: int, size: int) -> Fit:
    """The largest centred rectangle of the film's own aspect ratio inside the square."""
    scale = size / max(height, width)
    inner_width = max(1, round(width * scale))
    inner_height = max(1, round(height * scale))
    return Fit(
        (size - inner_width) // 2, (size - inner_height) // 2, inner_width, inner_height, size
    )


def letterbox(pixels: Bytes, size: int) -> Bytes:
    """(1, 1, S, S) uint8: the film resized without squashing, the rest black.

    Shrinks by area averaging and enlarges bilinearly, so that no detail aliases.
    """
    height, width = pixels.shape
    place = fit(height, width, size)
    shrinks = place.width < width or place.height < height
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    square = np.zeros((1, 1, size, size), np.uint8)
    inner = cv2.resize(pixels, (place.width, place.height), interpolation=method)
    square[0, 0][place.window] = inner
    return square


def content_points(place: Fit, side: int) -> tuple[np.ndarray, Mask]:
    """Patch centres as fractions (x, y) of the film, (P, 2), and which of them lie on it, (P,)."""
    step = place.size / side
    centres = (np.arange(side) + 0.5) * step
    x = (centres - place.left) / place.width
    y = (centres - place.top) / place.height
    grid_x, grid_y = np.meshgrid(x, y)
    points = np.stack([grid_x.ravel(), grid_y.ravel()], axis=1).astype(np.float32)
    inside: Mask = np.asarray(((points >= 0) & (points < 1)).all(axis=1))
    return points, inside

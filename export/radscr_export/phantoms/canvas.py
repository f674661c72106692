"""Soft-edged drawing on a film: filled outlines, strokes, haze and random relief."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from radscr_edge.records import Bytes, Side
from radscr_export.phantoms.anatomy import Frame, Plane, Points

SHIFT = 4
"""Binary digits of a pixel's fraction in OpenCV's drawing functions."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A film while it is drawn: densities that lesions change in place; all planes (H, W)."""

    frame: Frame
    x: Plane
    y: Plane
    """Coordinates of the thorax at every pixel."""
    lungs: dict[Side, Plane]
    """Soft masks of the lung fields that nothing covers, keyed by the patient's side."""
    centre: Plane
    """Soft mask of the heart and the great vessels, which cover the lungs."""
    density: Plane
    """How bright the film is without the vessels: 0 is black, 1 is white."""
    vessels: Plane
    """What the lungs' vessels add; zero where they cannot be told from the rest of a film."""
    opaque: float
    """Density where fluid lets nothing through."""
    contrast: float
    """What a lesion adds is multiplied by this; 1 for a phantom, less on a dull film."""


def fill(frame: Frame, outlines: list[Points], soft: float) -> Plane:
    """(H, W) in [0, 1]: the inside of outlines that do not meet, edges blurred by `soft` pixels."""
    mask = np.zeros((frame.height, frame.width), np.uint8)
    curves = [_fixed(frame.to_pixels(outline)) for outline in outlines]
    cv2.fillPoly(mask, curves, 255, cv2.LINE_AA, SHIFT)
    return _to_plane(mask, soft)


def stroke(frame: Frame, lines: list[Points], thickness: float, soft: float) -> Plane:
    """(H, W) in [0, 1]: lines of one thickness in pixels; where they cross they do not add up."""
    mask = np.zeros((frame.height, frame.width), np.uint8)
    curves = [_fixed(frame.to_pixels(line)) for line in lines]
    cv2.polylines(mask, curves, False, 255, max(1, round(thickness)), cv2.LINE_AA, SHIFT)
    return _to_plane(mask, soft)


def tubes(frame: Frame, lines: list[Points], thickness: float) -> Plane:
    """Bones of a round cross-section (H, W): faint shafts between two brighter edges."""
    mask = np.zeros((frame.height, frame.width), np.uint8)
    curves = [_fixed(frame.to_pixels(line)) for line in lines]
    shaft = thickness - max(2.0, thickness / 5)
    for width, grey in ((thickness, 255), (shaft, 120)):
        cv2.polylines(mask, curves, False, grey, max(1, round(width)), cv2.LINE_AA, SHIFT)
    return np.float32(0.075) * _to_plane(mask, max(0.9, thickness / 13))


def segments(frame: Frame, ends: Points, widths: Points) -> Plane:
    """(H, W): straight pieces, (n, 4) as x0, y0, x1, y1, of their own widths in pixels (n,)."""
    mask = np.zeros((frame.height, frame.width), np.uint8)
    starts, stops = _fixed(frame.to_pixels(ends[:, :2])), _fixed(frame.to_pixels(ends[:, 2:]))
    for start, stop, width in zip(starts.tolist(), stops.tolist(), widths.tolist(), strict=True):
        grey = int(255 * min(1.0, 0.35 + 0.22 * width))
        cv2.line(mask, start, stop, grey, max(1, round(width)), cv2.LINE_AA, SHIFT)
    return _to_plane(mask, 0.0)


def blur(plane: Plane, soft: float) -> Plane:
    """Gaussian blur by `soft` pixels; wide ones are done on a smaller copy."""
    if soft < 0.3:
        return plane
    shrink = max(1, int(soft / 2.5))
    height, width = plane.shape
    if shrink == 1:
        result: Plane = cv2.GaussianBlur(plane, (0, 0), soft)
        return result
    size = (-(-width // shrink), -(-height // shrink))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), soft / shrink, borderType=cv2.BORDER_REPLICATE)
    wide: Plane = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return wide


def step(edge: NDArray[np.floating], soft: float) -> Plane:
    """0 where `edge` is well below 0, 1 where it is well above, smooth over `soft`."""
    result: Plane = 0.5 + 0.5 * np.tanh(edge * np.float32(0.5 / soft))
    return result


def relief(shape: tuple[int, int], cells: tuple[int, ...], rng: np.random.Generator) -> Plane:
    """Smooth random relief (H, W) of mean 0 and deviation about 1, `cells` bumps a side."""
    height, width = shape
    total = np.zeros(shape, np.float32)
    for count in cells:
        coarse = rng.standard_normal((count, count), np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    result: Plane = total * np.float32(1.3 / np.sqrt(len(cells)))
    return result


def _to_plane(mask: Bytes, soft: float) -> Plane:
    return blur(mask.astype(np.float32) * np.float32(1 / 255), soft)


def _fixed(points: Points) -> np.ndarray:
    return np.round(points * (1 << SHIFT)).astype(np.int32)

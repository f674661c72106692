"""A schematic chest in fractions of the film: where each organ lies and how much it attenuates."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from radscr_edge.records import Side

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Sizes of one phantom; lengths are fractions of the film's side."""

    lung_width: float
    """Half width of a lung at its widest."""
    lung_offset: float
    """From the midline to the middle of a lung."""
    apex: float
    base: float
    """Rows of the lungs' upper end and of the domes of the diaphragm."""
    heart_ratio: float
    """Cardiothoracic ratio."""
    exposure: float
    """Exponent of the final grey curve."""
    noise: float
    """Standard deviation of the quantum noise, as a share of the grey range."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Coordinates of every pixel, and the masks that lesions need; all (H, W)."""

    x: Plane
    y: Plane
    lungs: dict[Side, Plane]
    """Soft masks, keyed by the patient's side: the right lung is on the image's left."""
    attenuation: Plane


def centre_of(anatomy: Anatomy, side: Side) -> float:
    """Column of the middle of a lung."""
    return 0.5 + (anatomy.lung_offset if side is Side.LEFT else -anatomy.lung_offset)


def draw_chest(anatomy: Anatomy, size: int, rng: np.random.Generator) -> Canvas:
    """The normal chest: body, lungs with vessels, heart, aorta, bones."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    lungs = {side: _lung(x, y, anatomy, side) for side in (Side.RIGHT, Side.LEFT)}
    both = np.maximum(lungs[Side.RIGHT], lungs[Side.LEFT])
    body = _body(x, y, anatomy)
    texture = _texture(size, rng)
    attenuation = 0.62 * body * (1 + 0.05 * texture) - 0.46 * both
    attenuation += both * _vessels(x, y, anatomy, texture, rng)
    attenuation += 0.33 * _mediastinum(x, y, anatomy) * body
    attenuation += _bones(x, y, anatomy, size) * body
    return Canvas(x, y, lungs, attenuation.astype(np.float32))


def _soft(edge: Plane, width: float) -> Plane:
    """1 where `edge` is well below 0, 0 where well above, smooth over `width`."""
    result: Plane = 1.0 / (1.0 + np.exp(np.clip(edge / width, -30, 30)))
    return result


def _lung(x: Plane, y: Plane, anatomy: Anatomy, side: Side) -> Plane:
    across = (x - centre_of(anatomy, side)) / anatomy.lung_width
    if side is Side.LEFT:
        across = across * 1.04
    middle = (anatomy.apex + anatomy.base + 0.10) / 2
    half = (anatomy.base + 0.10 - anatomy.apex) / 2
    narrowing = 1.0 + 0.55 * np.clip((middle - y) / half, 0, 1) ** 2
    outline = np.abs(across * narrowing) ** 2.6 + np.abs((y - middle) / half) ** 2.8 - 1
    outward = across if side is Side.LEFT else -across
    raised = 0.012 if side is Side.RIGHT else 0.0
    dome = anatomy.base - raised + 0.075 * np.clip(outward + 0.25, 0, None) ** 2
    return _soft(outline, 0.035) * _soft(y - dome, 0.006)


def _body(x: Plane, y: Plane, anatomy: Anatomy) -> Plane:
    half = anatomy.lung_offset + anatomy.lung_width + 0.07
    shoulders = half + 0.12 * np.clip(1 - (y - 0.10) / 0.25, 0, 1)
    trunk = _soft(np.abs(x - 0.5) - shoulders, 0.012) * _soft(0.13 - y, 0.02)
    neck = _soft(np.abs(x - 0.5) - 0.10, 0.012)
    sides = 1 - 0.25 * np.clip(np.abs(x - 0.5) / half - 0.75, 0, 1)
    result: Plane = np.maximum(trunk, neck) * sides
    return result


def _mediastinum(x: Plane, y: Plane, anatomy: Anatomy) -> Plane:
    thorax = 2 * (anatomy.lung_offset + anatomy.lung_width)
    half = anatomy.heart_ratio * thorax / 2
    heart_x, heart_y = 0.5 + 0.28 * half, anatomy.base - 0.10
    lean = (x - heart_x) - 0.35 * (y - heart_y)
    heart = _soft((lean / half) ** 2 + ((y - heart_y) / 0.165) ** 2 - 1, 0.09)
    column = _soft(np.abs(x - 0.5) - 0.055, 0.010) * _soft(y - anatomy.base, 0.05)
    arch = _soft(np.hypot((x - 0.545) / 0.042, (y - anatomy.apex - 0.17) / 0.05) - 1, 0.15)
    trachea = _soft(np.abs(x - 0.5) - 0.016, 0.004) * _soft(y - anatomy.apex - 0.20, 0.02)
    filled = np.maximum.reduce([heart, 0.8 * column, 0.75 * arch])
    result: Plane = filled - 0.35 * trachea
    return result


def _vessels(
    x: Plane, y: Plane, anatomy: Anatomy, texture: Plane, rng: np.random.Generator
) -> Plane:
    """Branching strands that fade away from each hilum."""
    hilum_y = (anatomy.apex + anatomy.base) / 2 + 0.02
    total = np.zeros_like(x)
    for side in (Side.RIGHT, Side.LEFT):
        sign = 1 if side is Side.LEFT else -1
        dx, dy = (x - 0.5) * sign - 0.06, y - hilum_y
        distance = np.hypot(dx, dy)
        angle = np.arctan2(dy, dx)
        bent = 9 * angle + 4 * texture + float(rng.uniform(0, 6)) + 10 * distance
        strands = np.clip(np.sin(bent) - 0.55, 0, None)
        total += 0.22 * strands * np.exp(-distance / 0.13) + 0.10 * np.exp(
            -((distance / 0.05) ** 2)
        )
    result: Plane = total + 0.02 * texture
    return result


def _bones(x: Plane, y: Plane, anatomy: Anatomy, size: int) -> Plane:
    half = anatomy.lung_offset + anatomy.lung_width + 0.02
    out = np.abs(x - 0.5) / half
    ribs = np.zeros_like(x)
    for index in range(9):
        top = anatomy.apex - 0.01 + index * (anatomy.base - anatomy.apex + 0.08) / 9
        back = top + 0.02 + 0.10 * np.clip(out, 0, 1.1) ** 2.2
        front = top + 0.16 - 0.09 * np.clip(out, 0, 1.1)
        ribs += 0.050 * np.exp(-(((y - back) / 0.010) ** 2))
        ribs += 0.022 * np.exp(-(((y - front) / 0.009) ** 2))
    ribs *= _soft(out - 1.02, 0.02) * (out > 0.08)
    spine = 0.055 * _soft(np.abs(x - 0.5) - 0.035, 0.006)
    spine *= 0.8 + 0.2 * np.sin(y * 2 * np.pi * 17)
    collar = anatomy.apex + 0.075 - 0.16 * (np.abs(x - 0.5) - 0.04)
    clavicles = (
        0.10 * np.exp(-(((y - collar) / 0.012) ** 2)) * _soft(out - 1.05, 0.03) * (out > 0.1)
    )
    result: Plane = cv2.GaussianBlur(ribs + spine + clavicles, (0, 0), size / 400)
    return result


def _texture(size: int, rng: np.random.Generator) -> Plane:
    """Smooth random relief of mean 0 and deviation about 1."""
    total = np.zeros((size, size), np.float32)
    for cells in (6, 14, 32):
        coarse = rng.standard_normal((cells, cells)).astype(np.float32)
        total += cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    result: Plane = total / np.float32(1.7)
    return result

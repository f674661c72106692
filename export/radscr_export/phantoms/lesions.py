"""Lesions of known place: drawn into phantoms, or painted on real normal films."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from radscr_edge.records import Box, Bytes, Side
from radscr_export.phantoms.anatomy import Anatomy, Canvas, Plane, centre_of

HEART = "enlarged cardiac silhouette"
EFFUSION = "pleural effusion"
PNEUMOTHORAX = "pneumothorax"
NODULE = "mass/nodule (not otherwise specified)"
CONSOLIDATION = "consolidation"
KINDS = (HEART, EFFUSION, PNEUMOTHORAX, NODULE, CONSOLIDATION)
"""Findings that can be drawn."""
PAINTED_KINDS = (EFFUSION, NODULE, CONSOLIDATION)
"""Findings that look right on a real film: a pleural line needs that film's own lung border."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """What was drawn, and where."""

    finding: str
    side: Side
    box: Box
    """In pixels of the drawn image."""


def add_lesion(
    canvas: Canvas,
    anatomy: Anatomy,
    lesion: tuple[str, Side],
    size: float,
    rng: np.random.Generator,
) -> Lesion:
    """Changes the canvas' attenuation; `size` in [0, 1] runs from small to large."""
    finding, side = lesion
    if finding == HEART:
        return Lesion(finding, Side.NONE, _heart_box(canvas, anatomy))
    change = DRAWERS[finding](canvas, anatomy, side, size, rng)
    room = np.clip((0.9 - canvas.attenuation) / 0.5, 0, 1)  # what is white already gets no whiter
    change = np.where(change > 0, change * room, change).astype(np.float32)
    np.add(canvas.attenuation, change, out=canvas.attenuation)
    return Lesion(finding, side, _box_of(np.abs(change)))


def paint_lesion(
    film: Bytes, finding: str, side: Side, rng: np.random.Generator
) -> tuple[Bytes, Lesion]:
    """A lesion of PAINTED_KINDS on an upright normal frontal film (H, W).

    The lungs are taken to lie where they lie on most films: good enough to train on, not to test.
    """
    height, width = film.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    anatomy = Anatomy(0.17, 0.20, 0.10, 0.70, 0.45, 1.0, 0.0)
    x, y = x / width, y / height
    lung = np.exp(-((np.abs(x - centre_of(anatomy, side)) / 0.18) ** 4))
    lung *= np.exp(-((np.abs(y - 0.44) / 0.36) ** 6))
    grey = film.astype(np.float32) / 255.0
    canvas = Canvas(x, y, {side: lung.astype(np.float32)}, grey)
    lesion = add_lesion(canvas, anatomy, (finding, side), float(rng.uniform(0.2, 1.0)), rng)
    return np.clip(canvas.attenuation * 255.0, 0, 255).astype(np.uint8), lesion


def _effusion(
    canvas: Canvas, anatomy: Anatomy, side: Side, size: float, rng: np.random.Generator
) -> Plane:
    outward = _outward(canvas, anatomy, side)
    level = anatomy.base - 0.02 - 0.17 * size - 0.05 * np.clip(outward, -0.5, 1) ** 2
    below = 1 / (1 + np.exp(np.clip(-(canvas.y - level) / 0.008, -30, 30)))
    result: Plane = 0.42 * below * canvas.lungs[side]
    return result


def _pneumothorax(
    canvas: Canvas, anatomy: Anatomy, side: Side, size: float, rng: np.random.Generator
) -> Plane:
    lung = canvas.lungs[side]
    shift = 0.035 + 0.06 * size
    inward = -1 if side is Side.LEFT else 1
    moved = np.array([[0.9, 0, 0.1 * centre_of(anatomy, side)], [0, 0.9, 0.1 * 0.72]], np.float32)
    moved[0, 2] += inward * shift * 0.5
    moved[:, 2] *= (lung.shape[1], lung.shape[0])
    collapsed = cv2.warpAffine(lung, moved, (lung.shape[1], lung.shape[0]))
    rim = lung * (1 - collapsed) * (canvas.y < anatomy.base - 0.12)
    rim *= _outward(canvas, anatomy, side) > -0.6
    smooth = cv2.GaussianBlur(canvas.attenuation, (0, 0), lung.shape[0] / 40)
    edge = np.clip(4 * collapsed * (1 - collapsed), 0, 1) * lung * (canvas.y < anatomy.base - 0.12)
    edge *= _outward(canvas, anatomy, side) > -0.6
    flattened = rim * (smooth - canvas.attenuation) - 0.09 * rim
    result: Plane = (flattened + 0.10 * edge).astype(np.float32)
    return result


def _nodule(
    canvas: Canvas, anatomy: Anatomy, side: Side, size: float, rng: np.random.Generator
) -> Plane:
    centre = _point(anatomy, side, rng)
    radius = 0.020 + 0.022 * size
    distance = np.hypot(canvas.x - centre[0], canvas.y - centre[1]) / radius
    result: Plane = (0.24 / (1 + np.exp(np.clip((distance - 1) * 9, -30, 30)))).astype(np.float32)
    return result


def _consolidation(
    canvas: Canvas, anatomy: Anatomy, side: Side, size: float, rng: np.random.Generator
) -> Plane:
    centre = _point(anatomy, side, rng)
    radius = 0.075 + 0.05 * size
    across, down = canvas.x - centre[0], canvas.y - centre[1]
    angle = np.arctan2(down, across)
    wobble = sum(
        float(rng.uniform(0.05, 0.14)) * np.sin(k * angle + float(rng.uniform(0, 6)))
        for k in (2, 3, 5)
    )
    distance = np.hypot(across, down * 0.85) / radius + wobble
    cloud = 1 / (1 + np.exp(np.clip((distance - 0.9) * 6, -30, 30)))
    result: Plane = (0.30 * cloud * canvas.lungs[side]).astype(np.float32)
    return result


DRAWERS: dict[str, Callable[[Canvas, Anatomy, Side, float, np.random.Generator], Plane]] = {
    EFFUSION: _effusion,
    PNEUMOTHORAX: _pneumothorax,
    NODULE: _nodule,
    CONSOLIDATION: _consolidation,
}


def _outward(canvas: Canvas, anatomy: Anatomy, side: Side) -> Plane:
    """-1 at the lung's inner border, 1 at the chest wall."""
    across = (canvas.x - centre_of(anatomy, side)) / anatomy.lung_width
    return across if side is Side.LEFT else -across


def _point(anatomy: Anatomy, side: Side, rng: np.random.Generator) -> tuple[float, float]:
    """A point well inside a lung, away from the heart."""
    outward = float(rng.uniform(0.0, 0.5)) * anatomy.lung_width
    x = centre_of(anatomy, side) + (outward if side is Side.LEFT else -outward)
    span = anatomy.base - anatomy.apex
    return x, anatomy.apex + span * float(rng.uniform(0.28, 0.78))


def _heart_box(canvas: Canvas, anatomy: Anatomy) -> Box:
    height, width = canvas.x.shape
    thorax = 2 * (anatomy.lung_offset + anatomy.lung_width)
    half = anatomy.heart_ratio * thorax / 2
    middle_x, middle_y = 0.5 + 0.28 * half, anatomy.base - 0.10
    return Box(
        round((middle_x - half) * width),
        round((middle_y - 0.165) * height),
        round((middle_x + half) * width),
        round((middle_y + 0.165) * height),
    )


def _box_of(change: Plane) -> Box:
    strong = change > 0.3 * change.max()
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)

"""Lesions of known place, drawn into the densities of a phantom or of a real film."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from radscr_edge.records import Box, Side
from radscr_export.phantoms.anatomy import Plane, base_outline, heart_outline, lung_outline, sign_of
from radscr_export.phantoms.canvas import Canvas, blur, fill, relief, step, stroke

HEART = "enlarged cardiac silhouette"
EFFUSION = "pleural effusion"
PNEUMOTHORAX = "pneumothorax"
NODULE = "mass/nodule (not otherwise specified)"
CONSOLIDATION = "consolidation"
KINDS = (HEART, EFFUSION, PNEUMOTHORAX, NODULE, CONSOLIDATION)
"""Findings that can be drawn."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """What was drawn, and where."""

    finding: str
    side: Side
    box: Box
    """In pixels of the drawn image."""


def add_lesion(canvas: Canvas, finding: str, side: Side, rng: np.random.Generator) -> Lesion:
    """Draws one of KINDS but the heart, which is part of the anatomy, on the patient's side.

    Raises ValueError where the side is not one of the two, or the finding cannot be drawn.
    """
    if finding not in DRAWERS:
        raise ValueError(f"{finding!r} cannot be drawn; one of {', '.join(DRAWERS)} can.")
    if side not in canvas.lungs:
        raise ValueError(f"{finding!r} needs the right or the left side, not {side.value!r}.")
    return Lesion(finding, side, _box_of(DRAWERS[finding](canvas, side, rng)))


def heart_lesion(canvas: Canvas, ratio: float) -> Lesion:
    """The lesion of a chest that was drawn with a large heart."""
    return Lesion(HEART, Side.NONE, _box_of(fill(canvas.frame, [heart_outline(ratio)], 0.0)))


def _effusion(canvas: Canvas, side: Side, rng: np.random.Generator) -> Plane:
    """Fluid with a meniscus: highest at the wall, and nothing left of the angle."""
    out = np.clip(canvas.x * sign_of(side), 0, 1)
    rise = float(rng.uniform(0.14, 0.26))
    at_wall = float(rng.uniform(0.55, 0.86))
    level = at_wall + rise * (1 - out**3)
    unit = canvas.frame.height / 512
    base = fill(canvas.frame, [base_outline(side)], 1.6 * unit) * (1 - canvas.centre)
    base = np.maximum(base, 1 - (1 - canvas.lungs[side]) ** 6)  # up to the very edge of the lung
    fluid = base * step(canvas.y - level, 0.014)
    haze = base * step(canvas.y - level + 0.10, 0.04) * (1 - fluid)
    deep = step(canvas.y - level - 0.08, 0.03)
    _cover(canvas, (0.84 + 0.14 * deep) * fluid + 0.22 * haze)
    result: Plane = fluid * canvas.lungs[side]
    return result


def _pneumothorax(canvas: Canvas, side: Side, rng: np.random.Generator) -> Plane:
    """The lung's edge has left the wall; nothing but air lies outside of it."""
    unit = canvas.frame.height / 512
    gap = float(rng.uniform(0.10, 0.24))
    outline = lung_outline(side)
    out, level = outline[:, 0] * sign_of(side), outline[:, 1]
    give = np.clip((1.0 - level) / 0.55, 0, 1)
    moved = np.stack(
        [
            (out - gap * give * np.clip((out - 0.1) / 0.3, 0, 1)) * sign_of(side),
            level + 0.75 * gap * np.clip((0.40 - level) / 0.40, 0, 1),
        ],
        axis=1,
    )
    shrunk = fill(canvas.frame, [moved], 0.8 * unit)
    rim = canvas.lungs[side] * (1 - shrunk)
    lateral = moved[: int(np.argmax(give < 0.04))]  # the outline starts down the wall
    line = stroke(canvas.frame, [lateral], 1.5 * unit, 0.7 * unit) * canvas.lungs[side]
    smoothed = blur(canvas.density, 2.0 * unit)
    canvas.density[...] += (0.7 * rim) * (smoothed - canvas.density)
    change = 0.14 * line - 0.10 * rim + 0.035 * canvas.lungs[side] * shrunk
    canvas.density[...] += np.float32(canvas.contrast) * change
    canvas.vessels[...] *= 1 - rim
    return rim


def _nodule(canvas: Canvas, side: Side, rng: np.random.Generator) -> Plane:
    """A round, soft-edged opacity of 3 to 6 % of the film's width."""
    radius = float(rng.uniform(0.015, 0.030)) * canvas.frame.width
    across, down = _from_point(canvas, side, 1.3 * radius, rng)
    angle = np.arctan2(down, across)
    lobes = sum(
        np.float32(rng.uniform(0.0, 0.05)) * np.sin(count * angle + np.float32(rng.uniform(0, 6)))
        for count in (2, 3, 5)
    )
    distance = np.hypot(across, down) / np.float32(radius) + lobes
    disc = step(1 - distance, 0.07)
    ball = disc * (0.65 + 0.35 * np.sqrt(np.clip(1 - distance**2, 0, 1)))
    _brighten(canvas, (0.27 * ball).astype(np.float32))
    return disc


def _consolidation(canvas: Canvas, side: Side, rng: np.random.Generator) -> Plane:
    """A cloud in one part of a lung; the vessels drown in it."""
    frame = canvas.frame
    radius = float(rng.uniform(0.28, 0.42)) * frame.across
    across, down = _from_point(canvas, side, 0.5 * radius, rng)
    distance = np.hypot(across, down * np.float32(rng.uniform(1.0, 1.4))) / np.float32(radius)
    ragged = distance + 0.13 * relief(distance.shape, (7, 15, 29), rng)
    cloud = step(0.85 - ragged, 0.085) * canvas.lungs[side]
    patchy = 0.85 + 0.10 * relief(distance.shape, (19, 37), rng)
    _brighten(canvas, 0.34 * cloud * patchy)
    canvas.vessels[...] *= 1 - 0.8 * cloud
    return cloud


DRAWERS: dict[str, Callable[[Canvas, Side, np.random.Generator], Plane]] = {
    EFFUSION: _effusion,
    PNEUMOTHORAX: _pneumothorax,
    NODULE: _nodule,
    CONSOLIDATION: _consolidation,
}
"""Each draws into the canvas and returns where it drew, (H, W) in [0, 1]."""


def _cover(canvas: Canvas, share: Plane) -> None:
    """Hides what lies below: where `share` is 1, only the opaque density is left."""
    canvas.density[...] += share * (np.maximum(canvas.opaque, canvas.density) - canvas.density)
    canvas.vessels[...] *= 1 - share


def _brighten(canvas: Canvas, change: Plane) -> None:
    """Adds to the density, but what is white already gets no whiter."""
    room = np.clip((canvas.opaque + 0.12 - canvas.density) / 0.4, 0, 1)
    canvas.density[...] += np.float32(canvas.contrast) * change * room


def _from_point(
    canvas: Canvas, side: Side, margin: float, rng: np.random.Generator
) -> tuple[Plane, Plane]:
    """Pixels to the right of, and below, a point of the lung `margin` pixels from its border."""
    inside = blur(canvas.lungs[side], margin / 1.5)[::4, ::4]
    inside = inside * (canvas.y[::4, ::4] > 0.12)
    rows, columns = np.nonzero(inside > min(0.93, float(inside.max()) * 0.97))
    chosen = int(rng.integers(len(rows)))
    height, width = canvas.density.shape
    row = np.arange(height, dtype=np.float32)[:, None] - np.float32(4 * rows[chosen])
    column = np.arange(width, dtype=np.float32)[None, :] - np.float32(4 * columns[chosen])
    return np.broadcast_to(column, (height, width)), np.broadcast_to(row, (height, width))


def _box_of(mask: Plane) -> Box:
    strong = mask > 0.4 * mask.max()
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)

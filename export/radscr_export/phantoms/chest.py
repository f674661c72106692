"""The normal chest: soft tissue, lungs with their vessels, heart, great vessels and bones."""

from __future__ import annotations

import numpy as np

from radscr_edge.records import Side
from radscr_export.phantoms.anatomy import (
    RIB_PITCH,
    Anatomy,
    Frame,
    Plane,
    Points,
    body_outline,
    clavicle_line,
    heart_outline,
    lung_outline,
    mediastinum_outline,
    rib_lines,
    scapula_outline,
    sign_of,
    smooth,
)
from radscr_export.phantoms.canvas import Canvas, blur, fill, relief, segments, step, stroke, tubes

SIDES = (Side.RIGHT, Side.LEFT)
HILUM = (0.22, 0.44)
"""Outwards from the midline, and level."""


def draw_chest(anatomy: Anatomy, frame: Frame, rng: np.random.Generator) -> Canvas:
    """A normal chest, or one with a large heart if the anatomy says so."""
    x, y = frame.planes()
    unit = frame.height / 512
    body = fill(frame, [body_outline(anatomy.bulk)], 2.5 * unit)
    centre = _centre(anatomy, frame, y)
    fields = {side: fill(frame, [lung_outline(side)], 1.6 * unit) for side in SIDES}
    both = fields[Side.RIGHT] + fields[Side.LEFT]
    air = both * (0.50 + 0.50 * blur(both, 26 * unit)) * (1 - 0.94 * centre)
    clouds = relief(body.shape, (5, 11, 23), rng)
    density = _soft_tissue(anatomy, frame, body, y)
    density += 0.14 * centre * body + 0.012 * clouds * body
    density -= (0.53 - 0.13 * step(y - 0.72, 0.10) + 0.016 * clouds) * air
    density += 0.13 * step(y - 1.04, 0.025) * body * (1 - both) + _breasts(anatomy, frame)
    density += _bones(frame, y) * body - _airways(frame) * body
    if rng.random() < 0.6:
        density -= _stomach(frame, rng) * (1 - both) * body
    lungs = {side: field * (1 - centre) for side, field in fields.items()}
    vessels = _vessels(frame, rng) * both * (1 - 0.9 * centre) + _hila(frame)
    return Canvas(frame, x, y, lungs, centre, density, vessels, _belly(frame, density), 1.0)


def _belly(frame: Frame, density: Plane) -> float:
    """How dense the film is below the domes."""
    spots = np.array([[side, level] for side in (-0.6, 0.7) for level in (1.2, 1.25)])
    columns, rows = np.round(frame.to_pixels(spots)).astype(int).T
    inside = density[rows.clip(0, frame.height - 1), columns.clip(0, frame.width - 1)]
    return float(np.median(inside))


def _soft_tissue(anatomy: Anatomy, frame: Frame, body: Plane, y: Plane) -> Plane:
    """Thicker towards the middle and the belly, thin at the shoulders."""
    thick = 0.42 + 0.22 * blur(body, frame.height / 14)
    trunk = step(y - 0.05, 0.10)
    result: Plane = body * thick * (0.90 + 0.06 * anatomy.bulk + 0.10 * trunk)
    return result


def _centre(anatomy: Anatomy, frame: Frame, y: Plane) -> Plane:
    """Heart and great vessels: opaque in [0, 1]."""
    unit = frame.height / 512
    heart = fill(frame, [heart_outline(anatomy.heart_ratio)], 2.2 * unit)
    heart *= 0.62 + 0.38 * blur(heart, 16 * unit)
    vessels = 0.92 * fill(frame, [mediastinum_outline()], 2.4 * unit) * step(y + 0.03, 0.05)
    result: Plane = np.maximum(heart, vessels)
    return result


def _breasts(anatomy: Anatomy, frame: Frame) -> Plane:
    if anatomy.breasts == 0:
        return np.zeros((frame.height, frame.width), np.float32)
    angles = np.linspace(0, 2 * np.pi, 40)
    outlines = [
        np.stack([sign * (0.62 + 0.46 * np.cos(angles)), 0.80 + 0.33 * np.sin(angles)], axis=1)
        for sign in (-1, 1)
    ]
    shadow = fill(frame, outlines, frame.height / 130)
    result: Plane = np.float32(anatomy.breasts) * shadow * blur(shadow, frame.height / 12)
    return result


def _bones(frame: Frame, y: Plane) -> Plane:
    unit = frame.height / 512
    lines = [rib_lines(index, side) for index in range(11) for side in SIDES]
    total = 1.3 * tubes(frame, [back for back, _ in lines], 12 * unit)
    total += 0.75 * tubes(frame, [front for _, front in lines[2:16]], 13 * unit)
    total *= 1 - 0.65 * step(y - 1.02, 0.06)
    total += 1.6 * tubes(frame, [clavicle_line(side) for side in SIDES], 13 * unit)
    arms = [np.array([[sign * 1.27, 0.04], [sign * 1.38, 0.30]]) for sign in (-1, 1)]
    total += 2.2 * tubes(frame, arms, 30 * unit)
    total += 0.045 * fill(frame, [scapula_outline(side) for side in SIDES], 1.5 * unit)
    return total + _spine(frame, y)


def _spine(frame: Frame, y: Plane) -> Plane:
    unit = frame.height / 512
    body = stroke(frame, [np.array([[0.0, -0.6], [0.0, 1.7]])], 0.16 * frame.across, 1.5 * unit)
    discs = np.cos(y * np.float32(2 * np.pi / RIB_PITCH))
    processes = [
        np.array([[0.0, level], [0.0, level + 0.035]])
        for level in np.arange(-0.5, 1.5, RIB_PITCH).tolist()
    ]
    spots = stroke(frame, processes, 5 * unit, 1.5 * unit)
    result: Plane = body * (0.045 - 0.022 * step(discs - 0.75, 0.08)) + 0.03 * spots
    return result


def _airways(frame: Frame) -> Plane:
    """Trachea and main bronchi: darker than what surrounds them."""
    unit = frame.height / 512
    trachea = smooth([(-0.005, -0.50), (0.0, -0.1), (-0.02, 0.15), (-0.025, 0.345)])
    right = smooth([(-0.025, 0.335), (-0.10, 0.41), (-0.17, 0.47)])
    left = smooth([(-0.025, 0.335), (0.08, 0.41), (0.18, 0.45)])
    column = stroke(frame, [trachea], 0.085 * frame.across, 1.8 * unit)
    bronchi = stroke(frame, [right, left], 0.055 * frame.across, 1.8 * unit)
    result: Plane = np.maximum(0.11 * column, 0.07 * bronchi)
    return result


def _stomach(frame: Frame, rng: np.random.Generator) -> Plane:
    """The bubble of air under the left dome."""
    angles = np.linspace(0, 2 * np.pi, 40)
    wide, high = float(rng.uniform(0.12, 0.26)), float(rng.uniform(0.04, 0.08))
    middle = (float(rng.uniform(0.38, 0.55)), 1.17 + high)
    outline = np.stack(
        [middle[0] + wide * np.cos(angles), middle[1] + high * np.sin(angles)], axis=1
    )
    result: Plane = 0.20 * fill(frame, [outline], frame.height / 170)
    return result


def _hila(frame: Frame) -> Plane:
    """The pulmonary arteries where they leave the mediastinum."""
    unit = frame.height / 512
    total = np.zeros((frame.height, frame.width), np.float32)
    for side in SIDES:
        sign, (out, level) = sign_of(side), HILUM
        level = level - (0.03 if side is Side.LEFT else 0.0)
        descending = [
            (out - 0.06, level - 0.03),
            (out + 0.04, level + 0.06),
            (out + 0.07, level + 0.19),
        ]
        upper = [(out - 0.06, level), (out + 0.03, level - 0.05), (out + 0.09, level - 0.10)]
        lines = [smooth(line) * (sign, 1) for line in (descending, upper)]
        total += 0.10 * stroke(frame, lines[:1], 0.065 * frame.across, 3.0 * unit)
        total += 0.07 * stroke(frame, lines[1:], 0.05 * frame.across, 2.6 * unit)
    return total


def _vessels(frame: Frame, rng: np.random.Generator) -> Plane:
    unit = frame.height / 512
    pieces = [
        _tree(sign_of(side), float(angle), rng)
        for side in SIDES
        for angle in np.linspace(-1.35, 1.45, 8) + rng.uniform(-0.25, 0.25, 8)
    ]
    ends, widths = (
        np.concatenate([p[:, :4] for p in pieces]),
        np.concatenate([p[:, 4] for p in pieces]),
    )
    tree = segments(frame, ends, widths * unit)
    fine = relief(tree.shape, (40, 75), rng)
    result: Plane = 0.15 * blur(tree, 0.9 * unit) + 0.011 * fine
    return result


def _tree(sign: int, angle: float, rng: np.random.Generator) -> Points:
    """One vessel with its branches: pieces (n, 5) as x0, y0, x1, y1, width in 512ths."""
    done: list[tuple[float, float, float, float, float]] = []
    growing = [(HILUM[0], HILUM[1], angle, 3.6)]
    while growing:
        out, level, heading, width = growing.pop()
        bend = rng.normal(0.0, 0.17, 9)
        fork = rng.random(9)
        for turn, chance in zip(bend.tolist(), fork.tolist(), strict=True):
            heading += turn
            step_out, step_down = 0.065 * np.cos(heading), 0.058 * np.sin(heading)
            done.append((sign * out, level, sign * (out + step_out), level + step_down, width))
            out, level, width = out + step_out, level + step_down, width * 0.86
            if width < 0.9 or out > 0.97:
                break
            if chance < 0.42:
                spread = 0.45 + 0.9 * chance
                growing.append(
                    (out, level, heading + (spread if turn < 0 else -spread), 0.72 * width)
                )
    return np.array(done)

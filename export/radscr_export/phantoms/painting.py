"""Lesions on real normal films: a phantom's thorax is laid over the film's and drawn into."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final

import cv2
import numpy as np

from radscr_edge.records import Bytes, Floats, Side
from radscr_export.phantoms.anatomy import (
    Frame,
    Plane,
    heart_outline,
    lung_outline,
    mediastinum_outline,
)
from radscr_export.phantoms.canvas import Canvas, blur, fill
from radscr_export.phantoms.lesions import (
    CONSOLIDATION,
    EFFUSION,
    NODULE,
    PNEUMOTHORAX,
    Lesion,
    add_lesion,
)

PAINTED_KINDS: Final = (EFFUSION, PNEUMOTHORAX, NODULE, CONSOLIDATION)
"""Findings that can be painted."""
SMALL: Final = 48
"""Side in pixels of the square in which the thorax is looked for."""
CENTRES: Final = (0.44, 0.47, 0.50, 0.53, 0.56)
TOPS: Final = (0.03, 0.07, 0.11, 0.15, 0.19, 0.23)
WIDTHS: Final = (0.28, 0.31, 0.34, 0.37, 0.40, 0.43)
HEIGHTS: Final = (0.42, 0.48, 0.54, 0.60, 0.66)
"""Frames that are tried, in shares of the film's width and height."""
SIDES: Final = (Side.RIGHT, Side.LEFT)


@dataclass(frozen=True, slots=True, eq=False)
class Templates:
    """What the thorax looks like in F frames, on a film squashed to SMALL x SMALL."""

    frames: tuple[Frame, ...]
    patterns: Floats
    """(F, SMALL * SMALL): dark lungs within bright surroundings; a product with a film of unit
    deviation on the support is a correlation."""
    supports: Floats
    """(F, SMALL * SMALL): the lungs and what is next to them, with sum 1."""


def paint_lesion(
    film: Bytes, finding: str, side: Side, rng: np.random.Generator
) -> tuple[Bytes, Lesion]:
    """A lesion of PAINTED_KINDS on an upright normal frontal film (H, W), and where it lies.

    The lungs are an average thorax laid over the film's own: good enough to train on, not to test.
    Raises ValueError as `add_lesion` does.
    """
    canvas = _canvas_of(film)
    before = canvas.density.copy()
    lesion = add_lesion(canvas, finding, side, rng)
    hidden = np.clip(3 * (canvas.density - before), 0, 1)
    grain = (before - blur(before, film.shape[0] / 300)) * hidden  # fluid has noise, too
    painted = 255.0 * (canvas.density + 0.5 * grain)
    return np.clip(painted, 0, 255).astype(np.uint8), lesion


def find_thorax(film: Bytes) -> Frame:
    """The frame whose template fits the film (H, W) best."""
    height, width = film.shape
    templates = _templates()
    small = cv2.resize(film, (SMALL, SMALL), interpolation=cv2.INTER_AREA)
    grey = cv2.equalizeHist(small).astype(np.float32).ravel() / 255.0
    mean, square = templates.supports @ grey, templates.supports @ grey**2
    fit = templates.patterns @ grey / np.sqrt(np.maximum(square - mean**2, 1e-4))
    best = templates.frames[int(np.argmax(fit))]
    return Frame(
        height,
        width,
        centre=best.centre / SMALL * width,
        top=best.top / SMALL * height,
        across=best.across / SMALL * width,
        down=best.down / SMALL * height,
    )


@cache
def _templates() -> Templates:
    frames = tuple(
        Frame(SMALL, SMALL, *(SMALL * share for share in shares))
        for shares in product(CENTRES, TOPS, WIDTHS, HEIGHTS)
    )
    patterns, supports = [], []
    for frame in frames:
        lungs = fill(frame, [lung_outline(side) for side in SIDES], 0.7)
        lungs *= 1 - _usual_centre(frame, 0.7)
        near = cv2.dilate(lungs, np.ones((9, 9), np.uint8))
        support = near / near.sum()
        pattern = float((support * lungs).sum()) - lungs
        patterns.append((pattern * support / np.sqrt((support * pattern**2).sum())).ravel())
        supports.append(support.ravel())
    return Templates(frames, np.stack(patterns), np.stack(supports))


def _usual_centre(frame: Frame, soft: float) -> Plane:
    """An average heart with its great vessels, (H, W) in [0, 1]."""
    heart = fill(frame, [heart_outline(0.46)], soft)
    result: Plane = np.maximum(heart, fill(frame, [mediastinum_outline()], soft))
    return result


def _canvas_of(film: Bytes) -> Canvas:
    """A film as a canvas, with the frame and the densities that it suggests."""
    frame = find_thorax(film)
    x, y = frame.planes()
    density = film.astype(np.float32) / 255.0
    soft = frame.height / 90
    centre = _usual_centre(frame, soft)
    lungs = {side: fill(frame, [lung_outline(side)], soft) * (1 - centre) for side in SIDES}
    dark = float(np.median(density[np.maximum(lungs[Side.RIGHT], lungs[Side.LEFT]) > 0.5]))
    belly = density[(np.abs(x) < 0.7) & (y > 0.85) & (y < 1.25)]
    opaque = max(float(np.median(belly)) if belly.size else 0.7, dark + 0.15)
    contrast = min(1.0, (opaque - dark) / 0.45)
    vessels = np.zeros_like(density)
    return Canvas(frame, x, y, lungs, centre, density, vessels, opaque, contrast)

"""Draws one phantom from a seed; golden seeds have sizes that training never meets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from radscr_edge.records import Bytes, Side
from radscr_export.phantoms.anatomy import Anatomy, Frame, Plane, frame_of
from radscr_export.phantoms.canvas import Canvas, blur
from radscr_export.phantoms.chest import draw_chest
from radscr_export.phantoms.lesions import HEART, Lesion, add_lesion, heart_lesion

TRAINING_SEEDS: Final = range(10_000)
GOLDEN_SEEDS: Final = range(1_000_000, 1_000_100)
THORAX_WIDTH: Final = (0.300, 0.345)
GOLDEN_THORAX_WIDTH: Final = (0.350, 0.365)
"""Half widths of the thorax: the two bands do not meet, so that no golden chest was trained on."""
HEART_RATIO: Final = (0.40, 0.48)
LARGE_HEART_RATIO: Final = (0.58, 0.68)


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A synthetic frontal chest film."""

    pixels: Bytes
    """(H, W), display-ready: lungs dark."""
    lesions: tuple[Lesion, ...]


def draw_phantom(seed: int, finding: str | None, side: Side, height: int = 512) -> Phantom:
    """The phantom of a seed with one lesion of KINDS, or a normal one if `finding` is None.

    The same arguments give the same pixels, and one seed keeps its chest whatever the finding and
    the height; the film is somewhat narrower than high. `side` is the patient's; it means nothing
    for a normal chest or an enlarged heart. Raises ValueError as `add_lesion` does.
    """
    parts, chest, place, grain = (np.random.default_rng([seed, part]) for part in range(4))
    anatomy = sample_anatomy(parts, seed in GOLDEN_SEEDS, finding == HEART)
    frame = frame_of(anatomy, height)
    canvas = draw_chest(anatomy, frame, chest)
    lesions: tuple[Lesion, ...] = ()
    if finding == HEART:
        lesions = (heart_lesion(canvas, anatomy.heart_ratio),)
    elif finding is not None:
        lesions = (add_lesion(canvas, finding, side, place),)
    pixels = _expose(canvas, anatomy, grain)
    if parts.random() < 0.6:
        _mark(pixels, frame, Side.LEFT if parts.random() < 0.5 else Side.RIGHT)
    return Phantom(pixels, lesions)


def sample_anatomy(rng: np.random.Generator, golden: bool, large_heart: bool) -> Anatomy:
    """A chest drawn at random from the bands of this module."""
    return Anatomy(
        thorax_width=float(rng.uniform(*(GOLDEN_THORAX_WIDTH if golden else THORAX_WIDTH))),
        heart_ratio=float(rng.uniform(*(LARGE_HEART_RATIO if large_heart else HEART_RATIO))),
        lung_height=float(rng.uniform(0.52, 0.60)),
        aspect=float(rng.uniform(0.86, 1.0)),
        top=float(rng.uniform(0.11, 0.17)),
        shift=float(rng.normal(0.0, 0.008)),
        tilt=float(rng.normal(0.0, 0.018)),
        bulk=float(rng.uniform(0.0, 1.0)),
        breasts=float(max(0.0, rng.uniform(-0.10, 0.10))),
        exposure=float(rng.uniform(0.85, 1.30)),
        noise=float(rng.uniform(1.2, 2.4)),
    )


def _expose(canvas: Canvas, anatomy: Anatomy, rng: np.random.Generator) -> Bytes:
    """Density to grey: a film's shoulder below white, a gamma, and quantum noise."""
    density = canvas.density + canvas.vessels * np.clip(1.15 - canvas.density, 0, 1)
    grey: Plane = 1 - np.log1p(np.exp(7 * (0.93 - density))) / np.float32(7)
    grey = np.clip((grey - 0.02) / 0.93, 0, 1) ** np.float32(anatomy.exposure)
    noise = blur(rng.standard_normal(grey.shape, np.float32), 0.6) * np.float32(2.1)
    pixels = 8 + 240 * grey + np.float32(anatomy.noise) * noise
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _mark(pixels: Bytes, frame: Frame, side: Side) -> None:
    """The technician's lead letter above the shoulder of its side."""
    left = side is Side.LEFT
    at = (int((0.90 if left else 0.05) * frame.width), int(0.08 * frame.height))
    letter, scale = ("L" if left else "R"), frame.height / 500
    cv2.putText(
        pixels,
        letter,
        at,
        cv2.FONT_HERSHEY_SIMPLEX,
        scale,
        240,
        max(1, round(2 * scale)),
        cv2.LINE_AA,
    )

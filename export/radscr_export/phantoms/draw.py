"""Draws one phantom from a seed; golden seeds draw from a band of sizes that training never meets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from radscr_edge.records import Bytes, Side
from radscr_export.phantoms.anatomy import Anatomy, draw_chest
from radscr_export.phantoms.lesions import HEART, Lesion, add_lesion

TRAINING_SEEDS: Final = range(10_000)
GOLDEN_SEEDS: Final = range(1_000_000, 1_000_100)
LUNG_WIDTH: Final = (0.155, 0.172)
GOLDEN_LUNG_WIDTH: Final = (0.174, 0.182)
"""Half widths of the lungs: the two bands do not meet, so that no golden chest was trained on."""


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A synthetic frontal chest film."""

    pixels: Bytes
    """(H, W), display-ready: lungs dark."""
    lesions: tuple[Lesion, ...]


def draw_phantom(seed: int, finding: str | None, side: Side, height: int = 512) -> Phantom:
    """The phantom of a seed with one lesion, or a normal one; the same arguments, the same pixels.

    `side` is the patient's; it means nothing for a normal chest or an enlarged heart.
    """
    rng = np.random.default_rng([seed, height])
    anatomy = _anatomy(rng, seed in GOLDEN_SEEDS, finding == HEART)
    canvas = draw_chest(anatomy, height, rng)
    lesions = ()
    if finding is not None:
        size = float(rng.uniform(0.35, 1.0))
        lesions = (add_lesion(canvas, anatomy, (finding, side), size, rng),)
    grey = np.clip(canvas.attenuation / 0.95, 0.02, 1.0) ** anatomy.exposure
    grey += anatomy.noise * rng.standard_normal(grey.shape).astype(np.float32)
    pixels = np.clip(12 + 235 * grey, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        _mark(pixels)
    return Phantom(pixels, lesions)


def _anatomy(rng: np.random.Generator, golden: bool, large_heart: bool) -> Anatomy:
    band = GOLDEN_LUNG_WIDTH if golden else LUNG_WIDTH
    ratio = (0.58, 0.68) if large_heart else (0.40, 0.48)
    return Anatomy(
        lung_width=float(rng.uniform(*band)),
        lung_offset=float(rng.uniform(0.185, 0.205)),
        apex=float(rng.uniform(0.10, 0.15)),
        base=float(rng.uniform(0.66, 0.74)),
        heart_ratio=float(rng.uniform(*ratio)),
        exposure=float(rng.uniform(0.75, 1.2)),
        noise=float(rng.uniform(0.008, 0.02)),
    )


def _mark(pixels: Bytes) -> None:
    """The technician's lead letter beside the patient's left shoulder."""
    size = pixels.shape[0]
    at = (int(0.90 * size), int(0.10 * size))
    cv2.putText(pixels, "L", at, cv2.FONT_HERSHEY_SIMPLEX, size / 500, 235, max(1, size // 250))

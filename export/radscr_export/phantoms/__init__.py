"""Synthetic chests with lesions of known place: samples, golden cases, training material."""

from radscr_export.phantoms.draw import GOLDEN_SEEDS, TRAINING_SEEDS, Phantom, draw_phantom
from radscr_export.phantoms.lesions import KINDS, Lesion
from radscr_export.phantoms.painting import PAINTED_KINDS, paint_lesion
from radscr_export.phantoms.samples import SAMPLES, draw_sample, write_samples

__all__ = [
    "GOLDEN_SEEDS",
    "KINDS",
    "PAINTED_KINDS",
    "SAMPLES",
    "TRAINING_SEEDS",
    "Lesion",
    "Phantom",
    "draw_phantom",
    "draw_sample",
    "paint_lesion",
    "write_samples",
]

"""Makes the displayed 8-bit film from stored values: resize first, then one look-up table."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from radscr_edge.imaging.faults import PARSER_FAULTS
from radscr_edge.records import Bytes

Stored = NDArray[Any]
"""(h, w) unsigned or signed integers of 8 or 16 bits."""
LONGEST: Final = 1536
"""Longest side in pixels of what is kept: six times the network input, enough for a page."""
GREY_TOLERANCE: Final = 6.0
"""Mean difference between channels, in grey levels of 255, up to which colour is no colour."""
EXTREMES: Final = (0.5, 99.5)
"""Percentiles shown as black and white where a film of more than 8 bits names no window."""
NO_WINDOW: Final = "The file names no usable window: contrast was set from the pixel values."


def resize_square(values: Stored, aspect: float) -> Stored:
    """Square pixels, longest side at most LONGEST; `aspect` is row spacing over column spacing.

    Averaging comes before windowing: both are linear but for the window's ends, and it costs a
    quarter as much (docs/decisions/0002).
    """
    height, width = values.shape
    scale = min(1.0, LONGEST / max(height * aspect, width))
    size = (max(1, round(width * scale)), max(1, round(height * aspect * scale)))
    if size == (width, height):
        return values
    if values.dtype == np.int8:  # which OpenCV does not resize
        values = values.astype(np.int16)
    method = cv2.INTER_AREA if scale < 1 or aspect < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, size, interpolation=method))


def fold_colours(colours: NDArray[Any]) -> Stored | None:
    """(h, w) of an (h, w, 3) image whose channels are equal; None where it shows colour."""
    channels = colours[..., :3].astype(np.int32)
    spread = (channels.max(axis=2) - channels.min(axis=2)).mean()
    full = np.iinfo(colours.dtype).max
    return None if spread * 255 / full > GREY_TOLERANCE else np.asarray(colours[..., 1])


def show(values: Stored, dataset: Dataset) -> tuple[Bytes, tuple[str, ...]]:
    """(h, w) uint8 as a viewer would show it, and notes on how.

    Every possible value passes through pydicom's modality and VOI functions once; the film is then
    looked up. PS3.4 N.2: modality LUT, VOI LUT, then the inversion of MONOCHROME1.
    """
    low, high = int(values.min()), int(values.max())
    dtype = np.int32 if low < 0 else np.uint32
    ramp = np.arange(low, high + 1, dtype=dtype)
    curve = _windowed(ramp, dataset)
    notes: tuple[str, ...] = ()
    if curve is None:
        eight_bit = int(dataset.BitsStored) <= 8 and low >= 0
        curve = _unwindowed(ramp, values, dataset, (0, 255) if eight_bit else None)
        notes = () if eight_bit else (NO_WINDOW,)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        curve = 1.0 - curve
    table = np.rint(curve * 255).astype(np.uint8)
    return table[values.astype(np.int32) - low], notes


def stretch(values: Stored) -> Bytes:
    """(h, w) uint8 of a picture of more than 8 bits that names no window."""
    low, high = np.percentile(values, EXTREMES)
    return np.rint(_span(values, float(low), float(high)) * 255).astype(np.uint8)


def _windowed(ramp: Stored, dataset: Dataset) -> NDArray[np.float64] | None:
    """Brightness 0..1 of each value under the file's window or VOI LUT; None where it has none."""
    has_window = "WindowCenter" in dataset and "WindowWidth" in dataset
    if not has_window and not dataset.get("VOILUTSequence"):
        return None
    far = np.array([-(2**24), 2**24], np.int32)
    try:
        shown = apply_voi_lut(_modality(ramp, dataset), dataset)
        # The output range depends on the file; values far outside the window reach its ends.
        ends = apply_voi_lut(far, dataset)
    except PARSER_FAULTS:
        return None
    return _span(shown, float(ends.min()), float(ends.max()))


def _unwindowed(
    ramp: Stored, values: Stored, dataset: Dataset, limits: tuple[int, int] | None
) -> NDArray[np.float64]:
    low, high = limits or np.percentile(values, EXTREMES)
    rising = _modality(np.array([low, high]), dataset)
    curve = _span(ramp, float(low), float(high))
    return curve if rising[0] <= rising[1] else 1.0 - curve


def _modality(values: Stored, dataset: Dataset) -> Stored:
    result: Stored = apply_modality_lut(values, dataset)
    if dataset.get("VOILUTSequence"):
        return np.rint(result).astype(np.int32)  # pydicom indexes the VOI LUT with it
    return result


def _span(values: Stored, low: float, high: float) -> NDArray[np.float64]:
    wide = max(high - low, 1e-9)
    result: NDArray[np.float64] = np.clip((values.astype(np.float64) - low) / wide, 0.0, 1.0)
    return result

"""Refuses what decodes but cannot be an upright frontal chest film, whatever its tags say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from radscr_edge.errors import StudyCause, StudyError
from radscr_edge.records import Bytes, Floats

WEIGHTS: Final = "view_gate.npz"
THUMBNAIL: Final = 64
"""Side in pixels of the square in which gradients are counted."""
CELL: Final = 8
DIRECTIONS: Final = 9
LEAST_SIDE: Final = 96
"""A film of fewer pixels on its shorter side shows nothing that could be reported."""
MOST_ELONGATED: Final = 2.5
"""Longer side over shorter side: whole chest films stay below 1.6."""
LEAST_CONTRAST: Final = 12
"""Grey levels between the 2nd and 98th percentile."""
LEAST_COHERENCE: Final = 0.6
"""Correlation of neighbouring pixels; films are above 0.95, white noise is near 0."""
LEAST_CONTENT: Final = 0.2
"""Share of the frame that the rectangle of everything not black must cover."""


class Look(StrEnum):
    """What the film looks like to the gate."""

    FRONTAL = "frontal"
    LATERAL = "lateral"
    TURNED_LEFT = "turned_left"
    """Lies on its left: one quarter turn counter-clockwise was applied to an upright film."""
    TURNED_RIGHT = "turned_right"
    UPSIDE_DOWN = "upside_down"
    INVERTED = "inverted"
    """Upright frontal with black and white exchanged."""
    OTHER = "other"


LOOKS: Final = tuple(Look)


@dataclass(frozen=True, slots=True, eq=False)
class ViewGate:
    """A linear softmax over a histogram of oriented gradients."""

    weights: Floats
    """(len(LOOKS), features)."""
    bias: Floats
    """(len(LOOKS),)."""
    accept: float
    """Probability of a frontal at which the film passes: chosen low, so that films pass."""
    sure: float
    """Probability of another look at which the film is turned or inverted by it."""

    def probabilities(self, pixels: Bytes) -> Floats:
        """(len(LOOKS),) probabilities of what the film (H, W) looks like."""
        scores = self.weights @ describe(pixels) + self.bias
        powers = np.exp(scores - scores.max())
        result: Floats = (powers / powers.sum()).astype(np.float32)
        return result

    def look(self, pixels: Bytes) -> Look:
        """The look of a film; a frontal is preferred where it is at all likely."""
        shares = self.probabilities(pixels)
        best = LOOKS[int(np.argmax(shares))]
        if shares[LOOKS.index(Look.FRONTAL)] >= self.accept:
            return Look.FRONTAL
        mendable = best not in (Look.LATERAL, Look.OTHER, Look.FRONTAL)
        return Look.OTHER if mendable and shares.max() < self.sure else best


def describe(pixels: Bytes) -> Floats:
    """The histogram of oriented gradients of a film (H, W): (features,).

    Dalal and Triggs 2005, with signed directions, so that an inverted film differs. The film is
    squashed on purpose: its proportions would tell the data set, not the view.
    """
    method = cv2.INTER_AREA if min(pixels.shape) >= THUMBNAIL else cv2.INTER_LINEAR
    small = cv2.resize(pixels, (THUMBNAIL, THUMBNAIL), interpolation=method).astype(np.float32)
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0, ksize=1)
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1, ksize=1)
    strength, angle = cv2.cartToPolar(across, down)
    direction = np.minimum((angle * (DIRECTIONS / (2 * np.pi))).astype(np.int64), DIRECTIONS - 1)
    cells = _pool(strength, direction)
    blocks = np.concatenate(
        [cells[:-1, :-1], cells[:-1, 1:], cells[1:, :-1], cells[1:, 1:]], axis=2
    )
    norms = np.linalg.norm(blocks, axis=2, keepdims=True)
    result: Floats = (blocks / (norms + 1.0)).ravel().astype(np.float32)
    return result


def _pool(strength: Floats, direction: NDArray[np.int64]) -> Floats:
    """(cells, cells, DIRECTIONS): gradient strength summed per cell and direction."""
    cells = THUMBNAIL // CELL
    row, column = np.indices(direction.shape) // CELL
    place = ((row * cells + column) * DIRECTIONS + direction).ravel()
    sums = np.bincount(place, weights=strength.ravel(), minlength=cells * cells * DIRECTIONS)
    return sums.reshape(cells, cells, DIRECTIONS).astype(np.float32)


@cache
def view_gate() -> ViewGate:
    """The gate that ships with the package (trained by radscr_export.gate)."""
    with (files(__package__) / WEIGHTS).open("rb") as stream:
        arrays = np.load(stream, allow_pickle=False)
        return ViewGate(
            weights=arrays["weights"].astype(np.float32),
            bias=arrays["bias"].astype(np.float32),
            accept=float(arrays["accept"]),
            sure=float(arrays["sure"]),
        )


def check_plausible(pixels: Bytes, name: str) -> None:
    """Raises StudyError where the film is cropped to nothing, blank or noise."""
    height, width = pixels.shape
    if min(height, width) < LEAST_SIDE or max(height, width) > MOST_ELONGATED * min(height, width):
        raise StudyError(
            f"{name}: the image is {width} x {height} pixels, a strip or a fragment of a film. "
            "Send the whole radiograph.",
            StudyCause.CROPPED,
        )
    small = shrink(pixels, 256)
    low, high = np.percentile(small, (2, 98))
    if high - low < LEAST_CONTRAST:
        raise StudyError(
            f"{name}: the image is blank. Check the exposure and send the radiograph again.",
            StudyCause.BLANK,
        )
    if min(coherence(pixels), coherence(small)) < LEAST_COHERENCE:
        raise StudyError(
            f"{name}: the image is noise; its pixel data are damaged or wrongly described. "
            "Send the radiograph again.",
            StudyCause.NOISE,
        )
    if content_share(small) < LEAST_CONTENT:
        raise StudyError(
            f"{name}: nearly all of the image is empty. Send the whole radiograph.",
            StudyCause.CROPPED,
        )


def shrink(pixels: Bytes, longest: int) -> Bytes:
    """The film shrunk to `longest` pixels on its longer side; unchanged if it is smaller."""
    scale = longest / max(pixels.shape)
    if scale >= 1:
        return pixels
    height, width = (max(1, round(side * scale)) for side in pixels.shape)
    result: Bytes = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return result


def coherence(pixels: Bytes) -> float:
    """Correlation of each pixel with its right neighbour, on every fourth row."""
    rows = pixels[::4].astype(np.float32)
    left, right = rows[:, :-1] - rows.mean(), rows[:, 1:] - rows.mean()
    spread = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / spread if spread > 0 else 0.0


def content_share(pixels: Bytes) -> float:
    """Share of the frame covered by the rectangle of all rows and columns that are not black."""
    lit = pixels > int(np.percentile(pixels, 2)) + LEAST_CONTRAST
    rows = int((lit.mean(axis=1) > 0.02).sum())
    columns = int((lit.mean(axis=0) > 0.02).sum())
    return rows * columns / pixels.size

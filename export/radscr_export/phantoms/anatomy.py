"""The outlines of a schematic frontal chest, in coordinates of the thorax instead of the film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radscr_edge.records import Side

Plane = NDArray[np.float32]
Points = NDArray[np.float64]
"""(n, 2) columns x, y of the thorax: x is -1 at the inner wall of the patient's right side and 1
at that of the left, y is 0 at the apices of the lungs and 1 at the right dome of the diaphragm."""

WALL_Y = (-0.1, 0.0, 0.06, 0.20, 0.42, 0.70, 0.95, 1.30)
WALL_X = (0.34, 0.48, 0.62, 0.77, 0.89, 0.965, 1.0, 1.01)
"""The inner wall of the thorax: half width at each level."""
RIB_PITCH = 0.108
"""From one rib, or vertebra, to the next."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What makes one phantom differ from another; lengths are fractions of the film's height."""

    thorax_width: float
    """Half of the inner width of the thorax, the band that tells golden phantoms."""
    lung_height: float
    """From the apices to the right dome of the diaphragm."""
    aspect: float
    """Width of the film over its height."""
    top: float
    """Row of the apices."""
    shift: float
    """Of the midline, to the image's right."""
    tilt: float
    """Rotation of the patient in radians."""
    heart_ratio: float
    """Cardiothoracic ratio."""
    bulk: float
    """Soft tissue outside of the ribs: 0 is slim, 1 is stout."""
    breasts: float
    """Density of the breast shadows; 0 draws none."""
    exposure: float
    """Exponent of the final grey curve."""
    noise: float
    """Standard deviation of the quantum noise in grey levels of 255."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the thorax lies on a film; lengths in pixels."""

    height: int
    width: int
    centre: float
    """Column of the midline."""
    top: float
    """Row of the apices."""
    across: float
    """Half of the inner width of the thorax."""
    down: float
    """From the apices to the right dome."""
    tilt: float = 0.0
    """Radians, about the middle of the chest."""

    def to_pixels(self, points: Points) -> Points:
        """Columns and rows (n, 2) of points of the thorax."""
        x, y = points[:, 0] * self.across, (points[:, 1] - 0.5) * self.down
        cosine, sine = np.cos(self.tilt), np.sin(self.tilt)
        columns = self.centre + cosine * x - sine * y
        rows = self.top + 0.5 * self.down + sine * x + cosine * y
        return np.stack([columns, rows], axis=1)

    def planes(self) -> tuple[Plane, Plane]:
        """x and y of the thorax at every pixel, each (H, W)."""
        column = np.arange(self.width, dtype=np.float32)[None, :] - np.float32(self.centre)
        row = np.arange(self.height, dtype=np.float32)[:, None]
        row = row - np.float32(self.top + 0.5 * self.down)
        cosine, sine = np.float32(np.cos(self.tilt)), np.float32(np.sin(self.tilt))
        x = (cosine * column + sine * row) / np.float32(self.across)
        y = (cosine * row - sine * column) / np.float32(self.down) + np.float32(0.5)
        return x.astype(np.float32, copy=False), y.astype(np.float32, copy=False)


def frame_of(anatomy: Anatomy, height: int) -> Frame:
    """The frame of a phantom on a film `height` pixels high."""
    width = round(height * anatomy.aspect)
    return Frame(
        height=height,
        width=width,
        centre=width / 2 + anatomy.shift * height,
        top=anatomy.top * height,
        across=anatomy.thorax_width * height,
        down=anatomy.lung_height * height,
        tilt=anatomy.tilt,
    )


def sign_of(side: Side) -> int:
    """1 for the patient's left, which lies on the image's right, and -1 for the right."""
    return 1 if side is Side.LEFT else -1


def smooth(points: list[tuple[float, float]], steps: int = 8) -> Points:
    """A Catmull-Rom curve through open points (n, 2); a point given twice makes a corner."""
    knots = np.array(points)
    padded = np.concatenate([knots[:1], knots, knots[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    linear, square, cube = c - a, 2 * a - 5 * b + 4 * c - d, 3 * (b - c) + d - a
    curve = b + 0.5 * t * (linear + t * (square + t * cube))
    return np.concatenate([curve.transpose(1, 0, 2).reshape(-1, 2), knots[-1:]])


def wall(level: float) -> float:
    """Half of the inner width of the thorax at a level."""
    return float(np.interp(level, WALL_Y, WALL_X))


def lung_outline(side: Side) -> Points:
    """A lung from its apex along the wall to the costophrenic angle, over the dome and back."""
    low = 0.035 if side is Side.LEFT else 0.0
    lateral = [(wall(level), level) for level in (0.06, 0.20, 0.42, 0.70, 0.95)]
    angle = (1.0, 1.19 + low)
    dome = [(0.84, 1.065 + low), (0.66, 1.01 + low), (0.46, 0.995 + low), (0.26, 1.03 + low)]
    medial = [(0.08, 1.08 + low), (0.07, 0.9), (0.07, 0.5), (0.10, 0.25), (0.20, 0.07)]
    points = [(0.36, 0.0), *lateral, angle, angle, *dome, *medial, (0.36, 0.0)]
    return smooth(points) * (sign_of(side), 1)


def base_outline(side: Side) -> Points:
    """The lower half of one side of the thorax, down to where the deepest lung may reach."""
    lateral = [(wall(level), level) for level in (0.35, 0.50, 0.70, 0.95, 1.14)]
    return np.array([(0.07, 0.35), *lateral, (0.07, 1.14)]) * (sign_of(side), 1)


def heart_span(ratio: float) -> tuple[float, float]:
    """How far the heart reaches to the right and to the left of the midline."""
    return 0.31 * 2 * ratio, 0.69 * 2 * ratio


def heart_outline(ratio: float) -> Points:
    """The heart; its width is `ratio` times the inner width of the thorax."""
    right, left = heart_span(ratio)
    top = 0.44 - 0.25 * (ratio - 0.44)
    return smooth(
        [
            (-0.5 * right, top + 0.02),
            (-0.80 * right, 0.62),
            (-1.0 * right, 0.78),
            (-0.93 * right, 0.94),
            (-0.55 * right, 1.06),
            (0.0, 1.10),
            (0.60 * left, 1.11),
            (0.92 * left, 1.05),
            (1.0 * left, 0.95),
            (0.90 * left, 0.80),
            (0.68 * left, 0.63),
            (0.46 * left, 0.50),
            (0.28 * left, top - 0.02),
            (-0.5 * right, top + 0.02),
        ]
    )


def mediastinum_outline() -> Points:
    """The great vessels: superior vena cava, ascending aorta, aortic knob, pulmonary trunk."""
    return smooth(
        [
            (-0.13, -0.12),
            (-0.15, 0.08),
            (-0.17, 0.28),
            (-0.20, 0.42),
            (-0.22, 0.60),
            (-0.15, 1.05),
            (0.20, 1.05),
            (0.26, 0.60),
            (0.27, 0.50),
            (0.235, 0.44),
            (0.20, 0.395),
            (0.25, 0.345),
            (0.265, 0.29),
            (0.22, 0.235),
            (0.15, 0.18),
            (0.14, 0.08),
            (0.13, -0.12),
        ]
    )


def body_outline(bulk: float) -> Points:
    """Neck, shoulders, axillae and trunk, as one outline that leaves the film at its edges."""
    half = 1.09 + 0.16 * bulk
    side = smooth(
        [
            (0.30, -0.80),
            (0.29, -0.32),
            (0.36, -0.19),
            (0.70, -0.10 - 0.03 * bulk),
            (1.15, -0.04),
            (1.42, 0.06),
            (1.62, 0.30),
            (1.78, 0.70),
            (1.78, 0.70),
            (1.45, 0.62),
            (half + 0.10, 0.40),
            (half + 0.01, 0.52),
            (half, 0.80),
            (half - 0.01, 1.10),
            (half + 0.04, 1.40),
            (half + 0.08, 2.20),
        ]
    )
    return np.concatenate([side, (side * (-1, 1))[::-1]])


def rib_lines(index: int, side: Side) -> tuple[Points, Points]:
    """The posterior arch of a rib, from the spine to the wall, and its anterior arch."""
    root, drop = -0.06 + RIB_PITCH * index, 0.10 + 0.016 * index
    end = root + drop
    reach = wall(end) + 0.012
    t = np.linspace(0, np.pi / 2, 14)
    hump = 0.035 * np.sin(np.minimum(2 * t, np.pi))
    back = np.stack(
        [
            0.06 + (reach - 0.06) * np.sin(t),
            root - hump + drop * (1 - np.cos(t)) ** 1.15,
        ],
        axis=1,
    )
    s = np.linspace(0, np.pi / 2, 10)
    front = np.stack(
        [
            reach * (1 - 0.54 * (1 - np.cos(s))),
            end + (0.17 + 0.01 * index) * np.sin(s) ** 1.1,
        ],
        axis=1,
    )
    mirror = (sign_of(side), 1)
    return back * mirror, front * mirror


def clavicle_line(side: Side) -> Points:
    """The clavicle from the sternum to the shoulder."""
    points = [(0.09, 0.125), (0.25, 0.105), (0.48, 0.045), (0.72, 0.0), (0.95, 0.0), (1.12, -0.03)]
    return smooth(points) * (sign_of(side), 1)


def scapula_outline(side: Side) -> Points:
    """The blade of the shoulder, turned off the lungs as it should be."""
    points = [(0.80, 0.02), (1.12, -0.02), (1.22, 0.08), (1.04, 0.30), (0.96, 0.47), (0.89, 0.30)]
    return smooth([*points, points[0]]) * (sign_of(side), 1)

"""Makes what is no chest film for the view gate: drawn, or cut out of chest films."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

import cv2
import numpy as np

from radscr_edge.records import Bytes, Floats

SIDE: Final = 128
"""Pictures are drawn at this size: twice the gate's thumbnail."""
TEXT: Final = "the quick brown fox jumps over a lazy dog 0123456789"


def draw_other(rng: np.random.Generator) -> Bytes:
    """A drawn picture (SIDE, SIDE) of another part of the body or of no body, any way up."""
    draw = DRAWN[rng.integers(0, len(DRAWN))]
    return _finish(draw(rng), rng)


def cut_other(films: Sequence[Bytes], rng: np.random.Generator) -> Bytes:
    """A picture (SIDE, SIDE) made of chest films that shows no whole chest, any way up."""
    cut = CUT[rng.integers(0, len(CUT))]
    return _finish(cut(films, rng), rng)


def _finish(plane: Floats | Bytes, rng: np.random.Generator) -> Bytes:
    """Any way up, black and white exchanged for a quarter, grained for a third."""
    result: Floats = np.rot90(plane, int(rng.integers(0, 4))).astype(np.float32)
    if rng.random() < 0.25:
        result = 255 - result
    if rng.random() < 0.3:
        result += rng.normal(0, rng.uniform(1, 10), result.shape).astype(np.float32)
    return np.ascontiguousarray(result.clip(0, 255).astype(np.uint8))


def _soften(plane: Floats, spread: float) -> Floats:
    blurred: Floats = cv2.GaussianBlur(plane, (0, 0), spread).astype(np.float32)
    return blurred


def _noise(rng: np.random.Generator, cells: int) -> Floats:
    """(SIDE, SIDE) in 0..1: random values in so many cells a side, smoothly joined."""
    coarse = rng.random((cells, cells)).astype(np.float32)
    smooth: Floats = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return smooth.clip(0, 1)


def _clouds(rng: np.random.Generator) -> Floats:
    """(SIDE, SIDE) in 0..1: noise of several sizes, the larger the stronger."""
    fade = rng.uniform(0.3, 0.9)
    layers = [fade**step * _noise(rng, 2 * 2**step) for step in range(6)]
    total = np.sum(layers, axis=0)
    result: Floats = (total - total.min()) / (np.ptp(total) + 1e-6)
    return result


def _oval(rng: np.random.Generator, centre: tuple[float, float], radii: Floats) -> Floats:
    """(SIDE, SIDE): below 1 inside a blob of uneven outline, growing outwards."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    across, down = (x - centre[0]) / radii[0], (y - centre[1]) / radii[1]
    angle = np.arctan2(down, across)
    bumps = sum(
        rng.uniform(-0.1, 0.1) / order * np.cos(order * angle + rng.uniform(0, 6))
        for order in range(2, 6)
    )
    result: Floats = np.hypot(across, down) + bumps
    return result


def _tube(plane: Floats, ends: Floats, width: float, rng: np.random.Generator) -> None:
    """Draws a long bone from end to end, its shaft darker than its rims, its ends wider."""
    start, stop = (tuple(int(value) for value in end) for end in ends)
    bright = float(rng.uniform(120, 250))
    cv2.line(plane, start, stop, bright, max(2, int(width)))
    cv2.line(plane, start, stop, bright * rng.uniform(0.6, 0.95), max(1, int(width * 0.5)))
    for end in (start, stop):
        cv2.circle(plane, end, max(1, int(width * rng.uniform(0.5, 0.9))), bright, -1)


def draw_waves(rng: np.random.Generator) -> Floats:
    """Bars, ripples or a ramp."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(8, 300)
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period + rng.uniform(0, 6))
    result: Floats = 127 + 120 * (np.sign(wave) if rng.random() < 0.5 else wave)
    return result


def draw_clouds(rng: np.random.Generator) -> Floats:
    """Smooth noise of one size or of many."""
    one = rng.random() < 0.5
    return 255 * (_noise(rng, int(rng.integers(2, 40))) if one else _clouds(rng))


def draw_shapes(rng: np.random.Generator) -> Floats:
    """Shapes that cover one another, as things do in photographs."""
    plane = np.full((SIDE, SIDE), rng.uniform(0, 255), np.float32)
    for _ in range(rng.integers(2, 60)):
        centre = rng.uniform(0, SIDE, 2)
        size = float(np.exp(rng.uniform(1.2, 4.2)))
        mask = np.zeros((SIDE, SIDE), np.uint8)
        if rng.random() < 0.5:
            cv2.circle(mask, centre.astype(int).tolist(), int(size), 255, -1)
        else:
            corners = centre + rng.normal(0, size, (rng.integers(3, 7), 2))
            cv2.fillPoly(mask, [cv2.convexHull(corners.astype(np.int32))], 255)
        shade = rng.uniform(0, 255) + rng.uniform(-60, 60) * (_noise(rng, 3) - 0.5)
        plane = np.where(mask > 0, shade, plane)
    return _soften(plane, rng.uniform(0.3, 3))


def draw_page(rng: np.random.Generator) -> Floats:
    """Lines of writing on a page or a screen, at times around a picture."""
    plane = np.full((SIDE, SIDE), 235, np.uint8)
    letters, step = np.array(list(TEXT)), int(rng.integers(5, 22))
    if rng.random() < 0.4:
        x, y = rng.integers(0, SIDE // 2, 2)
        plane[y : y + 60, x : x + 60] = 255 * _clouds(rng)[:60, :60]
    for line in range(step, SIDE + step, step):
        words = "".join(rng.choice(letters, rng.integers(1, 60)))
        left = int(rng.integers(0, 30))
        cv2.putText(plane, words, (left, line), cv2.FONT_HERSHEY_SIMPLEX, step / 40, 20)
    return plane.astype(np.float32)


def draw_slice(rng: np.random.Generator) -> Floats:
    """A section through a body on black: skin or skull around organs, at times a spine."""
    centre = tuple(SIDE / 2 + rng.uniform(-10, 10, 2))
    radii = rng.uniform(0.26, 0.52, 2).astype(np.float32) * SIDE
    reach = _oval(rng, centre, radii)
    wall = rng.uniform(0.03, 0.2)
    plane = (reach < 1) * (rng.uniform(40, 160) + rng.uniform(0, 90) * (_clouds(rng) - 0.5))
    for _ in range(rng.integers(0, 14)):
        place = np.array(centre) + rng.uniform(-0.7, 0.7, 2) * radii
        organ = _oval(rng, tuple(place), radii * rng.uniform(0.06, 0.5, 2).astype(np.float32))
        shade = rng.uniform(0, 230)
        plane[(organ < 1) & (reach < 1 - wall)] = shade
        if rng.random() < 0.4:
            plane[(organ[:, ::-1] < 1) & (reach < 1 - wall)] = shade
    if rng.random() < 0.8:
        plane[(reach < 1) & (reach > 1 - wall)] = rng.uniform(0, 255)
    if rng.random() < 0.4:
        spine = (int(centre[0]), int(centre[1] + radii[1] * rng.uniform(0.4, 0.8)))
        cv2.circle(plane, spine, int(rng.integers(5, 13)), float(rng.uniform(180, 255)), -1)
    return _soften(plane.astype(np.float32), rng.uniform(0.4, 2.5))


def draw_skull(rng: np.random.Generator) -> Floats:
    """A head seen from the front or the side: a ring of bone, sockets, jaw and neck."""
    plane = np.zeros((SIDE, SIDE), np.float32)
    centre = np.array([SIDE / 2 + rng.uniform(-14, 14), SIDE * rng.uniform(0.35, 0.5)])
    radii = rng.uniform(0.28, 0.46, 2).astype(np.float32) * SIDE
    plane[80:, int(centre[0]) - 22 : int(centre[0]) + 22] = rng.uniform(60, 160)
    reach = _oval(rng, tuple(centre), radii)
    inside = rng.uniform(60, 170) + 70 * (_clouds(rng) - 0.5)
    plane = np.where(reach < 1, inside, plane).astype(np.float32)
    plane[(reach < 1) & (reach > rng.uniform(0.86, 0.96))] = rng.uniform(180, 255)
    for _ in range(rng.integers(2, 8)):
        away = rng.uniform(0.1, 0.6) * radii[0]
        low, shade = centre[1] + radii[1] * rng.uniform(0.1, 0.9), float(rng.uniform(0, 255))
        size = [int(value) for value in rng.uniform(4, 16, 2)]
        for side in (-1, 1):
            spot = (int(centre[0] + side * away), int(low))
            cv2.ellipse(plane, spot, size, 0, 0, 360, shade, int(rng.choice([-1, 2, 3])))
    return _soften(plane, rng.uniform(0.5, 2.5))


def draw_limb(rng: np.random.Generator) -> Floats:
    """Bones in a sleeve of flesh: an arm, a leg or a joint."""
    plane = np.zeros((SIDE, SIDE), np.float32)
    start = np.array([rng.uniform(30, 98), -10.0])
    knee = np.array([rng.uniform(40, 88), rng.uniform(40, 90)])
    stop = np.array([rng.uniform(20, 108), SIDE + 10.0])
    flesh, shade = int(rng.integers(24, 90)), float(rng.uniform(30, 110))
    for ends in ((start, knee), (knee, stop)):
        points = np.array(ends).astype(int).tolist()
        cv2.line(plane, points[0], points[1], shade, flesh)
    plane = _soften(plane, 4)
    width = rng.uniform(6, 24)
    for ends in ((start, knee - 3), (knee + 3, stop)):
        for _ in range(rng.integers(1, 3)):
            shift = np.array([rng.uniform(-0.3, 0.3) * flesh, 0])
            _tube(plane, np.array(ends) + shift, width * rng.uniform(0.5, 1.1), rng)
    return _soften(plane, rng.uniform(0.5, 2))


def draw_hand(rng: np.random.Generator) -> Floats:
    """Rods that spread from a palm."""
    plane = np.zeros((SIDE, SIDE), np.float32)
    palm = np.array([SIDE / 2 + rng.uniform(-15, 15), SIDE * rng.uniform(0.6, 0.95)])
    spread, count = rng.uniform(0.4, 1.6), int(rng.integers(3, 7))
    for place in np.linspace(-spread, spread, count) + rng.normal(0, 0.05, count):
        heading = np.array([np.sin(place), -np.cos(place)])
        knots = np.linspace(0.1, 1, int(rng.integers(3, 6))) * rng.uniform(50, 105)
        tip = (palm + heading * knots[-1]).astype(int).tolist()
        cv2.line(plane, palm.astype(int).tolist(), tip, 50.0, int(rng.integers(8, 18)))
        for near, far in pairwise(knots):
            ends = palm + heading * np.array([[near + 2], [far - 2]])
            _tube(plane, ends, rng.uniform(3, 7), rng)
    return _soften(plane, rng.uniform(0.5, 1.5))


def draw_abdomen(rng: np.random.Generator) -> Floats:
    """A belly from the front: spine, pelvis and gas on grey, without lungs."""
    plane = rng.uniform(70, 190) + rng.uniform(20, 120) * (_clouds(rng) - 0.5)
    plane = plane.astype(np.float32)
    middle, width = int(SIDE / 2 + rng.uniform(-10, 10)), int(rng.integers(7, 16))
    top, step = int(rng.integers(-10, 20)), int(rng.integers(10, 20))
    stop = int(rng.integers(75, SIDE + 10))
    shade = float(rng.uniform(170, 240))
    for y in range(top, stop, step):
        corners = (middle - width, y), (middle + width, y + step - 3)
        cv2.rectangle(plane, *corners, shade, -1)
    for side in (-1, 1):
        wing = (middle + side * int(rng.integers(26, 42)), stop + int(rng.integers(-10, 25)))
        size = [int(value) for value in rng.uniform(16, 40, 2)]
        bone = float(rng.uniform(150, 230))
        cv2.ellipse(plane, wing, size, side * 20, 0, 360, bone, int(rng.choice([-1, 3, 6])))
    for _ in range(rng.integers(0, 25)):
        centre = tuple(rng.uniform(5, SIDE - 5, 2))
        gas = _oval(rng, centre, rng.uniform(3, 14, 2).astype(np.float32))
        plane = plane - rng.uniform(20, 110) * (gas < 1)
    if rng.random() < 0.6:
        body = _oval(rng, (middle, SIDE / 2), np.array([rng.uniform(45, 75), 110], np.float32))
        plane[body > 1] = rng.uniform(0, 20)
    return _soften(plane.astype(np.float32), rng.uniform(0.6, 2.5))


DRAWN: Final[tuple[Callable[[np.random.Generator], Floats], ...]] = (
    draw_waves,
    draw_clouds,
    draw_shapes,
    draw_page,
    draw_slice,
    draw_slice,
    draw_skull,
    draw_limb,
    draw_hand,
    draw_abdomen,
    draw_abdomen,
)
"""What may be drawn; sections and bellies twice, as they are what is most often sent wrongly."""


def _film(films: Sequence[Bytes], rng: np.random.Generator) -> Bytes:
    """One of the films, squashed to the square."""
    film = films[int(rng.integers(0, len(films)))]
    square: Bytes = cv2.resize(film, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return square


def cut_part(films: Sequence[Bytes], rng: np.random.Generator) -> Bytes:
    """A piece of a film: at most 0.45 of its width or height, or of both."""
    film = _film(films, rng)
    share = np.array([rng.uniform(0.2, 0.45), rng.uniform(0.2, 1.0)])
    height, width = (rng.permutation(share) * SIDE).astype(int)
    top, left = rng.integers(0, SIDE - height + 1), rng.integers(0, SIDE - width + 1)
    piece = np.ascontiguousarray(film[top : top + height, left : left + width])
    whole: Bytes = cv2.resize(piece, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return whole


def cut_shuffled(films: Sequence[Bytes], rng: np.random.Generator) -> Bytes:
    """A film cut into tiles that are laid in another order."""
    count = int(rng.choice([2, 4, 8]))
    tiles = [
        tile for row in np.split(_film(films, rng), count) for tile in np.split(row, count, axis=1)
    ]
    order = rng.permutation(len(tiles))
    if count == 2:  # A chance order might leave two lungs side by side.
        order = np.array([3, 2, 1, 0] if rng.random() < 0.5 else [2, 3, 0, 1])
    return np.block([[tiles[i] for i in row] for row in order.reshape(count, count)])


def cut_collage(films: Sequence[Bytes], rng: np.random.Generator) -> Bytes:
    """Several films on one picture, side by side or in a grid."""
    down, across = ((1, 2), (2, 1), (2, 2), (1, 3), (3, 3))[rng.integers(0, 5)]
    rows = [np.hstack([_film(films, rng) for _ in range(across)]) for _ in range(down)]
    whole: Bytes = cv2.resize(np.vstack(rows), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return whole


def cut_warped(films: Sequence[Bytes], rng: np.random.Generator) -> Bytes:
    """A film bent until nothing lies where it belongs, or rolled around its centre."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    film, border = _film(films, rng), cv2.BORDER_REFLECT
    if rng.random() < 0.3:
        across, down = x - SIDE / 2, y - SIDE / 2
        angle = (np.arctan2(down, across) / np.pi + 1) / 2
        places = angle * (SIDE - 1), np.hypot(across, down) * 2
    else:
        cells, reach = int(rng.integers(3, 7)), rng.uniform(0.5, 1.2) * SIDE
        places = tuple(plane + (_noise(rng, cells) - 0.5) * reach for plane in (x, y))
    bent: Bytes = cv2.remap(film, *places, cv2.INTER_LINEAR, borderMode=border).astype(np.uint8)
    return bent


CUT: Final[tuple[Callable[[Sequence[Bytes], np.random.Generator], Bytes], ...]] = (
    cut_part,
    cut_part,
    cut_shuffled,
    cut_collage,
    cut_warped,
)

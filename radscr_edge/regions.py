"""Turns saliency into regions, in training too: B_m by objectness, B_0 from the major anatomy."""

from __future__ import annotations

import cv2
import numpy as np

from radscr_edge.ontology import ZONES
from radscr_edge.records import Floats, Mask

COMPONENT_SHARE = 0.25
"""A bright component is kept when its saliency reaches this share of the strongest one's."""


def objectness(saliency: Floats, inside: Mask, high: float, low: float) -> tuple[Mask, bool]:
    """B_m of one saliency map W_m (P,), and whether it is only the arg-max fallback.

    Patches off the film (`inside` False) never count. A component of patches above `low` times the
    maximum counts when it holds a patch above `high` times the maximum and, among those that do,
    enough saliency; B_m is their union. Where nothing is salient it is the arg-max patch alone, so
    B_m is never empty.
    """
    on_film = np.where(inside, saliency, 0.0).astype(np.float32)
    peak = float(on_film.max())
    region = np.zeros(saliency.shape, np.bool_)
    if peak <= 0.0:
        region[int(np.argmax(np.where(inside, saliency, -np.inf)))] = True
        return region, True
    side = round(saliency.size**0.5)
    extent = (on_film >= low * peak).reshape(side, side).astype(np.uint8)
    count, labels = cv2.connectedComponents(extent, connectivity=8)
    labels = labels.ravel()
    scores = np.bincount(labels, weights=on_film, minlength=count)
    peaks = np.zeros(count)
    np.maximum.at(peaks, labels, on_film)
    bright = peaks >= high * peak
    bright[0] = False  # the background
    kept = bright & (scores >= COMPONENT_SHARE * scores[bright].max())
    return kept[labels], False


def major_anatomy(points: Floats, inside: Mask) -> Mask:
    """B_0 (P,): patches on the film whose centre (x, y in fractions) lies in a zone."""
    covered = np.zeros(len(points), np.bool_)
    for zone in ZONES:
        covered |= (
            (points[:, 0] >= zone.x0)
            & (points[:, 0] < zone.x1)
            & (points[:, 1] >= zone.y0)
            & (points[:, 1] < zone.y1)
        )
    result: Mask = covered & inside
    return result

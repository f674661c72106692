"""Stage 3: saliency -> region, boxes, zones and side of every hypothesis that is present."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from radscr_edge.contract import Settings
from radscr_edge.geometry import to_original
from radscr_edge.imaging import content_points
from radscr_edge.ontology import Zone, load_ontology, zones_of
from radscr_edge.patches import boxes_of, film_of
from radscr_edge.records import Floats, Grid, Hypothesis, Place, Radiograph, Side
from radscr_edge.regions import objectness
from radscr_runtime.timing import stage


@stage
def localise(
    grid: Grid, hypotheses: Sequence[Hypothesis], radiograph: Radiograph, settings: Settings
) -> tuple[Place, ...]:
    """Places of the raised hypotheses, in the order of `hypotheses`; masks are (P,)."""
    return tuple(
        _place(saliency, hypothesis, radiograph, settings)
        for hypothesis, saliency in zip(hypotheses, grid.saliency, strict=True)
        if hypothesis.raised
    )


def _place(
    saliency: Floats, hypothesis: Hypothesis, radiograph: Radiograph, settings: Settings
) -> Place:
    height, width = radiograph.pixels.shape
    points, inside = content_points(film_of(height, width, saliency.size), _side(saliency))
    region, fallback = objectness(saliency, inside, settings.saliency_high, settings.saliency_low)
    weights = np.where(region, saliency, 0.0).astype(np.float32)
    side, share = _side_of(points, weights, settings.side_share)
    if fallback or load_ontology()[hypothesis.finding].diffuse:
        side = Side.NONE
    return Place(
        hypothesis=hypothesis,
        region=region,
        boxes=tuple(
            to_original(radiograph.geometry, (height, width), box)
            for box in boxes_of(region, height, width)
        ),
        zones=_named(zones_of(points, weights), side),
        side=side,
        side_share=share,
        fallback=fallback,
    )


def _named(zones: Sequence[Zone], side: Side) -> tuple[str, ...]:
    """Names of zones that contradict no side: those of the asserted one, or the same on both."""
    if side is Side.NONE:
        bands = [zone.band for zone in zones]
        zones = [one for one in zones if one.side is Side.NONE or bands.count(one.band) > 1]
    else:
        zones = [one for one in zones if one.side in (Side.NONE, side)]
    return tuple(zone.name for zone in zones)


def _side(saliency: Floats) -> int:
    return math.isqrt(saliency.size)


def _side_of(points: Floats, weights: Floats, needed: float) -> tuple[Side, float]:
    """The patient's side of a region, and the share of its saliency that lies there."""
    total = float(weights.sum())
    if total <= 0.0:
        return Side.NONE, 0.0
    # The patient's right is on the image's left.
    right = float(weights[points[:, 0] < 0.5].sum()) / total
    share = max(right, 1.0 - right)
    if share < needed:
        return Side.NONE, share
    return (Side.RIGHT if right >= 0.5 else Side.LEFT), share

"""Names a region by anatomical zones, from geometry alone."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from radscr_edge.records import Floats, Side


@dataclass(frozen=True, slots=True)
class Zone:
    """A named rectangle of the upright film's content, in fractions of its width and height."""

    name: str
    side: Side
    band: str
    x0: float
    y0: float
    x1: float
    y1: float


def _load() -> tuple[Zone, ...]:
    text = files("radscr_edge.ontology").joinpath("zones.toml").read_text(encoding="utf-8")
    return tuple(
        Zone(row["name"], Side(row["side"]), row["band"], *row["box"])
        for row in tomllib.loads(text)["zone"]
    )


ZONES: tuple[Zone, ...] = _load()


NEIGHBOURS = {"apical": {"apical", "upper"}, "base": {"base", "lower"}}


def zone_words(band: str) -> set[str]:
    """Zone words that a sentence may use for a band; most bands allow their own only."""
    return NEIGHBOURS.get(band, {band})


def zones_of(points: Floats, weights: Floats, share: float = 0.15) -> tuple[Zone, ...]:
    """Zones that hold at least `share` of the weight, heaviest first.

    `points` is (n, 2) with x, y as fractions of the film's content, `weights` is (n,). A point in
    several overlapping zones counts for each. Returns () where no zone reaches the share.
    """
    total = float(weights.sum())
    held = []
    for zone in ZONES:
        inside = (points[:, 0] >= zone.x0) & (points[:, 0] < zone.x1)
        inside &= (points[:, 1] >= zone.y0) & (points[:, 1] < zone.y1)
        weight = float(weights[inside].sum())
        if total > 0 and weight >= share * total:
            held.append((weight, zone))
    held.sort(key=lambda pair: -pair[0])
    return tuple(zone for _, zone in held)

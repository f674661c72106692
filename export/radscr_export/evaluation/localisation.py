"""Where the runtime puts NIH labels, against a radiologist's boxes and image-blind guesses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radscr_edge.imaging.letterbox import content_points
from radscr_edge.patches import STRIDE, film_of
from radscr_edge.records import Floats, Place
from radscr_export.data.nih_boxes import TABLE, Boxed, Corners, load_boxes
from radscr_export.data.training_set import patient_of
from radscr_export.evaluation.bootstrap import (
    Draws,
    draw_weights,
    interval,
    mean_defined,
    weighted_average_precision,
    weighted_mean,
)
from radscr_export.evaluation.boxes import (
    box_mask,
    centres_of_mass,
    holds,
    most_covered,
    overlap,
)
from radscr_export.evaluation.readings import Readings

MATCH: Final = 0.3
"""Intersection over union from which a box counts as found."""
HEART: Final = "Cardiomegaly"
RIVALS: Final = ("centre_of_mass", "most_covered", "coarse")
"""What else plays the pointing game: two fixed points, and our own map averaged over 2 x 2."""


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """One boxed label of one film with what the runtime made of it."""

    boxed: Boxed
    hit: float
    """1 where the brightest patch of the region lies in a box."""
    iou: float
    """Of the region's patches with the union of the boxes."""
    fallback: float
    """1 where the region was only the arg-max patch."""
    rivals: tuple[float, ...]
    """Hits of the other points, in the order of RIVALS."""
    scores: tuple[float, ...]
    """Saliency within each box that the runtime drew."""
    matched: tuple[bool, ...]
    """Whether that box is the first to find one of the radiologist's."""


def localisation(readings: Readings, data: Path) -> dict[str, Any] | None:
    """Pointing game, IoU and AP@0.3 on the split's boxes, teacher-forced; None without boxes.

    Teacher-forced: every boxed label is localised as if it had been raised. Per NIH label, macro,
    and macro without cardiomegaly, whose place is always the same; beside two fixed points learned
    from the training boxes (a label without any is left out) and the map as coarse as the last
    stage alone would draw it. Intervals are bootstrapped over patients.
    """
    if not (data / TABLE).is_file():
        return None
    training, asked = load_boxes(data, "train"), load_boxes(data, readings.split)
    rows = {Path(readings.studies.ids[int(row)]).stem: int(row) for row in readings.rows("nih")}
    blind = (centres_of_mass(training), most_covered(training))
    located = [
        _locate(readings, rows[one.film], one, blind)
        for one in asked
        if one.film in rows and all(one.label in points for points in blind)
    ]
    return figures(located) if located else None


def _locate(
    readings: Readings, row: int, boxed: Boxed, blind: Sequence[Mapping[str, Floats]]
) -> Located:
    place = readings.place_of(row, boxed.finding)
    saliency = readings.walks[row].saliency[boxed.finding]
    height, width = (int(length) for length in readings.studies.shapes[row])
    drawn = [
        (box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height) for box in place.boxes
    ]
    salient = np.where(place.region, saliency, 0.0).astype(np.float32)
    scores = [_saliency_in(box, salient, (height, width)) for box in drawn]
    rivals = [*(points[boxed.label] for points in blind), coarsest(saliency, (height, width))]
    return Located(
        boxed=boxed,
        hit=float(holds(boxed.boxes, brightest(salient, place, (height, width)))),
        iou=_region_overlap(place, boxed.boxes, (height, width)),
        fallback=float(place.fallback),
        rivals=tuple(float(holds(boxed.boxes, point)) for point in rivals),
        scores=tuple(scores),
        matched=match(drawn, scores, boxed.boxes),
    )


def brightest(salient: Floats, place: Place, shape: tuple[int, int]) -> Floats:
    """Centre (x, y), in fractions of the film, of the brightest patch of a region."""
    points, _ = _patches(salient, shape)
    result: Floats = points[int(np.argmax(np.where(place.region, salient, -1.0)))]
    return result


def coarsest(saliency: Floats, shape: tuple[int, int]) -> Floats:
    """Centre (x, y) of the brightest cell of a map (P,) averaged over 2 x 2 patches: 1/32 of S."""
    points, inside = _patches(saliency, shape)
    cells = _cells(np.where(inside, saliency, 0.0)[:, None])[:, 0]
    result: Floats = _cells(points)[int(np.argmax(cells))]
    return result


def _cells(values: Floats) -> Floats:
    """Means (P / 4, C) over 2 x 2 patches of values (P, C)."""
    half = round(len(values) ** 0.5) // 2
    means: Floats = values.reshape(half, 2, half, 2, -1).mean(axis=(1, 3)).reshape(half * half, -1)
    return means


def _patches(salient: Floats, shape: tuple[int, int]) -> tuple[Floats, NDArray[np.bool_]]:
    return content_points(film_of(*shape, salient.size), round(salient.size**0.5))


def _saliency_in(box: Corners, salient: Floats, shape: tuple[int, int]) -> float:
    points, _ = _patches(salient, shape)
    x0, y0, x1, y1 = box
    x, y = points.T
    return float(salient[(x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)].sum())


def _region_overlap(place: Place, boxes: Sequence[Corners], shape: tuple[int, int]) -> float:
    side = round(place.region.size**0.5)
    film = film_of(*shape, place.region.size)
    region = np.kron(place.region.reshape(side, side), np.ones((STRIDE, STRIDE), np.bool_))
    on_film = np.zeros_like(region)
    on_film[film.window] = region[film.window]
    truth = box_mask(boxes, film)
    return float((on_film & truth).sum() / max(1, (on_film | truth).sum()))


def match(
    drawn: Sequence[Corners], scores: Sequence[float], truth: Sequence[Corners]
) -> tuple[bool, ...]:
    """Which drawn boxes find a true one at IoU 0.3, the brightest first and each true box once."""
    left, found = list(truth), [False] * len(drawn)
    for index in sorted(range(len(drawn)), key=lambda one: -scores[one]):
        best = max(left, key=lambda box: overlap(drawn[index], box), default=None)
        if best is not None and overlap(drawn[index], best) >= MATCH:
            left.remove(best)
            found[index] = True
    return tuple(found)


def figures(located: Sequence[Located]) -> dict[str, Any]:
    """Intervals of every measure, per label and macro, and pointing against the blind points."""
    weights = draw_weights([patient_of(one.boxed.film) for one in located])
    by_label = {
        label: [index for index, one in enumerate(located) if one.boxed.label == label]
        for label in sorted({one.boxed.label for one in located})
    }
    measures = _measures()
    drawn = {
        label: {
            name: measure([located[index] for index in rows], weights[:, rows])
            for name, measure in measures.items()
        }
        for label, rows in by_label.items()
    }
    lungs = [label for label in by_label if label != HEART]
    return {
        "films": len({one.boxed.film for one in located}),
        "boxes": sum(len(one.boxed.boxes) for one in located),
        "macro": _macro(drawn, list(by_label)),
        "macro_without_cardiomegaly": _macro(drawn, lungs) if lungs else None,
        "per_label": {
            label: {"films": len(rows), **_row(drawn[label])} for label, rows in by_label.items()
        },
    }


def _measures() -> dict[str, Callable[[Sequence[Located], Floats], Draws]]:
    def mean_of(value: Callable[[Located], float]) -> Callable[[Sequence[Located], Floats], Draws]:
        return lambda rows, weights: weighted_mean(
            np.array([value(one) for one in rows], np.float32), weights
        )

    def rival(place: int) -> Callable[[Sequence[Located], Floats], Draws]:
        return mean_of(lambda one: one.rivals[place])

    return {
        "pointing": mean_of(lambda one: one.hit),
        "iou": mean_of(lambda one: one.iou),
        "ap_30": _average_precision,
        "fallback": mean_of(lambda one: one.fallback),
        **{name: rival(place) for place, name in enumerate(RIVALS)},
    }


def _average_precision(rows: Sequence[Located], weights: Floats) -> Draws:
    """AP of the drawn boxes of one label; boxes that none of them finds count as missed."""
    owner = [index for index, one in enumerate(rows) for _ in one.scores]
    scores = np.array([score for one in rows for score in one.scores], np.float32)
    matched = np.array([found for one in rows for found in one.matched], np.bool_)
    boxes = np.array([len(one.boxed.boxes) for one in rows], np.float64)
    if not matched.any():
        return np.zeros(len(weights))
    precision = np.nan_to_num(weighted_average_precision(scores, matched, weights[:, owner]))
    found, wanted = weights[:, owner] @ matched, weights @ boxes
    recall: Draws = np.divide(found, wanted, out=np.full(len(wanted), np.nan), where=wanted > 0)
    return precision * recall


def _macro(drawn: Mapping[str, Mapping[str, Draws]], labels: Sequence[str]) -> dict[str, Any]:
    names = drawn[labels[0]]
    return _row({name: mean_defined([drawn[label][name] for label in labels]) for name in names})


def _row(draws: Mapping[str, Draws]) -> dict[str, Any]:
    return {
        **{name: asdict(interval(one)) for name, one in draws.items()},
        **{
            f"pointing_above_{name}": asdict(interval(draws["pointing"] - draws[name]))
            for name in RIVALS
        },
    }

"""Trains the view gate of radscr_edge: a linear softmax over gradient histograms of thumbnails."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

import radscr_edge.imaging
from radscr_edge.imaging.gate import LOOKS, WEIGHTS, Look, ViewGate, describe
from radscr_edge.imaging.letterbox import fit
from radscr_edge.records import Bytes, Floats
from radscr_export.data.films import load_films
from radscr_export.not_a_chest import cut_other, draw_other

SIDE = 128
"""Films are held at this size: twice the gate's thumbnail, so that crops stay sharp."""
ROTATED_STUDIES = frozenset({"2280", "2146"})
"""IU studies whose films lie on their side (data pack README): no examples of upright films."""
DRAWINGS = 6000
CUTTINGS = 3000
"""Pictures that are no chest film: all of them are made, none is collected."""
ACCEPT_SHARE = 0.995
"""Share of frontal validation films that must pass."""
SURE = 0.8
"""Probability at which a film is turned or inverted on the gate's word."""

Example = tuple[Bytes, Look]


def load_view(data: Path, name: str, split: str) -> list[Bytes]:
    """Upright films of one set and split, cut free of the letter-box."""
    films = load_films(data, name, SIDE).subset(split)
    pictures = []
    for image, (height, width), row in zip(films.images, films.shapes, films.rows, strict=True):
        if row.get("uid") in ROTATED_STUDIES:
            continue
        pictures.append(image[fit(int(height), int(width), SIDE).window])
    return pictures


def alter(picture: Bytes, rng: np.random.Generator) -> Bytes:
    """The picture as another site would send it: tilted, cropped, framed, otherwise exposed."""
    height, width = picture.shape
    tilt = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-7, 7), 1.0)
    turned = cv2.warpAffine(picture, tilt, (width, height), borderMode=cv2.BORDER_REPLICATE)
    margins = (rng.uniform(0, 0.09, 4) * np.array([height, height, width, width])).astype(int)
    cut = turned[margins[0] : height - margins[1], margins[2] : width - margins[3]]
    if rng.random() < 0.3:
        top, bottom, left, right = (int(value) for value in rng.integers(0, 12, 4))
        cut = np.pad(cut, ((top, bottom), (left, right)))
    table = 255.0 * (np.arange(256) / 255.0) ** rng.uniform(0.6, 1.6)
    result: Bytes = cv2.LUT(np.ascontiguousarray(cut), table.astype(np.uint8))
    return result


def turned_looks(picture: Bytes) -> Iterator[Example]:
    """The same frontal film as it would arrive turned or inverted."""
    yield np.rot90(picture, 1), Look.TURNED_LEFT
    yield np.rot90(picture, -1), Look.TURNED_RIGHT
    yield np.rot90(picture, 2), Look.UPSIDE_DOWN
    yield 255 - picture, Look.INVERTED


def examples(data: Path, rng: np.random.Generator) -> Iterator[Example]:
    """Every training example: films of the train splits, and what is made to be no chest film."""
    films: list[Bytes] = []
    for name in ("iu", "nih"):
        for picture in load_view(data, name, "train"):
            films.append(picture)
            yield picture, Look.FRONTAL
            yield alter(picture, rng), Look.FRONTAL
            turned = list(turned_looks(alter(picture, rng)))
            yield turned[rng.integers(0, len(turned))]
            yield turned[rng.integers(0, len(turned))]
    for picture in load_view(data, "iu-lateral", "train"):
        films.append(picture)
        yield picture, Look.LATERAL
        yield np.rot90(alter(picture, rng), int(rng.integers(0, 4))), Look.LATERAL
    for _ in range(DRAWINGS):
        yield draw_other(rng), Look.OTHER
    for _ in range(CUTTINGS):
        yield cut_other(films, rng), Look.OTHER


def train_gate(data: Path, seed: int = 0) -> ViewGate:
    """Fits the gate on the train splits and sets its acceptance on the frontal val films.

    Raises TrainingError where the data pack lacks a set.
    """
    rng = np.random.default_rng(seed)
    pairs = [(describe(picture), LOOKS.index(look)) for picture, look in examples(data, rng)]
    features = np.stack([feature for feature, _ in pairs])
    targets = np.array([target for _, target in pairs])
    model = LogisticRegression(C=0.1, max_iter=200).fit(features, targets)
    gate = ViewGate(_half(model.coef_), _half(model.intercept_), accept=0.0, sure=SURE)
    column = LOOKS.index(Look.FRONTAL)
    films = [film for name in ("iu", "nih") for film in load_view(data, name, "val")]
    shares = np.array([gate.probabilities(film)[column] for film in films])
    accept = min(0.5, float(np.quantile(shares, 1 - ACCEPT_SHARE)))
    return ViewGate(gate.weights, gate.bias, accept, SURE)


def _half(values: NDArray[np.float64]) -> Floats:
    """Rounded as they will be stored, so that the threshold is set on what ships."""
    return values.astype(np.float16).astype(np.float32)


def save_gate(gate: ViewGate, path: Path) -> None:
    """Writes the gate as package data (under 30 KB)."""
    np.savez_compressed(
        path,
        weights=gate.weights.astype(np.float16),
        bias=gate.bias.astype(np.float16),
        accept=np.float32(gate.accept),
        sure=np.float32(gate.sure),
    )


def main() -> None:
    """`python -m radscr_export.gate --data DIR`: trains the gate and writes it into the package."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    gate = train_gate(arguments.data, arguments.seed)
    folder = Path(radscr_edge.imaging.__path__[0])
    save_gate(gate, folder / WEIGHTS)
    print(f"{folder / WEIGHTS}: frontal films pass from {gate.accept:.4f}")


if __name__ == "__main__":
    main()

"""Decodes listed films by the clinic's own reader, several at a time, and letter-boxes them."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from radscr_edge.errors import StudyError, TrainingError
from radscr_edge.imaging import DecodingWorker, fit, letterbox, load_radiograph
from radscr_edge.records import Bytes, Geometry

WORKERS: Final = 8
"""Decoding processes at most; each has a core of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """The films that the reader accepts."""

    images: Bytes
    """(n, S, S)."""
    shapes: NDArray[np.int64]
    """(n, 2) height and width of each upright film before letter-boxing."""
    rows: NDArray[np.int64]
    """(n,) their places in what was asked for."""
    geometry: tuple[Geometry, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Film:
    image: Bytes
    shape: tuple[int, int]
    geometry: Geometry


def decode_files(paths: Sequence[Path], size: int, name: str) -> Decoded:
    """The films at `size` pixels. What a clinic's reader refuses is left out and counted on stderr.

    Raises TrainingError where a file is missing, or where nothing is left of a set that has films.
    """
    missing = sum(not path.is_file() for path in paths)
    if missing:
        raise TrainingError(
            f"Data set {name!r} lacks {missing} of the {len(paths)} films that its tables list. "
            "Copy it whole, or take their rows out of the tables."
        )
    workers = max(1, min(WORKERS, os.cpu_count() or 1, len(paths)))
    refused: Counter[str] = Counter()
    bar = tqdm(total=len(paths), desc=name, unit="film", disable=not paths)
    with bar, ThreadPoolExecutor(workers) as pool:
        shares = [range(start, len(paths), workers) for start in range(workers)]
        parts = pool.map(lambda share: _decode(paths, share, size, bar, refused), shares)
        films = {row: film for part in parts for row, film in part.items()}
    _tell(name, refused, left=len(films))
    rows = sorted(films)
    return Decoded(
        images=np.array([films[row].image for row in rows], np.uint8).reshape(-1, size, size),
        shapes=np.array([films[row].shape for row in rows], np.int64).reshape(-1, 2),
        rows=np.array(rows, np.int64),
        geometry=tuple(films[row].geometry for row in rows),
    )


def _decode(
    paths: Sequence[Path], share: range, size: int, bar: tqdm, refused: Counter[str]
) -> dict[int, _Film]:
    films: dict[int, _Film] = {}
    if not share:
        return films
    with DecodingWorker() as worker:
        for row in share:
            try:
                radiograph = load_radiograph(paths[row], worker)
            except StudyError as problem:
                refused[problem.cause.value] += 1
            else:
                height, width = radiograph.pixels.shape
                image = letterbox(radiograph.pixels, size)[0, 0]
                films[row] = _Film(image, (height, width), radiograph.geometry)
            bar.update()
    return films


def _tell(name: str, refused: Counter[str], left: int) -> None:
    if not refused:
        return
    causes = ", ".join(f"{count} {cause}" for cause, count in refused.most_common())
    if not left:
        raise TrainingError(f"Data set {name!r}: none of its films can be read ({causes}).")
    print(f"{name}: left out {causes}; {left} films remain.", file=sys.stderr)


def to_square(
    box: tuple[float, float, float, float], geometry: Geometry, shape: tuple[int, int], size: int
) -> tuple[float, float, float, float]:
    """A box in pixels of the file, moved as the film was: pixels of the (S, S) image, clipped.

    The inverse of radscr_edge.geometry.to_original, followed by the letter-box.
    """
    columns, rows = geometry.original_width, geometry.original_height
    x0, y0, x1, y1 = (min(1.0, max(0.0, box[i] / (rows if i % 2 else columns))) for i in range(4))
    for _ in range(geometry.quarter_turns % 4):
        x0, y0, x1, y1 = y0, 1.0 - x1, y1, 1.0 - x0
    if geometry.mirrored:
        x0, x1 = 1.0 - x1, 1.0 - x0
    return on_square((x0, y0, x1, y1), shape, size)


def on_square(
    box: tuple[float, float, float, float], shape: tuple[int, int], size: int
) -> tuple[float, float, float, float]:
    """A box in fractions of a film of that shape: pixels of its letter-boxed (S, S) image."""
    (x0, y0, x1, y1), place = box, fit(*shape, size)
    return (
        place.left + x0 * place.width,
        place.top + y0 * place.height,
        place.left + x1 * place.width,
        place.top + y1 * place.height,
    )

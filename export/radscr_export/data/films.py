"""Decodes the films of a data pack, letter-boxed exactly as the clinic's reader does it."""

from __future__ import annotations

import csv
import tarfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from radscr_edge.errors import TrainingError
from radscr_edge.imaging.letterbox import letterbox
from radscr_edge.records import Bytes


@dataclass(frozen=True, slots=True)
class FilmSet:
    """Where the films of one data set lie inside a data pack."""

    table: str
    shard: str


SETS = {
    "iu": FilmSet("iu_xray/iu_images.csv", "iu_xray/iu_frontal.tar"),
    "iu-lateral": FilmSet("iu_xray/iu_images.csv", "iu_xray/iu_lateral.tar"),
    "nih": FilmSet("nih_cxr14/nih_images.csv", "nih_cxr14/nih_images.tar"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Films:
    """The films of one data set at network size, with the row of the table for each."""

    images: Bytes
    """(n, S, S)."""
    shapes: NDArray[np.int64]
    """(n, 2) height and width of each film before letter-boxing, in its true aspect."""
    rows: tuple[dict[str, str], ...]
    """The data set's own table row per film, in the order of `images`."""

    def subset(self, split: str) -> Films:
        """The films of one split: 'train', 'val' or 'test'."""
        chosen = [index for index, row in enumerate(self.rows) if row["split"] == split]
        rows = tuple(self.rows[index] for index in chosen)
        return Films(self.images[chosen], self.shapes[chosen], rows)


def load_films(data: Path, name: str, size: int) -> Films:
    """All films of a set ('iu', 'iu-lateral', 'nih') at `size` pixels, with their original aspect.

    Raises TrainingError where the pack lacks the set.
    """
    if name not in SETS:
        raise TrainingError(f"{name!r} is no film set; choose one of {', '.join(SETS)}.")
    table, shard = data / SETS[name].table, data / SETS[name].shard
    for path in (table, shard):
        if not path.is_file():
            raise TrainingError(f"{path} is missing: give the folder of the data pack with --data.")
    with table.open(encoding="utf-8", newline="") as stream:
        rows = tuple(row for row in csv.DictReader(stream) if row["shard"] == shard.name)
    return _decode(shard, rows, size)


def _decode(shard: Path, rows: tuple[dict[str, str], ...], size: int) -> Films:
    place = {row["file"]: index for index, row in enumerate(rows)}
    images = np.zeros((len(rows), size, size), np.uint8)
    shapes = np.zeros((len(rows), 2), np.int64)
    with tarfile.open(shard) as tar:
        for member in tqdm(tar, total=len(rows), desc=shard.name, unit="film"):
            index = place.get(Path(member.name).name)
            stream = tar.extractfile(member)
            if index is None or stream is None:
                continue
            pixels = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_GRAYSCALE)
            if pixels is None:
                raise TrainingError(f"{member.name} in {shard} is damaged. Copy the pack again.")
            film = restore_aspect(pixels, rows[index])
            images[index] = letterbox(film, size)[0, 0]
            shapes[index] = film.shape
    lacking = int((shapes[:, 0] == 0).sum())
    if lacking:
        raise TrainingError(f"{shard} lacks {lacking} of the films that its table lists.")
    return Films(images, shapes, rows)


def restore_aspect(pixels: Bytes, row: dict[str, str]) -> Bytes:
    """Undoes a squash: the IU pack is 256 x 256 whatever the film's own shape was."""
    width, height = float(row.get("orig_w") or 0), float(row.get("orig_h") or 0)
    if width <= 0 or height <= 0:
        return pixels
    rows, columns = pixels.shape
    wanted = round(max(rows, columns) * min(1.0, width / height))
    taller = round(max(rows, columns) * min(1.0, height / width))
    if (taller, wanted) == (rows, columns):
        return pixels
    result: Bytes = cv2.resize(pixels, (wanted, taller), interpolation=cv2.INTER_AREA)
    return result

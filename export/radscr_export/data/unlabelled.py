"""Every training film without its labels: what the encoder is pre-trained on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radscr_edge.records import Bytes
from radscr_export.data.datasets import PACK, DataSet, data_sets
from radscr_export.data.files import decode_files
from radscr_export.data.films import load_films
from radscr_export.data.training_set import load_studies, patient_name, patient_of


@dataclass(frozen=True, slots=True, eq=False)
class Unlabelled:
    """Frontal and lateral films."""

    images: Bytes
    """(n, S, S)."""
    patients: NDArray[np.int64]
    """(n,) a number for each patient; an IU study is its own."""
    sets: tuple[str, ...]
    """The data sets that they come from."""

    def digest(self) -> str:
        """SHA-256 of films and patients: equal where training sees the same."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images).data)
        digest.update(self.patients.data)
        return digest.hexdigest()


def load_unlabelled(data: Path, split: str, size: int) -> Unlabelled:
    """The films of one split of every set of the data folder, laterals too (docs/data.md).

    Errors as `load_studies`.
    """
    frontal = load_studies(data, split, size)
    parts = [(frontal.images, [patient_of(name) for name in frontal.ids])]
    parts += [_laterals(one, split, size) for one in data_sets(data)]
    names = [name for _, patients in parts for name in patients]
    numbers = np.unique(names, return_inverse=True)[1]
    images = np.concatenate([images for images, _ in parts])
    return Unlabelled(images, numbers, tuple(frontal.sets))


def _laterals(dataset: DataSet, split: str, size: int) -> tuple[Bytes, list[str]]:
    """Lateral films, and whose they are; named as the ids of frontal films name them."""
    if dataset.kind == PACK:
        films = load_films(dataset.folder, "iu-lateral", size).subset(split)
        return films.images, [row["uid"] for row in films.rows]
    every = [one for one in dataset.films(lateral=True) if one.split == split]
    decoded = decode_files([one.file for one in every], size, f"{dataset.name} laterals")
    return decoded.images, [patient_name(dataset, every[row]) for row in decoded.rows]

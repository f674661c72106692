"""The records between an adapter, which knows a published file layout, and the training set."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from radscr_edge.errors import TrainingError
from radscr_edge.records import View
from radscr_export.data.labels import Coded, Mention, Said, States, settle


@dataclass(frozen=True, slots=True)
class FindingBox:
    """Where people, or a data set's own tools, saw a finding."""

    finding: str
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1: pixels of the file's image in a listing, of the (S, S) image in Studies."""
    exact: bool = True
    """False where it is the whole anatomical region that a report names."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """All that is known of one film besides its pixels."""

    states: States
    """(N,)."""
    implied: NDArray[np.bool_]
    """(N,) negative only because the whole study was called normal."""
    mentions: tuple[Mention, ...] = ()
    said: tuple[Said, ...] = ()
    boxes: tuple[FindingBox, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """One film as the tables of a data set list it."""

    file: Path
    patient: str
    study: str
    split: str
    view: View
    labels: Callable[[], Labels]
    """Called only for films of the wanted split, since it may open a report."""
    lateral: bool = False
    """Laterals are for pre-training alone: they are never read, labelled or measured."""


def labels_of(
    coded: Coded,
    said: Sequence[Said] = (),
    mentions: Sequence[Mention] = (),
    boxes: Sequence[FindingBox] = (),
) -> Labels:
    """Labels of codes joined with the words of a report."""
    states, implied = settle(coded, said)
    return Labels(states, implied, tuple(mentions), tuple(said), tuple(boxes))


def read_columns(path: Path, columns: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Rows of a CSV file, or of the same file with .gz at its end.

    Raises TrainingError where neither exists or a column is missing.
    """
    packed = path.with_name(f"{path.name}.gz")
    if not path.is_file() and not packed.is_file():
        raise TrainingError(f"{path} is missing. Copy the data set whole, or mend datasets.toml.")
    with _open(path if path.is_file() else packed) as stream:
        rows = csv.DictReader(stream)
        missing = set(columns) - set(rows.fieldnames or ())
        if missing:
            raise TrainingError(
                f"{path} has no column {', '.join(sorted(missing))}: it is not of the layout that "
                "docs/data.md names."
            )
        yield from rows


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return TextIOWrapper(gzip.GzipFile(path), encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")

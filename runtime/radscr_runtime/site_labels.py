"""A clinic's own labels: one CSV row a study, one column a finding."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radscr_edge.errors import CalibrationError
from radscr_edge.ontology import FINDINGS

LEAST_STUDIES: Final = 50
FILE: Final = "file"
UNKNOWN: Final = -1
STATES: Final = {"1": 1, "0": 0, "": UNKNOWN}


@dataclass(frozen=True, slots=True, eq=False)
class SiteLabels:
    """Studies and what is known of them."""

    files: tuple[Path, ...]
    states: NDArray[np.int8]
    """(n, N): 1 there, 0 not there, UNKNOWN."""


def read_labels(path: Path) -> SiteLabels:
    """The studies of a CSV file whose columns are 'file' and names of findings.

    A cell is 1, 0 or empty (unknown); files are relative to the CSV file. Raises CalibrationError
    where the table is not of that form, names a file twice, or has fewer than LEAST_STUDIES rows.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows, columns = list(reader), list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise CalibrationError(f"{path} cannot be read as CSV ({problem}).") from problem
    _check_columns(path, columns)
    files = tuple(path.parent / (row[FILE] or "").strip() for row in rows)
    twice = sorted({one.name for one in files if files.count(one) > 1})
    if twice:
        raise CalibrationError(f"{path} names {', '.join(twice)} twice. Keep one row a study.")
    check_enough(path, len(files))
    states = np.full((len(rows), len(FINDINGS)), UNKNOWN, np.int8)
    for number, row in enumerate(rows):
        for finding in columns[1:]:
            states[number, FINDINGS.index(finding)] = _state(path, number, finding, row[finding])
    return SiteLabels(files, states)


def check_enough(path: Path, studies: int) -> None:
    """Raises CalibrationError below LEAST_STUDIES."""
    if studies < LEAST_STUDIES:
        raise CalibrationError(
            f"{path}: {studies} readable studies are too few to refit thresholds; "
            f"{LEAST_STUDIES} are needed. Label more of your own studies."
        )


def _check_columns(path: Path, columns: list[str]) -> None:
    if not columns or columns[0] != FILE:
        raise CalibrationError(f"{path}: the first column must be called {FILE!r}.")
    unknown = [one for one in columns[1:] if one not in FINDINGS]
    if unknown or len(columns) == 1 or len(set(columns)) < len(columns):
        raise CalibrationError(
            f"{path}: every column after {FILE!r} must be one finding, none twice; not known: "
            f"{', '.join(unknown) or 'none'}. For their names: radscr-edge library show."
        )


def _state(path: Path, row: int, finding: str, cell: str | None) -> int:
    state = STATES.get((cell or "").strip())
    if state is None:
        raise CalibrationError(
            f"{path}, row {row + 2}, {finding}: {cell!r} is none of 1, 0 and empty."
        )
    return state

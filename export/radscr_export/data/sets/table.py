"""A clinic's own studies: one CSV file, films beside it; docs/data.md describes the columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import View
from radscr_export.data.labels import Coded, State, affirmed, read_report, reported, settle
from radscr_export.data.listing import Labels, Listed, read_columns
from radscr_export.data.splits import SPLITS, split_of

TABLE: Final = "studies.csv"
NEEDED: Final = ("file", "patient")
OPTIONAL: Final = ("study", "split", "view", "report", "normal")
VALUES: Final = {"1": State.POSITIVE, "0": State.NEGATIVE, "u": State.UNKNOWN}
LATERAL: Final = "lateral"
VIEWS: Final = {"": View.UNKNOWN, "PA": View.PA, "AP": View.AP, LATERAL: View.UNKNOWN}


def list_films(folder: Path) -> Iterator[Listed]:
    """The films of studies.csv; TrainingError, with the line, where a value is not understood."""
    path = folder / TABLE
    _check_header(path)
    for line, row in enumerate(read_columns(path, NEEDED), 2):
        _check_row(path, line, row)
        yield Listed(
            file=folder / row["file"],
            patient=row["patient"],
            study=row.get("study") or row["file"],
            split=row.get("split") or split_of(row["patient"]),
            view=VIEWS[row.get("view") or ""],
            labels=partial(_labels, row),
            lateral=row.get("view") == LATERAL,
        )


def _check_header(path: Path) -> None:
    if not path.is_file():
        raise TrainingError(f"{path} is missing. Write it as docs/data.md says.")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header = next(csv.reader(stream), [])
    strange = [name for name in header if name not in (*NEEDED, *OPTIONAL, *FINDINGS)]
    if strange:
        raise TrainingError(
            f"{path} has a column {strange[0]!r}, which is neither a field nor one of the 37 "
            "findings. Name it as docs/data.md does, or take it out."
        )


def _check_row(path: Path, line: int, row: Mapping[str, str]) -> None:
    allowed: dict[str, tuple[str, ...]] = {
        "split": ("", *SPLITS),
        "view": tuple(VIEWS),
        "normal": ("", "0", "1"),
        **dict.fromkeys(FINDINGS, ("", *VALUES)),
    }
    for column, values in allowed.items():
        if (row.get(column) or "") not in values:
            raise TrainingError(
                f"{path}, line {line}: {column!r} must be one of "
                f"{', '.join(filter(None, values))} or empty."
            )
    for column in NEEDED:
        if not row[column]:
            raise TrainingError(f"{path}, line {line}: {column!r} is empty.")
    if Path(row["file"]).is_absolute() or ".." in Path(row["file"]).parts:
        raise TrainingError(f"{path}, line {line}: give 'file' relative to the folder of {TABLE}.")


def _labels(row: Mapping[str, str]) -> Labels:
    """A value in a column wins; where it is empty the report speaks."""
    said = read_report(row.get("report") or "")
    words, ontology = reported(said), load_ontology()
    coded = {
        state: frozenset(name for name in FINDINGS if VALUES.get(row.get(name) or "") is state)
        for state in VALUES.values()
    }
    denied = ontology.roll_down(coded[State.NEGATIVE])
    joined = Coded(
        positive=coded[State.POSITIVE] | (words.positive - denied - coded[State.UNKNOWN]),
        negative=coded[State.NEGATIVE] | (words.negative - coded[State.UNKNOWN]),
        unsure=coded[State.UNKNOWN] | (words.unsure - denied - coded[State.POSITIVE]),
        otherwise=State.NEGATIVE if row.get("normal") == "1" else words.otherwise,
    )
    states, implied = settle(joined)
    return Labels(states, implied, affirmed(said), said)

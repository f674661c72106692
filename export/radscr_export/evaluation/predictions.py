"""Scores the report texts of any system: `evaluate --predictions FILE`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from radscr_edge.errors import TrainingError
from radscr_export.evaluation.grounding import contradictions_of
from radscr_export.evaluation.rad_eval import RadEval, all_figures
from radscr_export.evaluation.report_truth import SystemReports, Truth, load_truth

COLUMNS = ("id", "report")
SHOWN = 5
"""Ids that an error names at most."""


def score_predictions(
    file: Path, data: Path, split: str, rad_eval: RadEval | None = None
) -> dict[str, Any]:
    """Our report metrics of the texts in `file` on the IU studies of a split; figures only.

    `file` is a CSV with the columns id and report, or (.jsonl) one JSON object a line with these
    keys; the id is the uid of the study. Raises TrainingError, with the line, the column or the
    ids, where the file cannot be read so, where an id is given twice or belongs to no study of the
    split, or where a study's report is missing or empty.
    """
    truth = load_truth(data, split)
    reports = read_predictions(file, truth)
    return {
        "file": file.name,
        "split": split,
        **all_figures([reports], truth, rad_eval),
        "contradictions": contradictions_of(reports),
    }


def read_predictions(file: Path, truth: Truth) -> SystemReports:
    """The texts of a file in the order of the truth's studies; errors as `score_predictions`."""
    if not file.is_file():
        raise TrainingError(f"{file} is missing: give a CSV or .jsonl file of report texts.")
    texts: dict[str, str] = {}
    for line, name, text in _rows(file):
        if name in texts:
            raise TrainingError(f"{file.name}, line {line}: id {name} occurs twice. Keep one.")
        if not text.strip():
            raise TrainingError(f"{file.name}, line {line}: the report of id {name} is empty.")
        texts[name] = text
    known = set(truth.ids)
    _refuse(file, [name for name in texts if name not in known], "no study of this split has")
    _refuse(file, [name for name in truth.ids if name not in texts], "no report is given for")
    return SystemReports(file.stem, tuple(texts[name] for name in truth.ids))


def _refuse(file: Path, names: Sequence[str], fault: str) -> None:
    if names:
        listed = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        raise TrainingError(
            f"{file.name}: {fault} id {listed} ({len(names)} in all). "
            "Give one report for every study of the split that has a frontal film, and no other."
        )


def _rows(file: Path) -> Iterator[tuple[int, str, str]]:
    """Line number, id and report of every row."""
    try:
        yield from _json_rows(file) if file.suffix in (".jsonl", ".ndjson") else _csv_rows(file)
    except UnicodeDecodeError as problem:
        raise TrainingError(f"{file.name} is not UTF-8 text. Save it as UTF-8.") from problem


def _csv_rows(file: Path) -> Iterator[tuple[int, str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise TrainingError(
                f"{file.name} has no column {' and no column '.join(missing)}; it needs "
                "'id' and 'report'."
            )
        for row in rows:
            yield rows.line_num, (row["id"] or "").strip(), row["report"] or ""


def _json_rows(file: Path) -> Iterator[tuple[int, str, str]]:
    with file.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield (number, *_json_row(file, number, line))


def _json_row(file: Path, number: int, line: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
        return str(row["id"]).strip(), str(row["report"])
    except (ValueError, KeyError, TypeError) as problem:
        raise TrainingError(
            f"{file.name}, line {number}: not a JSON object with 'id' and 'report' ({problem})."
        ) from problem

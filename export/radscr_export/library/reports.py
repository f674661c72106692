"""A user's own reports -> sentences that may be retrieved: split, scrubbed and labelled."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from radscr_edge.errors import TrainingError
from radscr_edge.labeler import Mention, compares, label, split_sentences
from radscr_edge.ontology import load_ontology
from radscr_edge.records import Polarity, Sentence

COMPARING: Final = re.compile(
    r"\b(?:stable|unchanged|persistent|persisting|again|redemonstrated|residual)\b,? ?",
    re.IGNORECASE,
)
"""Words that can be cut out of a sentence and leave it whole."""
PRIVATE: Final = re.compile(
    r"\bx{2,}\b|_{2,}|\[\*\*.*?\*\*\]|\b(?:dr|mr|mrs|ms|prof)\b\.? [A-Z]"
    r"|\b(?:phone|pager|discussed|called)\b"
    r"|\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b|\b(?:19|20)\d\d\b|\b\d{1,2}:\d\d\b|\b[ap]\.?m\.?\b"
    r"|\b(?:january|february|march|april|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
"""De-identification marks, names, dates, times: a sentence that holds one is left out."""
HELD_OUT_SPLITS: Final = frozenset({"val", "valid", "validate", "validation", "test"})
MARK: Final = " XXXX "
SHORTEST, LONGEST = 1, 40
"""Words of a sentence that is kept."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Studies of validation and test, whose reports must not enter a library."""

    studies: frozenset[str]
    column: str
    """The column of the reports that names the study."""


def read_reports(
    path: Path, columns: Sequence[str], start: int = 0, held_out: HeldOut | None = None
) -> Iterator[tuple[int, str]]:
    """Number and text of every report of a CSV file from row `start` on, read as a stream.

    Raises TrainingError where the file or one of its columns is missing, and where a row is of a
    held-out study or says in a column `split` that it is for validation or test.
    """
    columns_needed = {*columns, *([held_out.column] if held_out else ())}
    if not path.is_file():
        raise TrainingError(f"{path} is missing: give a CSV file of reports with --reports.")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        missing = columns_needed - set(rows.fieldnames or ())
        if missing:
            raise TrainingError(
                f"{path} has no column {', '.join(sorted(missing))}. Name the columns that hold "
                f"the text with --columns; it has {', '.join(rows.fieldnames or ())}."
            )
        for number, row in enumerate(rows):
            _check_free(path, number, row, held_out)
            if number >= start:
                yield number, " ".join(row[column] or "" for column in columns)


def _check_free(path: Path, number: int, row: dict[str, str], held_out: HeldOut | None) -> None:
    split = row.get("split") or ""
    known = held_out is not None and row[held_out.column] in held_out.studies
    if known or split in HELD_OUT_SPLITS:
        why = "its study is held out in the data" if known else f"its split is {split!r}"
        raise TrainingError(
            f"{path}, report {number + 1}: {why}. A library with reports of validation or test "
            "would be measured on itself; leave those rows out."
        )


def sentences_of(report: str) -> Iterator[Sentence]:
    """The sentences of a report that speak of exactly one finding, ready for a library.

    Their ids are empty. Left out is what compares with a prior, names people or dates, or says
    something of the past.
    """
    for raw in split_sentences(PRIVATE.sub(MARK, report)):
        text = _scrubbed(raw)
        if text and SHORTEST <= len(text.split()) <= LONGEST and not compares(text):
            statement = _only_statement(label(text))
            if statement is not None:
                yield _sentence(text, statement)


def joined(sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """One text per finding and polarity: all that a report says of it, as the paper joins it."""
    groups: dict[tuple[str, Polarity], list[Sentence]] = {}
    for one in sentences:
        groups.setdefault((one.finding, one.polarity), []).append(one)
    for same in groups.values():
        text = " ".join(dict.fromkeys(one.text for one in same))
        statement = _only_statement(label(text))
        if len(same) == 1 or statement is None:
            yield from same
        else:
            yield _sentence(text, statement)


def _scrubbed(raw: str) -> str:
    """The sentence without words of comparison; empty where it held something private."""
    if MARK.strip() in raw:
        return ""
    text = " ".join(COMPARING.sub("", raw).split()).strip(" ,;:-")
    if not text:
        return ""
    return text[0].upper() + text[1:].rstrip(".") + "."


def _only_statement(mentions: Sequence[Mention]) -> Mention | None:
    """The one statement of a sentence; its finding's ancestors may be named beside it."""
    if not mentions or any(one.historical or not one.finding for one in mentions):
        return None
    findings = {one.finding for one in mentions}
    for one in mentions:
        beside = findings - {one.finding} - load_ontology().ancestors(one.finding)
        alike = {(other.polarity, other.side) for other in mentions}
        if not beside and len(alike) == 1:
            return one
    return None


def _sentence(text: str, said: Mention) -> Sentence:
    return Sentence(
        id="",
        text=text,
        finding=said.finding,
        organ=said.organ,
        polarity=said.polarity,
        certainty=said.certainty,
        side=said.side,
        severity=said.severity,
        zone=said.zone,
    )

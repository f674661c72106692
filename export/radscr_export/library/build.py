"""Builds the library of a bundle anew: from files of sentences, or from a user's own reports."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from radscr_edge.contract import Bundle
from radscr_edge.errors import LibraryError, TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity, Sentence, Side
from radscr_edge.sentences import load_sentences, sentence_of, variants
from radscr_edge.wording import Role
from radscr_export.library.prototypes import with_prototypes
from radscr_export.library.reports import HeldOut, joined, read_reports, sentences_of
from radscr_export.library.shelf import Shelf
from radscr_export.library.vectors import batches, write_library
from radscr_export.text_encoder import TextEncoder

REPORTS_AT_ONCE: Final = 200
SHELF: Final = "sentences.sqlite"
MOST: Final = 20_000
"""Sentences of each finding that are kept unless said otherwise: the most frequent ones."""


@dataclass(frozen=True, slots=True)
class ReportSource:
    """A CSV file of reports."""

    path: Path
    columns: tuple[str, ...]
    """Columns that hold the text, in order."""
    join: bool
    """Whether all that a report says of a finding becomes one text."""
    most: int = MOST
    """Sentences of each finding that are kept."""
    held_out: HeldOut | None = None
    """Studies whose reports are refused; None where nobody named the data they are in."""


def build_library(
    source: ReportSource | Sequence[Path], bundle: Bundle, out: Path, encoder: TextEncoder
) -> Bundle:
    """A copy of `bundle` in `out` with a library from `source`, a CSV of reports or of sentences.

    What the source says too little of is filled up with the written sentences, so that the walk
    always finds words. A stopped build goes on where it was when it is called again.
    Raises TrainingError where `out` exists, where the text encoder is not the bundle's, or where a
    report is of a study in validation or test.
    """
    if encoder.digest != bundle.text_encoder:
        raise TrainingError(
            "This text encoder is not the one that the bundle was trained with "
            f"({bundle.text_encoder[:12]}). Name that one with --text-encoder."
        )
    if out.exists():
        raise TrainingError(f"{out} exists. Give another folder with --out.")
    scratch = out.with_name(f"{out.name}.part")
    folder = scratch / out.name
    folder.mkdir(parents=True, exist_ok=True)
    shelf = Shelf(scratch / SHELF)
    facts = _fill(shelf, source)
    for path in bundle.folder.iterdir():
        shutil.copyfile(path, folder / path.name)
    write_library(folder, shelf, encoder, bundle.settings.alpha1, scratch)
    training = {**bundle.training, "library": {**facts, "tuned_with": bundle.name}}
    replace(bundle, folder=folder, name=out.name, training=training).save()
    shutil.move(folder, out)
    shutil.rmtree(scratch)
    return Bundle.open(out)


def read_sentences(paths: Iterable[Path]) -> Iterator[Sentence]:
    """Sentences from CSV files in the columns of the written library, slots spelled out.

    Raises LibraryError where a row cannot be understood.
    """
    for path in paths:
        with path.open(encoding="utf-8", newline="") as stream:
            for number, row in enumerate(csv.DictReader(stream), 2):
                try:
                    yield from variants(sentence_of(row))
                except (LibraryError, AttributeError) as problem:
                    raise LibraryError(f"{path}, line {number}: {problem}") from problem


def _fill(shelf: Shelf, source: ReportSource | Sequence[Path]) -> dict[str, Any]:
    if isinstance(source, ReportSource):
        facts = _read(shelf, source)
        shelf.keep(source.most)
    else:
        shelf.add(read_sentences(source), reports=0)
        facts = {"files": [path.name for path in source]}
    own = len(shelf)
    shelf.add(_needed(shelf), shelf.reports)
    for finding in tqdm(FINDINGS, desc="prototypes", unit="finding"):
        shelf.assign(with_prototypes(shelf.about(finding)))
    return {**facts, "sentences": own, "filled_up": len(shelf) - own}


def _read(shelf: Shelf, source: ReportSource) -> dict[str, Any]:
    """Reads the reports that the shelf has not seen yet."""
    reports = read_reports(source.path, source.columns, shelf.reports, source.held_out)
    with tqdm(desc="reading reports", unit="report", initial=shelf.reports) as bar:
        for batch in batches(reports, REPORTS_AT_ONCE):
            said: list[Sentence] = []
            for _, text in batch:
                found = list(sentences_of(text))
                said += joined(found) if source.join else found
            shelf.add(said, reports=batch[-1][0] + 1)
            bar.update(len(batch))
    checked = source.held_out is not None
    return {"reports": shelf.reports, "joined": source.join, "held_out_checked": checked}


def _needed(shelf: Shelf) -> Iterator[Sentence]:
    """The written sentences of what the shelf cannot say plainly, without a side or a zone."""
    for finding in FINDINGS:
        plain = {
            one.polarity for one in shelf.about(finding) if one.side is Side.NONE and not one.zone
        }
        lacking = set(Polarity) - plain
        yield from (
            one
            for one in load_sentences(Role.FINDING)
            if one.finding == finding and one.polarity in lacking
        )

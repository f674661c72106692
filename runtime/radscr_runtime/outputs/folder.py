"""Writes a report's files: whole or not at all, so that nobody reads half a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from radscr_edge.errors import RadscrError
from radscr_edge.records import Radiograph
from radscr_runtime.outputs.html import to_html
from radscr_runtime.outputs.record import to_json


def make_folder(folder: Path) -> None:
    """Makes the folder of the reports; RadscrError where its parent is missing or forbids it."""
    if not folder.parent.is_dir():
        raise RadscrError(f"{folder.parent} is no folder. Make it first, or give another --out.")
    with _explained(folder):
        folder.mkdir(exist_ok=True)


def save_report(folder: Path, record: Mapping[str, Any], radiograph: Radiograph) -> Path:
    """Writes report.json and report.html into a folder of the study's own; returns the page.

    Raises RadscrError where the disk refuses.
    """
    own = folder / f"{Path(radiograph.name).stem[:60]}-{radiograph.digest[:8]}"
    page = own / "report.html"
    with _explained(own):
        own.mkdir(exist_ok=True)
        _write(own / "report.json", to_json(record))
        _write(page, to_html(record, radiograph))
    return page


def _write(path: Path, text: str) -> None:
    fresh = path.with_suffix(f"{path.suffix}.part")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise RadscrError(
            f"{folder} cannot be written ({problem.strerror}). Give another --out, or make room."
        ) from problem

"""The CSV tables of the sentences: one folder a language, the same tables in each."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from radscr_edge.errors import LibraryError

LANGUAGES: Final = {
    "en": "English",
    "fr": "français",
    "es": "español",
    "pt": "português",
    "sw": "Kiswahili",
}
"""ISO 639-1 code -> the language's own name; English is what the library is written in."""


def tables_of(language: str) -> tuple[str, ...]:
    """Names of a language's tables; LibraryError where the language is unknown."""
    names = (one.name for one in _folder(language).iterdir())
    return tuple(sorted(name.removesuffix(".csv") for name in names if name.endswith(".csv")))


def rows_of(language: str, table: str) -> Iterator[dict[str, str]]:
    """Rows of one table; LibraryError where a row has not the header's number of fields."""
    text = _folder(language).joinpath(f"{table}.csv").read_text(encoding="utf-8")
    for number, row in enumerate(csv.DictReader(text.splitlines()), 2):
        if None in row or None in row.values():
            raise LibraryError(
                f"{language}/{table}.csv, line {number}: fields do not match the header. "
                "Quote texts that hold a comma."
            )
        yield row


@cache
def _folder(language: str) -> Traversable:
    if language not in LANGUAGES:
        raise LibraryError(
            f"{language!r} is no language here; choose one of {', '.join(LANGUAGES)}."
        )
    return files("radscr_edge.sentences").joinpath(language)

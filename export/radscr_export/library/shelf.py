"""Where a library grows: sentences on disk, each text of a finding once, counted and resumable."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Sentence
from radscr_edge.sentences import sentence_of

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sentence (
    id INTEGER PRIMARY KEY, finding TEXT NOT NULL, key TEXT NOT NULL, count INTEGER NOT NULL,
    fields TEXT NOT NULL, prototype INTEGER NOT NULL DEFAULT -1, UNIQUE (finding, key)
);
CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
UPSERT: Final = (
    "INSERT INTO sentence (finding, key, count, fields) VALUES (?, ?, 1, ?) "
    "ON CONFLICT (finding, key) DO UPDATE SET count = count + 1"
)
READ: Final = "reports"


class Shelf:
    """Sentences of a library in the making, in one SQLite file; iterated in a fixed order."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.executescript(SCHEMA)

    @property
    def reports(self) -> int:
        """How many reports were read into it."""
        row = self._connection.execute("SELECT value FROM progress WHERE name = ?", (READ,))
        found = row.fetchone()
        return int(found[0]) if found else 0

    def add(self, sentences: Iterable[Sentence], reports: int) -> None:
        """Adds what the reports up to number `reports` say; whole or not at all."""
        rows = [(one.finding, _key(one.text), _fields(one)) for one in sentences]
        with self._connection:
            self._connection.executemany(UPSERT, rows)
            self._connection.execute(
                "INSERT OR REPLACE INTO progress VALUES (?, ?)", (READ, reports)
            )

    def keep(self, most: int) -> None:
        """Leaves the `most` frequent sentences of each finding, the earliest of equals."""
        ranked = (
            "SELECT id FROM (SELECT id, row_number() OVER "
            "(PARTITION BY finding ORDER BY count DESC, id) AS place FROM sentence) "
            "WHERE place > ?"
        )
        with self._connection:
            self._connection.execute(f"DELETE FROM sentence WHERE id IN ({ranked})", (most,))  # noqa: S608

    def about(self, finding: str) -> list[Sentence]:
        """All sentences about one finding."""
        rows = self._connection.execute(
            "SELECT id, finding, fields, prototype FROM sentence WHERE finding = ? ORDER BY id",
            (finding,),
        )
        return [_sentence(*row) for row in rows]

    def assign(self, sentences: Iterable[Sentence]) -> None:
        """Stores the prototypes of sentences that came from here."""
        rows = [(one.prototype, one.finding, _key(one.text)) for one in sentences]
        with self._connection:
            self._connection.executemany(
                "UPDATE sentence SET prototype = ? WHERE finding = ? AND key = ?", rows
            )

    def __len__(self) -> int:
        """Number of different sentences."""
        return int(self._connection.execute("SELECT count(*) FROM sentence").fetchone()[0])

    def __iter__(self) -> Iterator[Sentence]:
        """Every sentence, finding by finding in the ontology's order."""
        for finding in FINDINGS:
            yield from self.about(finding)


def _key(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _fields(one: Sentence) -> str:
    return json.dumps(asdict(one), ensure_ascii=False)


def _sentence(number: int, finding: str, fields: str, prototype: int) -> Sentence:
    row = json.loads(fields)
    row["id"] = (
        row["id"] or f"{re.sub(r'[^a-z0-9]+', '-', finding.lower()).strip('-')}.report.{number}"
    )
    return replace(sentence_of(row, language=row["language"]), prototype=prototype)

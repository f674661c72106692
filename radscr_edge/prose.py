"""A report's findings as running text, each sentence with the library sentences it came from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """A library sentence as the report says it, which prose may be made of."""

    sentence_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of the prose."""

    text: str
    sentence_ids: tuple[str, ...]
    """Of the library sentences that say what it says; never empty, in the report's order."""


@dataclass(frozen=True, slots=True)
class Prose:
    """Running text beside the verbatim lines, which stay the report's truth."""

    clauses: tuple[Clause, ...]

    @property
    def text(self) -> str:
        """The whole text."""
        return " ".join(one.text for one in self.clauses)

"""Pieces of Markdown that the model card is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A heading of the third level and a table."""
    yield from ("", f"### {title}", "")
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def missing(title: str, why: str) -> Iterator[str]:
    """A heading, and why there are no figures under it."""
    yield from ("", f"### {title}", "", f"Not measured: {why}.")

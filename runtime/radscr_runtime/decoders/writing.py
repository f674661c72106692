"""How Phi writes: by choice at the joints of given text, or freely; runs in the child process."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from radscr_edge.errors import DecoderError

Tokens = list[int]
ENDLESS: Final = "Phi came to no end within"
"""How the message starts that tells of a text without an end."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written."""

    opening: str
    """The sentences that the text is made of."""
    steps: tuple[tuple[str, ...], ...] = ()
    """Pieces of the text with their alternatives, as in `joints`; empty: written freely."""


class Track(Protocol):
    """A text that a language model has read up to some token."""

    def row(self, text: str) -> Tokens:
        """The tokens of the opening and a text."""

    def after(self, row: Tokens) -> NDArray[np.float32]:
        """The logits after a row; what is new of it is evaluated in one batch."""

    def ends(self, token: int) -> bool:
        """Whether a token ends the text."""

    def piece(self, token: int) -> bytes:
        """The text of a token."""


def join(track: Track, steps: Sequence[Sequence[str]]) -> Iterator[str]:
    """The text piece by piece: each is forced, or the one that the model prefers.

    What is forced waits for the next choice and is evaluated with it: as many evaluations as
    choices, however long the text. After any but the first alternative the next piece is its first.
    """
    text, joined = "", False
    for options in steps:
        offered = options[:1] if joined else options
        chosen = offered[_preferred(track, [text + one for one in offered])]
        joined = chosen != options[0]
        text += chosen
        yield chosen


def write_freely(track: Track, most: int) -> Iterator[str]:
    """The likeliest token after another, up to the end that the model sets.

    Raises DecoderError where it sets none within `most` tokens.
    """
    row, decoder = track.row(""), getincrementaldecoder("utf-8")("replace")
    for _ in range(most):
        token = int(np.argmax(track.after(row)))
        if track.ends(token):
            return
        row = [*row, token]
        if piece := decoder.decode(track.piece(token)):
            yield piece
    raise DecoderError(f"{ENDLESS} {most} tokens.")


def shared_start(rows: Sequence[Tokens]) -> int:
    """How many tokens all rows share at their start."""
    alike = takewhile(lambda column: len(set(column)) == 1, zip(*rows, strict=False))
    return sum(1 for _ in alike)


def _preferred(track: Track, texts: Sequence[str]) -> int:
    """The text whose tokens, where they part from the others, are the likelier ones; its number."""
    rows = {number: track.row(text) for number, text in enumerate(texts)} if texts[1:] else {0: []}
    while len(rows) > 1:
        shared = shared_start(list(rows.values()))
        if any(len(row) == shared for row in rows.values()):
            break  # no token tells the rest apart
        first = next(iter(rows.values()))
        logits = track.after(first[:shared])
        best = max((row[shared] for row in rows.values()), key=lambda token: float(logits[token]))
        rows = {number: row for number, row in rows.items() if row[shared] == best}
    return min(rows)

"""What every decoder can do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from radscr_edge.prose import Prose, Told
from radscr_edge.records import Decision, Missed, Sentence

OnText = Callable[[str], None]
"""Gets a text piece by piece while it is written, before it is checked."""


def unheard(_piece: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Hearer:
    """Who listens while a report is composed, and since when: the time limit counts from there."""

    on_text: OnText = unheard
    """May raise StopWriting to end the writing; the report is complete without it."""
    since: float = field(default_factory=time.monotonic)
    """Of time.monotonic."""


class Decoder(Protocol):
    """Decides on U; it never sees, let alone changes, the text of Q that the report prints."""

    @property
    def name(self) -> str:
        """'plain', 'judge' or 'fluent'."""

    def decide(self, q: Sequence[Sentence], u: Sequence[Missed]) -> tuple[Decision, ...]:
        """One decision per sentence of U, in its order; DecoderError where that is impossible."""

    def write(self, told: Sequence[Told], hearer: Hearer) -> Prose | None:
        """The findings as checked prose; None from a decoder that writes none.

        Raises DecoderError where a decoder that writes could not.
        """

    def begin(self) -> None:
        """A new reading begins: a cancel from before no longer counts."""

    def cancel(self) -> None:
        """From any thread: until the next `begin`, whatever asks Phi raises DecoderError soon."""

    def close(self) -> None:
        """Frees what the decoder holds."""

"""What every decoder can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from radscr_edge.records import Decision, Missed, Sentence


class Decoder(Protocol):
    """Decides on U; it never sees, let alone changes, the text of Q that the report prints."""

    @property
    def name(self) -> str:
        """'plain' or 'judge'."""

    def decide(self, q: Sequence[Sentence], u: Sequence[Missed]) -> tuple[Decision, ...]:
        """One decision per sentence of U, in its order; DecoderError where that is impossible."""

    def close(self) -> None:
        """Frees what the decoder holds."""

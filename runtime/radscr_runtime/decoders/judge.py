"""Phi as a judge: it decides only what no rule settles, by the odds of one answer word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from radscr_edge.prose import Prose, Told
from radscr_edge.records import Decision, Missed, Sentence
from radscr_runtime.decoders.decoder import Hearer
from radscr_runtime.decoders.question import ask
from radscr_runtime.decoders.rules import settle, touching


class Oracle(Protocol):
    """A language model that weighs the two answers."""

    def log_odds(self, prompts: Sequence[str]) -> Sequence[float]:
        """ln P(keep) / P(drop) of the next word after each prompt."""

    def begin(self) -> None:
        """A new reading begins: a cancel from before no longer counts."""

    def cancel(self) -> None:
        """From any thread: an answer that is waited for ends in DecoderError."""

    def close(self) -> None:
        """Frees the model."""


@dataclass(frozen=True, slots=True)
class JudgeDecoder:
    """Keeps of U what the rules keep, and what Phi keeps where they are silent."""

    phi: Oracle
    name: str = "judge"

    def decide(self, q: Sequence[Sentence], u: Sequence[Missed]) -> tuple[Decision, ...]:
        """One decision per sentence of U, in its order; DecoderError where Phi fails.

        All that is open is asked at once, each beside the sentences of Q that touch it; nothing
        open: Phi is not asked at all.
        """
        settled = [settle(q, one.sentence) for one in u]
        asked = [one.sentence for one, decision in zip(u, settled, strict=True) if decision is None]
        odds = self.phi.log_odds([ask(touching(q, one), one) for one in asked]) if asked else ()
        weighed = iter([_weighed(*pair) for pair in zip(asked, odds, strict=True)])
        return tuple(decision or next(weighed) for decision in settled)

    def write(self, told: Sequence[Told], hearer: Hearer) -> Prose | None:
        """Nothing: the sentences stand as they are."""
        return None

    def begin(self) -> None:
        """Forgets a cancel from before."""
        self.phi.begin()

    def cancel(self) -> None:
        """Stops Phi, whatever it is asked."""
        self.phi.cancel()

    def close(self) -> None:
        """Frees the model."""
        self.phi.close()


def _weighed(u: Sentence, odds: float) -> Decision:
    return Decision(sentence_id=u.id, kept=odds > 0.0, decided_by="phi", log_odds=odds)

"""Phi as a judge: it decides only what no rule settles, by the odds of one answer word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from radscr_edge.records import Decision, Missed, Sentence
from radscr_runtime.decoders.question import ask
from radscr_runtime.decoders.rules import settle


class Oracle(Protocol):
    """A language model that weighs the two answers."""

    def log_odds(self, prompt: str) -> float:
        """ln P(keep) / P(drop) of the next word."""

    def close(self) -> None:
        """Frees the model."""


@dataclass(frozen=True, slots=True)
class JudgeDecoder:
    """Keeps of U what the rules keep, and what Phi keeps where they are silent."""

    phi: Oracle
    name: str = "judge"

    def decide(self, q: Sequence[Sentence], u: Sequence[Missed]) -> tuple[Decision, ...]:
        """One decision per sentence of U, in its order; DecoderError where Phi fails."""
        return tuple(settle(q, one.sentence) or self._ask(q, one.sentence) for one in u)

    def close(self) -> None:
        """Frees the model."""
        self.phi.close()

    def _ask(self, q: Sequence[Sentence], u: Sentence) -> Decision:
        odds = self.phi.log_odds(ask(q, u))
        return Decision(sentence_id=u.id, kept=odds > 0.0, decided_by="phi", log_odds=odds)

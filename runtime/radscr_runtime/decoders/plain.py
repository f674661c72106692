"""The decoder without a language model: rules, and restraint where no rule is certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from radscr_edge.prose import Prose, Told
from radscr_edge.records import Decision, Missed, Sentence
from radscr_runtime.decoders.decoder import Hearer
from radscr_runtime.decoders.rules import settle


@dataclass(frozen=True, slots=True)
class PlainDecoder:
    """Keeps of U what nothing in Q speaks of; drops what is open."""

    name: str = "plain"

    def decide(self, q: Sequence[Sentence], u: Sequence[Missed]) -> tuple[Decision, ...]:
        """One decision per sentence of U, in its order."""
        return tuple(settle(q, one.sentence) or _drop(one.sentence) for one in u)

    def write(self, told: Sequence[Told], hearer: Hearer) -> Prose | None:
        """Nothing: the sentences stand as they are."""
        return None

    def begin(self) -> None:
        """Has nothing to forget."""

    def cancel(self) -> None:
        """Is done before anybody could cancel it."""

    def close(self) -> None:
        """Holds nothing."""


def _drop(u: Sentence) -> Decision:
    rule = "rule: related to a retrieved sentence, dropped without a model"
    return Decision(sentence_id=u.id, kept=False, decided_by=rule, log_odds=None)

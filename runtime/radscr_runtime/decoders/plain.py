"""The decoder without a language model: rules, a table of answers, and else restraint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from radscr_edge.prose import Prose, Told
from radscr_edge.records import Decision, Missed, Sentence
from radscr_runtime.decoders.answers import answered
from radscr_runtime.decoders.decoder import Hearer
from radscr_runtime.decoders.rules import settle

RULES: Final = {
    True: "rule: worth telling beside what was retrieved",
    False: "rule: said, implied or explained by what was retrieved",
    None: "rule: related to a retrieved sentence, dropped without a model",
}
"""What the table answers, and how a report names it."""


@dataclass(frozen=True, slots=True)
class PlainDecoder:
    """Keeps of U what nothing in Q speaks of, or what the table keeps beside it."""

    name: str = "plain"

    def decide(self, q: Sequence[Sentence], u: Sequence[Missed]) -> tuple[Decision, ...]:
        """One decision per sentence of U, in its order."""
        return tuple(settle(q, one.sentence) or _by_table(q, one.sentence) for one in u)

    def write(self, told: Sequence[Told], hearer: Hearer) -> Prose | None:
        """Nothing: the sentences stand as they are."""
        return None

    def begin(self) -> None:
        """Has nothing to forget."""

    def cancel(self) -> None:
        """Is done before anybody could cancel it."""

    def close(self) -> None:
        """Holds nothing."""


def _by_table(q: Sequence[Sentence], u: Sentence) -> Decision:
    """The table's answer; without one the candidate is dropped: it is hedged, and its kin told."""
    kept = answered(q, u)
    return Decision(sentence_id=u.id, kept=bool(kept), decided_by=RULES[kept], log_odds=None)

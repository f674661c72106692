"""Phi as an editor: the judge's decisions, then the findings as prose that was checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from radscr_edge.errors import DecoderError
from radscr_edge.prose import Prose, Told
from radscr_edge.records import Composition, Decision, Missed, Sentence
from radscr_runtime.decoders.decoder import Decoder, Hearer
from radscr_runtime.decoders.fluent_check import check_prose
from radscr_runtime.decoders.joints import beside_open, is_open, joints_of
from radscr_runtime.decoders.judge import JudgeDecoder, Oracle
from radscr_runtime.decoders.question import list_findings
from radscr_runtime.decoders.writing import Order

JOINED: Final = "joined"
FREE: Final = "free"
MODES: Final = (JOINED, FREE)
AS_SENTENCES: Final = "The findings stand sentence by sentence."
"""How the remark ends where there is no prose."""


class Author(Oracle, Protocol):
    """A language model that also writes."""

    def write(self, order: Order, hearer: Hearer) -> str:
        """The text of an order; its pieces go to the hearer."""


@dataclass(frozen=True, slots=True)
class FluentDecoder:
    """Decides as the judge does, and writes the findings as prose."""

    phi: Author
    mode: str = JOINED
    """'joined': sentences stay verbatim, Phi chooses what stands between; 'free': it writes all."""
    name: str = "fluent"

    def decide(self, q: Sequence[Sentence], u: Sequence[Missed]) -> tuple[Decision, ...]:
        """The judge's decisions; DecoderError where Phi fails."""
        return JudgeDecoder(self.phi).decide(q, u)

    def write(self, told: Sequence[Told], hearer: Hearer) -> Prose | None:
        """The sentences as prose that passed the check; None where there are none.

        Phi is not asked where no joint leaves a choice. Raises DecoderError where the prose fails
        the check or does not come to its end, also because the caller stopped it.
        """
        if not told:
            return None
        steps = joints_of(told) if self.mode == JOINED else ()
        if steps and not is_open(steps):
            return check_prose("".join(options[0] for options in steps), told)
        listed = beside_open(told, steps) if steps else told
        return check_prose(self.phi.write(Order(list_findings(listed), steps), hearer), told)

    def begin(self) -> None:
        """Forgets a cancel from before."""
        self.phi.begin()

    def cancel(self) -> None:
        """Stops Phi, whatever it does."""
        self.phi.cancel()

    def close(self) -> None:
        """Frees the model."""
        self.phi.close()


def with_prose(composition: Composition, decoder: Decoder, hearer: Hearer) -> Composition:
    """A complete report with its findings as prose too, or with the reason why there is none."""
    told = [
        Told(one.sentence_id, one.text) for one in composition.lines if one.section == "findings"
    ]
    try:
        return replace(composition, prose=decoder.write(told, hearer))
    except DecoderError as problem:
        remark = f"No fluent text. {problem} {AS_SENTENCES}"
        return replace(composition, decoder="judge", remark=remark)

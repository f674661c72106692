"""The question that Phi is asked; the export toolchain trains on this same text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from radscr_edge.records import Sentence

KEEP: Final = " keep"
DROP: Final = " drop"


def ask(q: Sequence[Sentence], u: Sentence) -> str:
    """The report so far and one candidate; the next word is KEEP or DROP."""
    said = "\n".join(f"- {sentence.text}" for sentence in q)
    return f"Report:\n{said}\nCandidate:\n- {u.text}\nKeep or drop the candidate?"

"""The question that Phi is asked; the export toolchain trains on this same text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from radscr_edge.prose import Told
from radscr_edge.records import Sentence

KEEP: Final = " keep"
DROP: Final = " drop"
INSTRUCTION: Final = (
    "You check a chest radiograph report before it is signed. You read the sentences that the "
    "report already has about a finding and its relatives, and one more candidate sentence, which "
    "is uncertain. Answer keep if the candidate tells the reader something that the report neither "
    "says, implies, explains nor contradicts. Answer drop if the report already says it, says "
    "something more specific, names the cause of it, or contradicts it. Answer with one word only: "
    "keep or drop.\n\n"
)
"""What a model with a chat template is told first; ours was trained on the bare question."""

WRITING: Final = (
    "You edit a chest radiograph report. You read its findings, one sentence a line. Write them as "
    "one paragraph of plain prose: keep their order and their words, join sentences that belong "
    "together, and add, leave out and change nothing else. Write the paragraph only.\n\n"
)
"""What a model with a chat template is told before it writes."""


def ask(q: Sequence[Sentence], u: Sentence) -> str:
    """The report so far and one candidate; the next word is KEEP or DROP.

    Every token of it costs a large Phi a fortieth of a second: the instruction says the rest.
    """
    said = "\n".join(sentence.text for sentence in q)
    return f"Report:\n{said}\nCandidate: {u.text}\n"


def list_findings(told: Sequence[Told]) -> str:
    """The sentences that the prose is made of; the next words are the prose."""
    said = "\n".join(one.text for one in told)
    return f"Report:\n{said}\nProse:\n"

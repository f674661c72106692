"""The report labeler: what one English sentence says of the 37 findings and of whole organs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from radscr_edge.labeler.context import Judgement, judge
from radscr_edge.labeler.mention import Mention
from radscr_edge.labeler.qualifiers import Qualifiers, organ_of, qualify
from radscr_edge.labeler.reading import Reading, read
from radscr_edge.labeler.statements import Statement, statements
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Severity, Side
from radscr_edge.wording import Certainty

SUREST: Final = (Certainty.DEFINITE, Certainty.PROBABLE, Certainty.POSSIBLE)


def label(sentence: str) -> tuple[Mention, ...]:
    """The statements of a sentence in order; () where it says nothing of findings or organs.

    Only what is named is returned: what a finding implies follows from the ontology. What merely
    repeats a statement of the same sentence is merged with it. Never raises.
    """
    reading = read(sentence)
    found = statements(reading)
    if not found:
        return ()
    mentions = [
        _mention(reading, one, judgement, said)
        for one, judgement, said in zip(
            found, judge(reading, found), qualify(reading, found), strict=True
        )
        if judgement is not None
    ]
    return tuple(_merged(mentions))


def _mention(reading: Reading, one: Statement, judgement: Judgement, said: Qualifiers) -> Mention:
    return Mention(
        finding=one.name if one.name in FINDINGS else "",
        organ=organ_of(one.name),
        polarity=judgement.polarity,
        certainty=judgement.certainty,
        side=said.side,
        severity=said.severity,
        zone=said.zone,
        historical=judgement.historical,
        start=reading.starts[one.start],
        end=reading.ends[one.end - 1],
    )


def _merged(mentions: Iterable[Mention]) -> list[Mention]:
    """The mentions without repetitions; the first of equals gets what the others add."""
    kept: list[Mention] = []
    for one in mentions:
        twin = next((index for index, other in enumerate(kept) if _same(one, other)), None)
        if twin is None:
            kept.append(one)
        else:
            kept[twin] = _joined(kept[twin], one)
    return kept


def _same(one: Mention, other: Mention) -> bool:
    return (
        (one.finding, one.organ, one.polarity, one.historical)
        == (other.finding, other.organ, other.polarity, other.historical)
        and Side.NONE in (one.side, other.side, _if_equal(one.side, other.side))
        and Severity.NONE in (one.severity, other.severity, _if_equal(one.severity, other.severity))
    )


def _if_equal(one: str, other: str) -> str:
    """'none' where both are equal, so that equals count as compatible."""
    return "none" if one == other else ""


def _joined(first: Mention, second: Mention) -> Mention:
    return replace(
        first,
        certainty=max(first.certainty, second.certainty, key=SUREST.index),
        side=second.side if first.side is Side.NONE else first.side,
        severity=second.severity if first.severity is Severity.NONE else first.severity,
        zone=first.zone or second.zone,
    )

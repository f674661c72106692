"""Reads the written sentences and spells out their side variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from radscr_edge.errors import LibraryError
from radscr_edge.ontology import ORGANS, load_ontology
from radscr_edge.records import Polarity, Sentence, Severity, Side
from radscr_edge.sentences.slots import SIDES, has_slot, spell, variant_id
from radscr_edge.sentences.tables import rows_of, tables_of
from radscr_edge.wording import Acuity, Certainty, Role, Size

ROLES: Final = {"impression": Role.IMPRESSION, "normal": Role.NORMAL, "advice": Role.ADVICE}
"""Tables that hold another role than that of a finding's sentence."""
NOT_SENTENCES: Final = ("frames",)


@cache
def written_sentences() -> tuple[Sentence, ...]:
    """The sentences as they were written, side slots unfilled.

    Raises LibraryError where a row names an unknown finding or attribute, or repeats an id.
    """
    written = tuple(
        _sentence(table, row)
        for table in tables_of("en")
        if table not in NOT_SENTENCES
        for row in rows_of("en", table)
    )
    seen: set[str] = set()
    for sentence in written:
        if sentence.id in seen:
            raise LibraryError(f"sentence {sentence.id!r} occurs twice; give each its own id.")
        seen.add(sentence.id)
    return written


@cache
def load_sentences(role: Role | None = None) -> tuple[Sentence, ...]:
    """The sentences of a role, or all; one with a slot counts three times: no side, right, left."""
    return tuple(
        variant
        for written in written_sentences()
        if role in (None, written.role)
        for variant in variants(written)
    )


def variants(written: Sentence) -> Iterator[Sentence]:
    """The sentences that a written one stands for."""
    if not has_slot(written.text):
        yield written
        return
    for side in SIDES:
        text = spell(written.text, side)
        yield replace(written, id=variant_id(written.id, side), text=text, side=side)


def sentence_of(
    row: Mapping[str, str], role: Role = Role.FINDING, language: str = "en"
) -> Sentence:
    """A sentence from the fields of a table; a field that the table lacks says nothing.

    Raises LibraryError where the finding or an attribute is unknown.
    """
    finding = row.get("finding", "")
    try:
        organ = load_ontology()[finding].organ if finding else row["organ"]
        if organ not in ORGANS:
            raise ValueError(f"{organ!r} is no organ")
        return Sentence(
            id=row["id"],
            text=row["text"],
            finding=finding,
            organ=organ,
            polarity=Polarity(row.get("polarity") or Polarity.NEGATIVE),
            certainty=Certainty(row.get("certainty") or Certainty.DEFINITE),
            side=Side(row.get("side") or Side.NONE),
            severity=Severity(row.get("severity") or Severity.NONE),
            zone=row.get("zone") or "",
            size=Size(row.get("size") or Size.NONE),
            acuity=Acuity(row.get("acuity") or Acuity.NONE),
            hint=row.get("hint") or "",
            language=language,
            role=role,
        )
    except (KeyError, ValueError, LibraryError) as problem:
        raise LibraryError(f"sentence {row.get('id')!r}: {problem}") from problem


def _sentence(table: str, row: Mapping[str, str]) -> Sentence:
    role = ROLES.get(table, Role.FINDING)
    polarity = {"polarity": Polarity.POSITIVE} if role is Role.ADVICE else {}
    return sentence_of({**row, **polarity}, role)

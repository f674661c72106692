"""Prototypes: four of what affirms or hedges a finding, one of what denies it."""

from __future__ import annotations

from collections import defaultdict

import pytest

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity, Sentence
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_export.library.prototypes import POSITIVE_PROTOTYPES, PROTOTYPES, assign_prototypes


@pytest.fixture(scope="module")
def assigned() -> tuple[Sentence, ...]:
    return assign_prototypes(load_sentences(Role.FINDING))


def test_every_finding_has_five_prototypes(assigned: tuple[Sentence, ...]) -> None:
    found = defaultdict(set)

    for one in assigned:
        found[one.finding].add(one.prototype)

    assert dict(found) == {name: set(range(PROTOTYPES)) for name in FINDINGS}
    assert PROTOTYPES == 5


def test_denials_and_nothing_else_share_the_last_prototype(assigned: tuple[Sentence, ...]) -> None:
    for one in assigned:
        assert (one.prototype == POSITIVE_PROTOTYPES) == (one.polarity is Polarity.NEGATIVE), one.id


def test_the_sentences_stay_as_they_were_and_in_order(assigned: tuple[Sentence, ...]) -> None:
    assert [(one.id, one.text) for one in assigned] == [
        (one.id, one.text) for one in load_sentences(Role.FINDING)
    ]


def test_the_same_sentences_get_the_same_prototypes(assigned: tuple[Sentence, ...]) -> None:
    assert assign_prototypes(load_sentences(Role.FINDING)) == assigned

"""Statements contradict, strain, repeat or tolerate each other as readers of a report would say."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radscr_edge.ontology import FINDINGS, ORGANS, load_ontology
from radscr_edge.records import Polarity, Side
from radscr_edge.relations import TOLERATED, Relation, relate, worst_relation

ONTOLOGY = load_ontology()
YES, NO, MAYBE = Polarity.POSITIVE, Polarity.NEGATIVE, Polarity.UNCERTAIN
RIGHT, LEFT, BOTH = Side.RIGHT, Side.LEFT, Side.BILATERAL


@dataclass(frozen=True)
class Said:
    finding: str
    polarity: Polarity
    side: Side = Side.NONE
    organ: str = ""


def said(finding, polarity=YES, side=Side.NONE):
    return Said(finding, polarity, side, ONTOLOGY[finding].organ)


def organ(name, polarity=NO):
    return Said("", polarity, Side.NONE, name)


about_findings = st.builds(
    said, st.sampled_from(FINDINGS), st.sampled_from(Polarity), st.sampled_from(Side)
)
statements = about_findings | st.builds(organ, st.sampled_from(ORGANS), st.sampled_from(Polarity))


@given(first=statements, second=statements, strict=st.booleans())
def test_relations_are_symmetric(first, second, strict):
    assert relate(first, second, strict) is relate(second, first, strict)


@given(one=statements, strict=st.booleans())
def test_nothing_contradicts_itself(one, strict):
    assert relate(one, one, strict) is Relation.REDUNDANT


@given(positive=about_findings, denial=statements)
def test_contradictions_are_closed_under_roll_up(positive, denial):
    """Whoever contradicts the denial of what contains it contradicts it with all beneath it."""
    if positive.polarity is YES and relate(positive, denial) is Relation.CONTRADICTION:
        for child in ONTOLOGY.descendants(positive.finding):
            beneath = said(child, YES, positive.side)
            if denial.finding or denial.organ in ONTOLOGY[child].organs:
                assert relate(beneath, denial) is Relation.CONTRADICTION


@given(first=statements, second=statements)
def test_lenient_reading_never_finds_more_contradictions(first, second):
    if relate(first, second, strict=False) is Relation.CONTRADICTION:
        assert relate(first, second) is Relation.CONTRADICTION


@given(hedge=about_findings, other=statements)
def test_an_uncertain_statement_contradicts_nothing(hedge, other):
    if hedge.polarity is MAYBE:
        assert relate(hedge, other) is not Relation.CONTRADICTION


@pytest.mark.parametrize(
    ("first", "second", "relation"),
    [
        (said("consolidation"), said("lung opacity", NO), Relation.CONTRADICTION),
        (said("lung opacity"), said("consolidation", NO), Relation.COMPATIBLE),
        (said("hydropneumothorax"), said("pneumothorax", NO), Relation.CONTRADICTION),
        (said("consolidation", MAYBE), said("lung opacity", NO), Relation.TENSION),
        (said("consolidation"), said("lung opacity"), Relation.REDUNDANT),
        (said("consolidation"), said("lung opacity", MAYBE), Relation.REDUNDANT),
        (said("consolidation", MAYBE), said("lung opacity"), Relation.COMPATIBLE),
        (said("lung opacity", NO), said("consolidation", NO), Relation.REDUNDANT),
        (said("pleural effusion"), said("pneumothorax", NO), Relation.COMPATIBLE),
        (said("pneumothorax"), organ("lung"), Relation.COMPATIBLE),
        (said("consolidation"), organ("lung"), Relation.CONTRADICTION),
        (said("consolidation", MAYBE), organ("lung"), Relation.TENSION),
        (said("consolidation", NO), organ("lung"), Relation.REDUNDANT),
        (said("enlarged cardiac silhouette"), organ("heart"), Relation.CONTRADICTION),
        (organ("lung"), organ("lung", YES), Relation.CONTRADICTION),
        (organ("lung"), organ("heart"), Relation.COMPATIBLE),
    ],
)
def test_findings_and_organs(first, second, relation):
    assert relate(first, second) is relation


@pytest.mark.parametrize(
    ("affirmed", "denied", "relation"),
    [
        (RIGHT, RIGHT, Relation.CONTRADICTION),
        (RIGHT, LEFT, Relation.COMPATIBLE),
        (BOTH, LEFT, Relation.CONTRADICTION),
        (RIGHT, Side.NONE, Relation.CONTRADICTION),
        (RIGHT, BOTH, Relation.CONTRADICTION),
        (Side.NONE, LEFT, Relation.COMPATIBLE),
    ],
)
def test_a_denial_reaches_its_own_side(affirmed, denied, relation):
    effusion, none = said("pleural effusion", YES, affirmed), said("pleural effusion", NO, denied)

    assert relate(effusion, none) is relation


def test_both_sides_may_be_ill_but_a_mediastinum_is_shifted_one_way():
    right, left = (said("pleural effusion", YES, side) for side in (RIGHT, LEFT))
    to_right, to_left = (said("mediastinal displacement", YES, side) for side in (RIGHT, LEFT))

    assert relate(right, left) is Relation.COMPATIBLE
    assert relate(to_right, to_left) is Relation.CONTRADICTION


@pytest.mark.parametrize("finding", sorted(TOLERATED))
def test_clear_lungs_are_strict_when_we_write_and_lenient_when_others_did(finding):
    assert relate(said(finding), organ("lung")) is Relation.CONTRADICTION
    assert relate(said(finding), organ("lung"), strict=False) is Relation.COMPATIBLE


def test_of_two_sentences_the_gravest_relation_counts():
    first = [said("pleural effusion"), said("scoliosis")]
    second = [said("hernia"), said("pleural effusion", NO)]

    assert worst_relation(first, second) is Relation.CONTRADICTION
    assert worst_relation([], second) is Relation.COMPATIBLE

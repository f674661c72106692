"""Sentences agree with their place, and a hypothesis that loses is withdrawn with its reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_ins import challenge, library, place, rule, sentence, settings

from radscr_edge.ontology import FINDINGS, ZONES, load_ontology
from radscr_edge.records import Polarity, Presence, Side, Verdict
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_runtime.retrieve import admits, retrieve

EFFUSION, RIVAL = "pleural effusion", "scoliosis"
CRITICAL = [one.name for one in load_ontology().findings if one.critical]
CRITICAL_OF_THE_METHOD = {
    "pneumothorax",
    "hydropneumothorax",
    "pneumomediastinum",
    "sub-diaphragmatic air",
}


def shelf(finding, score=0.5, rival=0.0):
    """A finding's and a rival's sentences on two axes, so that a query picks its own scores."""
    sentences = [
        sentence(finding),
        sentence(finding, Polarity.UNCERTAIN),
        sentence(RIVAL),
    ]
    return library(sentences, [[score, 0], [score / 2, 0], [0, rival]])


def judged(finding=EFFUSION, score=0.5, rival=0.0, withdraw=0.0, rivals=(RIVAL,), **at):
    asked = challenge(place(finding, **at), [1, 0], c_abn=[[0, 1]] * len(rivals), rivals=rivals)
    rules = {finding: rule(withdraw=withdraw)}
    (found,) = retrieve(shelf(finding, score, rival), (asked,), settings(), rules)
    return found


def test_a_hypothesis_whose_evidence_survives_is_asserted():
    found = judged(score=0.5, withdraw=0.3)

    assert found.verdict is Verdict.ASSERTED
    assert found.margin == pytest.approx(0.2)
    assert re.fullmatch(
        "The evidence for pleural effusion survived: 0.20 above what is needed, .*",
        found.reason.text,
    )


def test_too_weak_evidence_withdraws_a_hypothesis():
    found = judged(score=0.2, withdraw=0.3)

    assert found.verdict is Verdict.WITHDRAWN
    assert found.margin == pytest.approx(-0.1)
    assert "did not survive its critiques: its best sentence scores 0.20, 0.10" in found.reason.text
    assert found.evidence


@pytest.mark.parametrize(("rival", "verdict"), [(0.9, Verdict.ASSERTED), (1.1, Verdict.WITHDRAWN)])
def test_a_rival_withdraws_a_hypothesis_only_by_more_than_the_margin(rival, verdict):
    found = judged(score=0.5, rival=rival)

    assert found.verdict is verdict
    assert found.best_rival == RIVAL
    assert found.rival_score == pytest.approx(rival)


def test_a_rival_that_scores_higher_but_not_enough_is_told():
    found = judged(score=0.5, rival=0.9)

    assert "scoliosis scores higher in the same region (0.90 against 0.50)" in found.reason.text
    assert "no rival abnormality explains" in judged(score=0.5, rival=0.4).reason.text


def test_the_reason_names_the_rival_that_won():
    found = judged(score=0.5, rival=1.5)

    assert found.reason.text == (
        "In the same region scoliosis explains the image better than pleural effusion: "
        "1.50 against 0.50."
    )


def test_no_rival_at_all_cannot_win():
    found = judged(score=-0.9, withdraw=-1.0, rivals=())

    assert found.verdict is Verdict.ASSERTED
    assert found.best_rival == ""


@pytest.mark.parametrize("finding", CRITICAL)
@pytest.mark.parametrize("lost", [{"withdraw": 9.0}, {"rival": 9.0}])
def test_a_critical_finding_is_hedged_and_never_withdrawn(finding, lost):
    found = judged(finding, **lost)

    assert found.verdict is Verdict.CANNOT_BE_EXCLUDED
    assert found.reason.text.endswith("A critical finding is never dropped.")
    assert found.hedge.polarity is Polarity.UNCERTAIN
    assert {one.sentence.polarity for one in found.evidence} == {Polarity.POSITIVE}


@pytest.mark.parametrize("finding", [EFFUSION, *CRITICAL])
def test_what_stands_in_the_uncertain_zone_is_hedged(finding):
    found = judged(finding, presence=Presence.UNCERTAIN)

    assert found.verdict is Verdict.HEDGED
    assert found.hedge.polarity is Polarity.UNCERTAIN


def test_the_uncertain_zone_protects_nothing_from_its_critiques():
    assert judged(presence=Presence.UNCERTAIN, withdraw=9.0).verdict is Verdict.WITHDRAWN
    critical = judged(CRITICAL[0], presence=Presence.UNCERTAIN, withdraw=9.0)
    assert critical.verdict is Verdict.CANNOT_BE_EXCLUDED


def test_the_critical_findings_are_those_of_the_method():
    assert set(CRITICAL) == CRITICAL_OF_THE_METHOD


def test_the_evidence_explains_its_score_by_its_terms():
    asked = challenge(
        place(),
        [0.6, 0.0],
        p_m=[1, 0],
        c_abn=[[0.4, 0], [0.8, 0]],
        c_img=[[1, 0]],
        rivals=(RIVAL, RIVAL),
    )

    (found,) = retrieve(shelf(EFFUSION), (asked,), settings(), {EFFUSION: rule()})

    (evidence,) = found.evidence
    terms = evidence.abnormality_score + evidence.image_score
    assert evidence.score == pytest.approx(evidence.similarity - 0.25 * terms)
    assert evidence.rank_without_critique == 1


def test_the_rank_before_the_critique_is_told():
    sentences = [sentence(EFFUSION, text="One."), sentence(EFFUSION, text="Two.")]
    asked = challenge(place(), [0, 1], p_m=[1, 0.5])

    (found,) = retrieve(
        library(sentences, [[1, 0], [0, 1]]), (asked,), settings(), {EFFUSION: rule()}
    )

    assert found.evidence[0].sentence.text == "Two."
    assert found.evidence[0].rank_without_critique == 2


def test_a_sentence_that_names_the_side_goes_before_a_better_one_that_names_none():
    sentences = [sentence(EFFUSION), sentence(EFFUSION, side=Side.LEFT)]
    asked = challenge(place(side=Side.LEFT), [1, 0])

    (found,) = retrieve(
        library(sentences, [[1, 0], [0.1, 0]]), (asked,), settings(), {EFFUSION: rule()}
    )

    assert found.evidence[0].sentence.side is Side.LEFT


BANDS_OF_WORD = {"upper": {"upper", "apical"}, "lower": {"lower", "base"}}
places = st.builds(
    place,
    finding=st.sampled_from(FINDINGS),
    side=st.sampled_from([Side.NONE, Side.LEFT, Side.RIGHT]),
    zones=st.lists(st.sampled_from([zone.name for zone in ZONES]), max_size=3).map(tuple),
    fallback=st.booleans(),
)


@given(at=places, said=st.sampled_from(load_sentences(Role.FINDING)))
def test_an_admissible_sentence_never_contradicts_its_place(at, said):
    if admits(at, said):
        words = set(re.findall(r"\b(right|left)\b", said.text.lower()))
        words -= {"left"} if "left heart border" in said.text else set()
        bands = {zone.band for zone in ZONES if zone.name in at.zones}
        assert said.side in (Side.NONE, Side.BILATERAL, at.side)
        assert said.side is not Side.BILATERAL or at.side is Side.NONE
        assert not said.zone or bands & BANDS_OF_WORD.get(said.zone, {said.zone})
        assert not (at.fallback and said.zone)


@pytest.mark.parametrize(
    ("zone", "word", "admitted"),
    [
        ("right upper lung zone", "upper", True),
        ("right apical zone", "upper", True),
        ("right apical zone", "apical", True),
        ("right upper lung zone", "apical", False),
        ("left costophrenic angle", "lower", True),
        ("left lower lung zone", "base", False),
        ("cardiac silhouette", "lower", False),
    ],
)
def test_a_zone_word_needs_a_band_that_may_be_called_so(zone, word, admitted):
    said = sentence(EFFUSION, zone=word)

    assert admits(place(zones=(zone,)), said) is admitted


@pytest.mark.parametrize(
    ("at", "admitted"),
    [
        ({"zones": ("right lower lung zone", "left lower lung zone")}, True),
        ({"zones": ("cardiac silhouette",)}, False),
        ({"zones": ("right lower lung zone",), "side": Side.RIGHT}, False),
        ({"zones": (), "fallback": True}, False),
    ],
)
def test_both_sides_are_named_only_where_both_are_meant(at, admitted):
    assert admits(place(**at), sentence(EFFUSION, side=Side.BILATERAL)) is admitted


def test_the_other_side_is_never_admitted():
    said = sentence(EFFUSION, side=Side.LEFT)

    assert admits(place(side=Side.LEFT), said)
    assert not admits(place(side=Side.RIGHT), said)
    assert not admits(place(side=Side.NONE), said)

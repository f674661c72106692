"""The sentence library says enough, and slots, frames and translations say what they should."""

from collections import Counter

import pytest

from radscr_edge.errors import LibraryError
from radscr_edge.ontology import FINDINGS, ORGANS
from radscr_edge.records import Polarity, Severity, Side
from radscr_edge.sentences import (
    best_match,
    frame,
    load_sentences,
    sentence_of,
    spell,
    variants,
    written_sentences,
)
from radscr_edge.wording import Certainty, Role

WRITTEN = [one for one in written_sentences() if one.role is Role.FINDING]


def test_there_are_at_least_2500_distinct_sentences():
    assert len({one.text for one in load_sentences()}) >= 2500
    assert len({one.text for one in written_sentences()}) >= 2000


@pytest.mark.parametrize("finding", FINDINGS)
def test_every_finding_can_be_affirmed_denied_and_hedged_in_many_ways(finding):
    counts = Counter(one.polarity for one in WRITTEN if one.finding == finding)

    assert counts[Polarity.POSITIVE] >= 40
    assert counts[Polarity.NEGATIVE] >= 8
    assert counts[Polarity.UNCERTAIN] >= 2


@pytest.mark.parametrize("finding", FINDINGS)
def test_every_finding_is_said_plainly_and_probably(finding):
    about = [one for one in WRITTEN if one.finding == finding]
    positive = [one for one in about if one.polarity is Polarity.POSITIVE]
    plain = [one for one in positive if not one.zone and one.severity is Severity.NONE]

    assert any(one.side is Side.NONE and "[" not in one.text for one in plain)
    assert any(one.certainty is Certainty.PROBABLE for one in positive)


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize("polarity", [Polarity.POSITIVE, Polarity.UNCERTAIN])
def test_every_finding_has_an_impression_without_side_and_severity(finding, polarity):
    shorts = [one for one in load_sentences() if one.role is Role.IMPRESSION]

    found = best_match(shorts, finding, polarity, Side.NONE, Severity.NONE)

    assert any(one.severity is Severity.NONE and one.side is Side.NONE for one in found)


@pytest.mark.parametrize("organ", ORGANS)
def test_every_organ_can_be_called_normal(organ):
    normal = [one for one in load_sentences() if one.role is Role.NORMAL and one.organ == organ]

    assert len(normal) >= 10
    assert all(one.polarity is Polarity.NEGATIVE for one in normal)


def test_advice_is_apart_and_given_for_every_finding():
    advised = {one.finding for one in load_sentences() if one.role is Role.ADVICE}

    assert advised == set(FINDINGS)


def test_ids_of_the_whole_library_are_unique():
    assert max(Counter(one.id for one in load_sentences()).values()) == 1


def test_a_slot_gives_a_sentence_for_no_side_and_for_each():
    written = sentence_of(
        {
            "id": "x",
            "text": "[A right|A left|An] apical opacity  [x|y] is seen.",
            "finding": "lung opacity",
            "polarity": "positive",
        }
    )

    none, right, left = variants(written)

    assert [none.text, right.text] == [
        "An apical opacity is seen.",
        "A right apical opacity x is seen.",
    ]
    assert [one.id for one in (none, right, left)] == ["x", "x.right", "x.left"]
    assert [one.side for one in (none, right, left)] == [Side.NONE, Side.RIGHT, Side.LEFT]


@pytest.mark.parametrize("text", ["[right] lung.", "[a|b|c|d] lung."])
def test_a_slot_of_another_kind_is_refused(text):
    with pytest.raises(LibraryError, match=r"a slot is \[right\|left\]"):
        spell(text, Side.RIGHT)


@pytest.mark.parametrize(
    ("field", "value"),
    [("finding", "gout"), ("polarity", "perhaps"), ("severity", "huge"), ("side", "top")],
)
def test_an_unknown_field_is_refused_by_name(field, value):
    row = {"id": "x", "text": "x.", "finding": "lung opacity", "polarity": "positive", field: value}

    with pytest.raises(LibraryError, match=f"sentence 'x': .*{value}"):
        sentence_of(row)


def test_the_other_side_never_stands_in():
    found = best_match(
        load_sentences(), "pleural effusion", Polarity.POSITIVE, Side.LEFT, Severity.NONE
    )

    assert found
    assert {one.side for one in found} == {Side.LEFT}


def test_a_frame_remembers_what_fills_it():
    said = frame("frame.impression.none", count="3")

    assert said.text == "No finding above threshold among the 3 abnormalities assessed."
    assert said.slots == (("count", "3"),)


def test_an_unknown_frame_is_refused_by_name():
    with pytest.raises(LibraryError, match=r"'frame\.nothing' is no frame sentence"):
        frame("frame.nothing")

"""The sentence library says enough, says it once, and says what its attributes say."""

import re
from collections import Counter

import pytest

from radscr_edge.errors import LibraryError
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Polarity, Severity, Side
from radscr_edge.sentences import best_match, frame, load_sentences
from radscr_edge.sentences.library import written_sentences

SIDE_OR_SEVERITY = re.compile(
    r"\b(right|left|bilateral(ly)?|both|mild(ly)?|minor|minimal|small|tiny|trace|moderate|large|"
    r"marked(ly)?|severe|extensive|slight(ly)?|advanced|massive)\b|\{side\}"
)


BOTH = re.compile(r"\b(both|bilateral(ly)?)\b")
ZONE_WORDS = {
    "base": r"\bbas(e|es|al|ilar)\b",
    "apical": r"\b(apex|apices|apical)\b",
    "upper": r"\bupper (lung|lobe|zone)",
    "mid": r"\bmid(dle)? (lung|lobe|zone)",
    "lower": r"\blower (lung|lobe|zone)",
}


def test_there_are_at_least_400_written_sentences_about_findings():
    assert len(written_sentences()) >= 400


@pytest.mark.parametrize("finding", FINDINGS)
def test_every_finding_can_be_affirmed_denied_and_hedged(finding):
    counts = Counter(one.polarity for one in written_sentences() if one.finding == finding)

    assert counts[Polarity.POSITIVE] >= 4
    assert counts[Polarity.NEGATIVE] >= 2
    assert counts[Polarity.UNCERTAIN] >= 1


@pytest.mark.parametrize("finding", FINDINGS)
@pytest.mark.parametrize("polarity", [Polarity.POSITIVE, Polarity.UNCERTAIN, Polarity.NEGATIVE])
def test_every_finding_has_words_without_side_and_zone(finding, polarity):
    found = best_match(load_sentences(), finding, polarity, Side.NONE, Severity.NONE)

    assert any(not sentence.zone and sentence.side is Side.NONE for sentence in found) or any(
        not one.zone and one.side is Side.NONE
        for one in load_sentences()
        if one.finding == finding and one.polarity is polarity
    )


def test_no_two_written_sentences_differ_only_in_side_or_severity():
    bare = Counter(
        " ".join(SIDE_OR_SEVERITY.sub("", one.text.lower()).split()) for one in written_sentences()
    )

    assert [text for text, count in bare.items() if count > 1] == []


def test_ids_and_texts_of_the_whole_library_are_unique():
    ids = Counter(one.id for one in load_sentences())
    texts = Counter((one.finding, one.text) for one in load_sentences())

    assert max(ids.values()) == 1
    assert [text for text, count in texts.items() if count > 1] == []


def test_side_words_agree_with_the_side_attribute():
    for one in load_sentences():
        words = set(re.findall(r"\b(right|left)\b", one.text.lower()))
        if one.polarity is not Polarity.NEGATIVE:
            assert bool(BOTH.search(one.text.lower())) == (one.side is Side.BILATERAL), one
        if one.side in (Side.RIGHT, Side.LEFT):
            assert words == {one.side.value}, one
        elif one.finding != "enlarged cardiac silhouette":  # names the heart's left border
            assert not words, one


def test_zone_words_agree_with_the_zone_attribute():
    for one in load_sentences():
        named = {zone for zone, words in ZONE_WORDS.items() if re.search(words, one.text.lower())}
        assert not one.zone or not named or one.zone in named, one


def test_the_hedge_of_a_critical_finding_never_belittles_it():
    critical = {one.name for one in load_ontology().findings if one.critical}

    for one in load_sentences():
        if one.finding in critical and one.polarity is Polarity.UNCERTAIN:
            assert one.severity is Severity.NONE, one


def test_no_sentence_compares_with_a_prior():
    comparing = re.compile(r"\b(prior|previously|unchanged|stable|interval|again|improved|new)\b")

    assert [one.text for one in load_sentences() if comparing.search(one.text.lower())] == []


def test_the_other_side_never_stands_in():
    found = best_match(
        load_sentences(), "pleural effusion", Polarity.POSITIVE, Side.LEFT, Severity.NONE
    )

    assert found
    assert {one.side for one in found} == {Side.LEFT}


def test_an_unknown_frame_is_refused_by_name():
    with pytest.raises(LibraryError, match=r"'frame\.nothing' is no frame sentence"):
        frame("frame.nothing")

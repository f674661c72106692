"""Joined prose: sentences stay verbatim, and only what stands between them is chosen."""

import numpy as np
import pytest

from radscr_edge.errors import DecoderError
from radscr_edge.prose import Told
from radscr_edge.records import Polarity
from radscr_runtime.decoders.fluent_check import check_prose
from radscr_runtime.decoders.joints import beside_open, is_open, joints_of, wanted_at
from radscr_runtime.decoders.prose_trial import LISTS, trial_lists
from radscr_runtime.decoders.writing import join, write_freely

NODULE = Told("nodule", "There is a lung nodule.")
CLEAR = Told("clear", "No consolidation is seen.")
EDEMA = Told("edema", "There is no pulmonary edema.")
HEART = Told("heart", "The heart is enlarged.")


class Scribe:
    """A model of characters with one taste; it counts what it was made to read."""

    def __init__(self, liked, ends_after=""):
        self.liked = liked
        self.ends_after = ends_after
        self.read = []

    def row(self, text):
        return [ord("@"), *map(ord, text)]

    def after(self, row):
        self.read.append(len(row))
        logits = np.zeros(128, np.float32)
        logits[ord(self.liked)] = 1.0
        if self.ends_after and "".join(map(chr, row)).endswith(self.ends_after):
            logits[0] = 2.0
        return logits

    def ends(self, token):
        return token == 0

    def piece(self, token):
        return chr(token).encode()


def test_two_short_sentences_about_one_organ_may_be_joined():
    assert joints_of([NODULE, CLEAR]) == (
        ("There is a lung nodule",),
        (
            ". No consolidation is seen",
            "; no consolidation is seen",
            ", and no consolidation is seen",
        ),
        (".",),
    )


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (Polarity.POSITIVE, Polarity.POSITIVE, 2),
        (Polarity.NEGATIVE, Polarity.NEGATIVE, 2),
        (Polarity.POSITIVE, Polarity.UNCERTAIN, 1),
        (Polarity.POSITIVE, Polarity.NEGATIVE, 0),
        (Polarity.UNCERTAIN, Polarity.NEGATIVE, 0),
    ],
)
def test_what_should_stand_between_two_sentences(first, second, wanted):
    assert wanted_at(first, second, (". X", "; x", ", and x")) == wanted
    assert wanted_at(first, second, (". X",)) == 0


def test_phi_is_shown_the_sentences_at_open_joints_only():
    told = [HEART, NODULE, CLEAR, HEART]

    assert beside_open(told, joints_of(told)) == [NODULE, CLEAR]


@pytest.mark.parametrize(
    "second",
    [
        HEART,
        Told("list", "There is no edema, consolidation or nodule."),
        Told("name", "Kerley lines suggest pulmonary edema."),
        Told("own", "Kuna maji kifuani."),
    ],
)
def test_other_organs_lists_names_and_other_languages_stay_sentences(second):
    steps = joints_of([NODULE, second])

    assert not is_open(steps)
    assert "".join(one[0] for one in steps) == f"{NODULE.text} {second.text}"


def test_a_connector_that_changes_what_is_read_is_not_offered():
    first = Told("clear", "The lungs contain no consolidation.")
    second = Told("opacity", "Pulmonary opacities of moderate extent are demonstrated.")

    (_, joint, _) = joints_of([first, second])

    assert [one[:2] for one in joint] == [". ", "; "]


@pytest.mark.parametrize(
    ("liked", "joint"), [(".", ". No"), (";", "; no"), (",", ", and no"), ("z", ". No")]
)
def test_the_model_chooses_by_the_first_token_that_differs(liked, joint):
    scribe = Scribe(liked)

    text = "".join(join(scribe, joints_of([NODULE, CLEAR])))

    assert text == f"There is a lung nodule{joint} consolidation is seen."
    assert scribe.read == [1 + len("There is a lung nodule")]


def test_at_most_two_sentences_become_one():
    text = "".join(join(Scribe(";"), joints_of([NODULE, CLEAR, EDEMA])))

    assert text == (
        "There is a lung nodule; no consolidation is seen. There is no pulmonary edema."
    )


def test_whatever_is_chosen_passes_the_check():
    for told in trial_lists():
        for liked in ".;,":
            text = "".join(join(Scribe(liked), joints_of(told)))
            said = [name for one in check_prose(text, told).clauses for name in one.sentence_ids]
            assert said == [one.sentence_id for one in told]


def test_free_text_ends_where_the_model_ends_it():
    assert "".join(write_freely(Scribe("a", ends_after="aaa"), 9)) == "aaa"


def test_free_text_without_an_end_is_refused():
    with pytest.raises(DecoderError, match="no end within 5 tokens"):
        list(write_freely(Scribe("a"), 5))


def test_the_trial_has_lists_of_every_length():
    lists = trial_lists()

    assert len(lists) == LISTS
    assert {len(one) for one in lists} == {2, 3, 4, 5, 6}
    assert lists == trial_lists()

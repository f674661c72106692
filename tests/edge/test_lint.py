"""The linter finds what a reader would stumble over, and nothing in the shipped library."""

from dataclasses import replace

import pytest

from radscr_edge.records import Severity, Side
from radscr_edge.sentences import load_sentences, sentence_of
from radscr_edge.sentences.lint import lint
from radscr_edge.wording import Role

EFFUSION = "pleural effusion"


def said(text, finding=EFFUSION, polarity="positive", **fields):
    row = {"id": text, "text": text, "finding": finding, "polarity": polarity, **fields}
    return sentence_of(row)


def rules_of(*sentences):
    return [one.rule for one in lint(sentences)]


def test_the_shipped_library_is_clean():
    assert lint(load_sentences()) == ()


def test_a_sentence_that_says_what_its_fields_say_is_clean():
    assert (
        rules_of(said("There is a small right pleural effusion.", side="right", severity="mild"))
        == []
    )


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        (said("There is a pleural effusion.", polarity="negative"), "polarity"),
        (said("No pleural effusion is seen."), "polarity"),
        (said("There is a right pleural effusion."), "side"),
        (said("There is a pleural effusion.", side="left"), "side"),
        (said("There is a large pleural effusion."), "severity"),
        (said("There is an unchanged pleural effusion."), "comparison"),
        (said("The spine is curved."), "finding"),
        (said("Pleural effusion with a rib in front and a pneumothorax."), "finding"),
        (replace(said("There is a pleural effusion."), finding="gout"), "finding"),
        (said("Fluid: a pleural effusion.", zone="middle"), "unreachable"),
        (said("No right pleural effusion.", polarity="negative", side="right"), "unreachable"),
        (
            said("There may be a right pleural effusion.", polarity="uncertain", side="right"),
            "unreachable",
        ),
        (said("Right lung edema.", "pulmonary edema/hazy opacity", side="right"), "unreachable"),
    ],
)
def test_a_sentence_that_says_another_thing_than_its_fields_is_found(sentence, rule):
    assert rule in rules_of(sentence)


def test_the_same_words_twice_are_found():
    first = said("There is a pleural effusion.")

    assert rules_of(first, replace(first, id="again", text="There is a pleural effusion")) == [
        "duplicate"
    ]


def test_nearly_the_same_words_with_the_same_meaning_are_found():
    words = (
        "There is a pleural effusion that lies along the outer chest wall above both domes of the "
        "diaphragm, where it reaches {} fissure."
    )
    first, second = said(words.format("one")), said(words.format("each"))

    assert rules_of(first, second) == ["near-duplicate"]


def test_the_second_impression_of_one_meaning_is_never_said():
    short = said("Pleural effusion.")
    first = replace(short, role=Role.IMPRESSION)
    second = replace(first, id="second", text="Effusion of the pleura.")

    assert rules_of(first, second) == ["unreachable"]
    assert (
        rules_of(first, replace(second, text="Small pleural effusion.", severity=Severity.MILD))
        == []
    )
    assert rules_of(first, replace(second, text="Left pleural effusion.", side=Side.LEFT)) == []


def test_a_prototype_without_sentences_is_found():
    low = replace(said("There is a pleural effusion."), prototype=0)
    high = replace(said("Pleural fluid is present."), prototype=2)

    (complaint,) = lint([low, high])

    assert complaint.rule == "empty prototype"
    assert complaint.message == "prototype 1 of pleural effusion has no sentence."

"""Baselines say what their rule says, from training studies only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from stand_ins import hypotheses

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity, Presence, Side
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_export.data.labels import State
from radscr_export.evaluation.baselines import (
    baseline_reports,
    fixed_sentences,
    merged_reports,
    most_frequent,
    nearest_report,
    nearest_sentences,
)
from radscr_export.evaluation.report_bank import ReportBank, spoken_sentences

TEXTS = (
    "The heart is enlarged. No pneumothorax.",
    "Clear lungs. No pleural effusion.",
    "clear lungs.  No pleural effusion.",
    "Left pleural effusion. The heart is enlarged.",
)
HEART = "enlarged cardiac silhouette"


@pytest.fixture
def bank() -> ReportBank:
    """Four training films that lie in four directions."""
    states = np.full((4, len(FINDINGS)), State.NEGATIVE, np.int8)
    states[[0, 3], FINDINGS.index(HEART)] = State.POSITIVE
    states[3, FINDINGS.index("pleural effusion")] = State.POSITIVE
    directions = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float32)
    return ReportBank(("1", "2", "3", "4"), TEXTS, states, directions)


def film(**probability: float) -> tuple:
    """All 37 hypotheses, one of them with a probability of its own."""
    return tuple(
        replace(one, probability=probability.get(one.finding.split()[0], 0.05))
        for one in hypotheses()
    )


def near(*row: float) -> np.ndarray:
    return np.array([row], np.float32)


def test_the_most_frequent_report_does_not_mind_letters_and_spaces(bank: ReportBank) -> None:
    found = most_frequent(bank, 3)

    assert found.texts == (TEXTS[1],) * 3
    assert found.codes is not None
    assert not (found.codes == State.POSITIVE).any()


def test_the_nearest_report_comes_with_its_codes(bank: ReportBank) -> None:
    found = nearest_report(bank, bank.similarities(near(0.1, -0.9)))

    assert found.texts == (TEXTS[3],)
    assert found.codes is not None
    np.testing.assert_array_equal(found.codes[0], bank.states[3])


def test_what_films_have_in_common_does_not_make_them_alike(bank: ReportBank) -> None:
    shifted = replace(bank, embeddings=bank.embeddings + 100)

    found = nearest_report(shifted, shifted.similarities(near(99.9, 100.5)))

    assert found.texts == (TEXTS[1],)


def test_sentences_are_chosen_by_the_similarity_of_all_studies_that_say_the_same(
    bank: ReportBank,
) -> None:
    found = nearest_sentences(bank, near(0.5, 0.4, 0.3, 0.4), count=2)

    # The heart: .5 + .4; clear lungs and no effusion: .4 + .3 each; no pneumothorax: .5.
    assert found.texts == ("The heart is enlarged. Clear lungs.",)
    assert found.codes is None


def test_a_fixed_sentence_affirms_what_is_present_and_denies_what_is_absent() -> None:
    (text,) = fixed_sentences([hypotheses(present=(HEART,), absent=("pneumothorax",))]).texts

    first = {
        (one.finding, one.polarity): one.text
        for one in reversed(load_sentences(Role.FINDING))
        if one.side is Side.NONE
    }
    assert text.split(". ")[0] in first[HEART, Polarity.POSITIVE]
    said = (first[HEART, Polarity.POSITIVE], first["pneumothorax", Polarity.NEGATIVE])
    assert text == " ".join(said)


def test_without_anything_to_say_the_classifier_says_nothing() -> None:
    assert fixed_sentences([hypotheses()]).texts == ("",)


def test_every_finding_has_a_fixed_sentence_for_and_against() -> None:
    every = fixed_sentences([hypotheses(present=FINDINGS), hypotheses(absent=FINDINGS)])

    assert all(text.count(".") >= len(FINDINGS) for text in every.texts)
    assert hypotheses(absent=FINDINGS)[0].presence is Presence.ABSENT


def test_reports_are_ranked_again_by_the_classifier_and_merged_without_repetition(
    bank: ReportBank,
) -> None:
    found = merged_reports(bank, near(0.9, 0.8, 0.7, 0.1), [film(enlarged=0.9, pleural=0.9)])

    # The third report's denial contradicts the effusion; the first one's heart is said already.
    assert found.texts[0].startswith("Left pleural effusion. The heart is enlarged.")
    assert found.texts[0].count("heart") == 1
    assert "No pleural effusion" not in found.texts[0]
    assert "No pneumothorax." in found.texts[0]


def test_a_normal_film_gets_normal_reports(bank: ReportBank) -> None:
    found = merged_reports(bank, near(0.9, 0.8, 0.7, 0.1), [film(enlarged=0.01, pleural=0.01)])

    assert found.texts[0].startswith("Clear lungs. No pleural effusion.")


def test_sentences_about_the_past_or_about_nothing_are_not_spoken() -> None:
    found = spoken_sentences("Frontal view. History of pneumothorax. Clear lungs.")

    assert [one.text for one in found] == ["Clear lungs."]


def test_all_baselines_write_a_report_for_every_film(bank: ReportBank) -> None:
    every = baseline_reports(bank, bank.embeddings[:2], [film(), film(enlarged=0.9)])

    assert len({one.name for one in every}) == len(every) == 5
    assert all(len(one.texts) == 2 for one in every)

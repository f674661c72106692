"""Where true sentences stand for a query: top of the library, and above three kinds of others."""

from __future__ import annotations

import math

import pytest
from stand_ins import library, sentence

from radscr_edge.records import Polarity, Severity, Side
from radscr_export.data.labels import Mention
from radscr_export.evaluation.retrieval_metrics import UNSAID, order_of

EFFUSION = "pleural effusion"
RIGHT = Mention(EFFUSION, Side.RIGHT, Severity.NONE)


@pytest.fixture
def ranked():
    """A library whose sentences a query along its axis ranks as they are listed."""
    sentences = [
        sentence("scoliosis"),
        sentence(EFFUSION, side=Side.RIGHT),
        sentence(EFFUSION, Polarity.NEGATIVE),
        sentence("costophrenic angle blunting"),
        sentence(EFFUSION, side=Side.LEFT),
        sentence("hernia"),
        sentence(EFFUSION),
    ]
    return library(sentences, [[7 - row, 0] for row in range(7)], alpha1=0.0)


def test_a_true_sentence_is_among_the_best_five(ranked) -> None:
    found = order_of(ranked, [1, 0], EFFUSION, RIGHT)

    assert (found.acc_at_5, found.acc_at_10) == (1.0, 1.0)


def test_a_denial_or_another_finding_at_the_top_is_no_hit(ranked) -> None:
    assert order_of(ranked, [1, 0], "pneumothorax", UNSAID).acc_at_5 == 0.0


def test_the_last_of_seven_is_no_hit_among_five() -> None:
    many = library(
        [*(sentence("scoliosis", zone=str(n)) for n in range(6)), sentence(EFFUSION)],
        [[7 - row, 0] for row in range(7)],
        alpha1=0.0,
    )

    found = order_of(many, [1, 0], EFFUSION, UNSAID)

    assert (found.acc_at_5, found.acc_at_10) == (0.0, 1.0)


def test_others_are_unrelated_findings_the_same_with_another_side_and_its_denials(ranked) -> None:
    found = order_of(ranked, [1, 0], EFFUSION, RIGHT)

    assert found.po_1 == 0.5  # below scoliosis, above hernia; blunted angles are related
    assert found.po_2 == 1.0  # above the left one
    assert found.po_3 == 1.0


def test_without_a_coded_side_the_sentence_without_one_is_true(ranked) -> None:
    found = order_of(ranked, [1, 0], EFFUSION, UNSAID)

    assert (found.po_1, found.po_3) == (0.0, 0.0)
    assert math.isnan(found.po_2)


def test_equal_scores_count_half(ranked) -> None:
    assert order_of(ranked, [0, 1], EFFUSION, RIGHT).po_3 == 0.5

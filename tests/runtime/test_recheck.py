"""What nobody hypothesised may be hedged, never asserted, and not without support."""

import pytest
from stand_ins import hypotheses, library, sentence, settings

from radscr_edge.records import Polarity, Side
from radscr_runtime.recheck import recheck

EFFUSION, SCOLIOSIS, HERNIA = "pleural effusion", "scoliosis", "hernia"
QUERY = [1.0, 0.0]


def missed(sentences, near=(EFFUSION, SCOLIOSIS), present=(), **changes):
    vectors = [[1.0 - 0.1 * row, 0.0] for row in range(len(sentences))]
    found = hypotheses(present=present, indeterminate=near)
    return recheck(library(sentences, vectors), QUERY, found, settings(**changes))


def hedged(finding, **changes):
    return sentence(finding, Polarity.UNCERTAIN, **changes)


def test_only_hedged_sentences_without_a_side_are_brought_up():
    asserted, denied = sentence(EFFUSION), sentence(EFFUSION, Polarity.NEGATIVE)
    sided, plain = hedged(EFFUSION, side=Side.LEFT), hedged(EFFUSION)

    found = missed([asserted, denied, sided, plain])

    assert [one.sentence for one in found] == [plain]


def test_a_hypothesis_is_not_missed():
    found = missed([hedged(EFFUSION)], near=(), present=(EFFUSION,))

    assert found == ()


def test_a_finding_far_below_its_threshold_is_not_missed():
    found = missed([hedged(EFFUSION), hedged(HERNIA)])

    assert [one.sentence.finding for one in found] == [EFFUSION]
    assert found[0].probability == pytest.approx(0.3)


def test_a_finding_is_brought_up_once_by_its_best_sentence():
    best, second = hedged(EFFUSION, text="Best."), hedged(EFFUSION, text="Second.")

    found = missed([second, best, hedged(SCOLIOSIS)][::-1])

    assert [one.sentence.finding for one in found] == [SCOLIOSIS, EFFUSION]
    assert found[1].sentence is best


def test_a_score_below_the_least_one_is_not_enough():
    found = missed([hedged(EFFUSION), hedged(SCOLIOSIS)], supplement_score=0.95)

    assert [one.sentence.finding for one in found] == [EFFUSION]


def test_there_are_at_most_as_many_as_the_settings_allow():
    found = missed([hedged(EFFUSION), hedged(SCOLIOSIS)], supplements=1)

    assert [one.sentence.finding for one in found] == [EFFUSION]


def test_what_another_of_them_says_too_is_left_to_it():
    vague, plain = hedged("lung opacity"), hedged("lobar/segmental collapse")

    found = missed(
        [vague, plain, hedged(SCOLIOSIS)], near=[vague.finding, plain.finding, SCOLIOSIS]
    )

    assert [one.sentence.finding for one in found] == [plain.finding, SCOLIOSIS]

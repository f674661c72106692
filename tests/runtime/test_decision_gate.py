"""The decision set is open, balanced and of unseen families; the gate lets only the good pass."""

import re
from dataclasses import replace

import pytest
from stand_ins import Oracle

from radscr_edge.errors import DecoderError
from radscr_edge.records import Missed
from radscr_runtime.decoders.decisions import (
    digest_of,
    load_baselines,
    load_decisions,
    load_labelling,
    shipped_digest,
)
from radscr_runtime.decoders.gate import LEAST_ACCURACY, Verdict, run_gate
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.rules import settle, touching
from radscr_runtime.operating import wilson

MODULE = "radscr_runtime.decoders.decisions"


class Reader:
    """Answers in turn as the labels do, but for the first `wrong` of them."""

    def __init__(self, decisions, wrong):
        kept = [one.keep != (number < wrong) for number, one in enumerate(decisions)]
        self._answers = iter([1.0 if keep else -1.0 for keep in kept])

    def log_odds(self, prompts):
        return [next(self._answers) for _ in prompts]


def verdict(**found):
    return Verdict(start_s=0.0, decision_ms=1.0, questions=shipped_digest(), **found)


@pytest.fixture(scope="module")
def decisions():
    return load_decisions()


def test_no_rule_settles_a_decision_of_the_set(decisions):
    assert len(decisions) >= 300
    assert all(settle(one.q, one.u) is None for one in decisions)


def test_every_sentence_is_of_an_even_family(decisions):
    names = [one.id for decision in decisions for one in (*decision.q, decision.u)]

    numbers = [int(re.search(r"\.(\d+)", name)[1]) for name in names]

    assert {number % 2 for number in numbers} == {0}


def test_both_answers_occur_and_none_makes_up_two_thirds(decisions):
    kept = sum(one.keep for one in decisions)

    assert 1 / 3 < kept / len(decisions) < 2 / 3


def test_what_was_asked_is_shipped_dropped_or_set_apart(decisions):
    told = load_labelling()

    assert told.asked == len(decisions) + told.disagreed + told.developed


def test_a_question_holds_only_what_touches_the_candidate(decisions):
    for one in decisions:
        shown = [said for said in one.q if f"{said.text}\n" in one.question]
        assert shown == touching(one.q, one.u)


def test_a_question_is_what_the_judge_asks_in_a_reading(decisions):
    phi = Oracle(1.0)

    for one in decisions:
        JudgeDecoder(phi).decide(one.q, [Missed(one.u, 0.5, 0.3)])

    assert [asked for (asked,) in phi.asked] == [one.question for one in decisions]


def test_a_sentence_that_the_library_lost_is_named(tmp_path, monkeypatch):
    package = tmp_path / "lost_decisions"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "few.csv").write_text("report,candidate,label\nno.such.01,no.such.02,keep\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(DecoderError, match=r"names sentence 'no\.such\.01', which the library"):
        load_decisions("lost_decisions", "few.csv")


def test_who_agrees_passes(decisions):
    verdict = run_gate(Reader(decisions, wrong=0), decisions)

    assert (verdict.right, verdict.count) == (len(decisions), len(decisions))
    assert verdict.passed
    assert verdict.decision_ms >= 0


def test_who_is_wrong_too_often_does_not(decisions):
    wrong = round((1 - LEAST_ACCURACY) * len(decisions)) + 1

    verdict = run_gate(Reader(decisions, wrong), decisions)

    assert verdict.right == len(decisions) - wrong
    assert not verdict.passed
    assert "did not pass" in str(verdict)


@pytest.mark.parametrize("odds", [5.0, -5.0])
def test_one_answer_for_all_is_the_majority_at_best(decisions, odds):
    verdict = run_gate(Oracle(odds), decisions)

    assert verdict.accuracy <= verdict.majority
    assert not verdict.passed
    assert odds > 0 or verdict.accuracy == pytest.approx(verdict.always_drop)


def test_few_decisions_prove_nothing_however_right():
    assert not verdict(right=9, count=9, to_keep=8).passed
    assert verdict(right=290, count=300, to_keep=200).passed


def test_who_is_no_better_than_plain_or_a_regression_does_not_pass():
    tied = round(max(load_baselines().answers, load_baselines().logistic_regression) * 300)

    assert verdict(right=tied, count=300, to_keep=150).accuracy > LEAST_ACCURACY
    assert not verdict(right=tied, count=300, to_keep=150).passed
    assert verdict(right=tied + 1, count=300, to_keep=150).passed


def test_a_verdict_belongs_to_the_questions_that_were_asked(decisions):
    found = run_gate(Oracle(1.0), decisions)

    assert found.current
    assert found.questions == shipped_digest()
    assert not run_gate(Oracle(1.0), decisions[1:]).current


def test_other_labels_words_or_sentences_make_other_questions(decisions, monkeypatch):
    first, *others = decisions
    before = digest_of(decisions)
    relabelled = digest_of([replace(first, keep=not first.keep), *others])
    reworded = digest_of([replace(first, u=replace(first.u, text="Something else.")), *others])
    monkeypatch.setattr(f"{MODULE}.INSTRUCTION", "Answer at once.")
    instructed = digest_of(decisions)

    assert len({before, relabelled, reworded, instructed}) == 4


def test_the_questions_go_in_batches_and_the_progress_is_told(decisions):
    phi, told = Oracle(1.0), []

    run_gate(phi, decisions[:20], lambda done, count: told.append((done, count)))

    assert [len(batch) for batch in phi.asked] == [8, 8, 4]
    assert told == [(8, 20), (16, 20), (20, 20)]


def test_wilsons_interval_is_the_textbooks():
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)

"""Questions for the decoder: balanced, answered as the rules would, and undecidable without Q."""

from __future__ import annotations

import numpy as np
import pytest

from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Polarity, Sentence
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_export.decoder.examples import (
    EXPLAINED_BY,
    Example,
    Wording,
    candidate_only_accuracy,
    make_examples,
    make_open_examples,
    wanted,
    wording_of,
)
from radscr_export.decoder.tokenizer import END, VOCABULARY, train_tokenizer
from radscr_runtime.decoders.question import DROP, KEEP
from radscr_runtime.decoders.rules import settle


@pytest.fixture(scope="module")
def wording() -> Wording:
    return wording_of(load_sentences(Role.FINDING))


@pytest.fixture(scope="module")
def open_questions(wording: Wording) -> list[Example]:
    return make_open_examples(wording, 320, np.random.default_rng(0))


def test_every_finding_can_be_affirmed_denied_and_hedged(wording: Wording) -> None:
    for finding in FINDINGS:
        for polarity in Polarity:
            assert wording[finding, polarity], (finding, polarity)


def test_half_of_the_questions_are_to_be_kept(wording: Wording) -> None:
    examples = make_examples(wording, 400, np.random.default_rng(0))

    assert sum(one.keep for one in examples) == 200


def test_no_rule_settles_an_open_question(open_questions: list[Example]) -> None:
    for one in open_questions:
        assert settle(one.sentences[:-1], one.sentences[-1]) is None

    assert sum(one.keep for one in open_questions) == 160


def test_the_candidate_alone_does_not_tell_the_answer_of_an_open_question(
    open_questions: list[Example],
) -> None:
    assert candidate_only_accuracy(open_questions) == 0.5


def test_an_open_candidate_is_dropped_just_where_the_report_explains_it(
    open_questions: list[Example],
) -> None:
    for one in open_questions:
        *said, candidate = one.sentences
        reasons = EXPLAINED_BY.get(candidate.finding, set())
        explained = any(
            other.finding in reasons and other.polarity is not Polarity.NEGATIVE for other in said
        )
        assert one.keep != explained


def test_an_explanation_is_always_kin_of_what_it_explains() -> None:
    for finding, reasons in EXPLAINED_BY.items():
        assert reasons <= load_ontology().kin(finding)


def test_the_wanted_answer_is_the_rules_where_they_are_certain(
    wording: Wording,
) -> None:
    denied = first(wording, "consolidation", Polarity.NEGATIVE)
    hedged = first(wording, "consolidation", Polarity.UNCERTAIN)

    assert not wanted([denied], hedged)
    assert wanted([first(wording, "hernia", Polarity.POSITIVE)], hedged)


def first(wording: Wording, finding: str, polarity: Polarity) -> Sentence:
    return wording[finding, polarity][0]


def test_the_question_holds_the_report_and_the_candidate(open_questions: list[Example]) -> None:
    for one in open_questions[:20]:
        assert all(sentence.text in one.prompt for sentence in one.sentences)


def test_the_tokenizer_gives_back_every_text_and_tells_the_answers_apart(
    open_questions: list[Example],
) -> None:
    tokenizer = train_tokenizer(
        [one.prompt + word for one in open_questions for word in (KEEP, DROP)]
    )

    for one in open_questions[:20]:
        assert tokenizer.decode(tokenizer.encode(one.prompt).ids) == one.prompt
    assert tokenizer.encode(KEEP).ids[0] != tokenizer.encode(DROP).ids[0]
    assert tokenizer.token_to_id(END) == 0
    assert tokenizer.get_vocab_size() <= VOCABULARY

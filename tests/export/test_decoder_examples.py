"""Questions for the decoder: open, answered by the table, and worded by taught families alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from radscr_edge.errors import TrainingError
from radscr_edge.labeler import label
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Polarity, Sentence, Side
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_export.decoder.examples import Example, Words, make_examples, taught_words
from radscr_export.decoder.tokenizer import END, VOCABULARY, train_tokenizer
from radscr_export.decoder.wording import family_of, names, wording_of
from radscr_runtime.decoders.answers import answered, answers
from radscr_runtime.decoders.decisions import load_decisions, load_labelling
from radscr_runtime.decoders.question import DROP, KEEP
from radscr_runtime.decoders.rules import settle

POSITIVE, NEGATIVE, UNCERTAIN = Polarity.POSITIVE, Polarity.NEGATIVE, Polarity.UNCERTAIN


@pytest.fixture(scope="module")
def library() -> tuple[Sentence, ...]:
    return load_sentences(Role.FINDING)


@pytest.fixture(scope="module")
def words(library: tuple[Sentence, ...]) -> Words:
    return taught_words(library, np.random.default_rng(0))


@pytest.fixture(scope="module")
def examples(words: Words) -> list[Example]:
    return make_examples(words, 400, np.random.default_rng(0))


def first(library: tuple[Sentence, ...], finding: str, polarity: Polarity) -> Sentence:
    return next(one for one in library if (one.finding, one.polarity) == (finding, polarity))


def test_the_table_answers_whatever_is_open_between_two_sentences(
    library: tuple[Sentence, ...],
) -> None:
    wordings = {(one.finding, one.polarity, one.side): one for one in library}

    for candidate in wordings.values():
        if candidate.polarity is UNCERTAIN and candidate.side is Side.NONE:
            for said in wordings.values():
                decision = settle([said], candidate)
                assert decision or answered([said], candidate) is not None


def test_what_the_table_speaks_of_is_kin() -> None:
    for one in answers():
        assert one.said in load_ontology().kin(one.candidate), one


def test_of_what_the_table_does_not_know_it_says_nothing(library: tuple[Sentence, ...]) -> None:
    sided = replace(first(library, "pneumothorax", UNCERTAIN), side=Side.RIGHT)
    said = replace(first(library, "pneumothorax", UNCERTAIN), side=Side.LEFT)

    assert answered([said], sided) is None


def test_a_question_is_made_of_nothing_that_the_table_does_not_know(
    words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("radscr_export.decoder.examples.answered", lambda *_: None)

    with pytest.raises(TrainingError, match=r"answers\.csv says nothing of"):
        make_examples(words, 1, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("text", "keep"), [("There is no lung mass.", True), ("No nodule or mass is seen.", False)]
)
def test_words_decide_where_the_table_names_some(
    library: tuple[Sentence, ...], text: str, keep: bool
) -> None:
    denial = replace(first(library, "mass/nodule (not otherwise specified)", NEGATIVE), text=text)

    assert answered([denial], first(library, "calcified nodule", UNCERTAIN)) is keep


def test_what_is_said_in_its_parts_is_dropped(library: tuple[Sentence, ...]) -> None:
    candidate = first(library, "hydropneumothorax", UNCERTAIN)
    fluid, air = (first(library, one, POSITIVE) for one in ("pleural effusion", "pneumothorax"))

    assert [answered(q, candidate) for q in ([fluid], [air], [fluid, air])] == [True, True, False]


def test_one_reason_to_drop_is_enough(library: tuple[Sentence, ...]) -> None:
    candidate = first(library, "infiltration", UNCERTAIN)
    opacity, airspace = (
        first(library, one, POSITIVE) for one in ("lung opacity", "airspace opacity")
    )

    assert answered([opacity], candidate)
    assert not answered([opacity, airspace], candidate)


def test_the_table_says_what_both_readers_said_of_the_decisions_it_was_written_with() -> None:
    developed = load_decisions("radscr_export.decoder", "development.csv")

    assert len(developed) == load_labelling().developed
    assert all(answered(one.q, one.u) == one.keep for one in developed)


def test_no_decision_is_both_set_apart_and_measured() -> None:
    developed = load_decisions("radscr_export.decoder", "development.csv")

    assert not {(one.q, one.u) for one in developed} & {(one.q, one.u) for one in load_decisions()}


def test_no_rule_settles_a_question_and_the_table_answers_it(examples: list[Example]) -> None:
    for one in examples:
        *said, candidate = one.sentences
        assert settle(said, candidate) is None
        assert answered(said, candidate) == one.keep


def test_neither_answer_is_rare_and_many_candidates_have_both(examples: list[Example]) -> None:
    counted = Counter((one.sentences[-1].finding, one.keep) for one in examples)

    both = [name for name in FINDINGS if counted[name, True] and counted[name, False]]
    assert 0.35 < sum(one.keep for one in examples) / len(examples) < 0.65
    assert len(both) >= 10


def test_nothing_is_learnt_from_the_families_that_the_decision_set_is_made_of(
    words: Words, examples: list[Example]
) -> None:
    measured = {one.id for item in load_decisions() for one in (*item.q, item.u)}
    learnt = {one.id for example in examples for one in example.sentences}

    assert all(family_of(one) % 2 for rows in words.written.values() for one in rows)
    assert not measured & learnt


def test_a_framed_name_says_what_it_should(words: Words) -> None:
    for (finding, polarity), rows in words.framed.items():
        assert len(rows) >= 20, (finding, polarity)
        for one in rows[:5]:
            (mention,) = label(one.text)
            assert (mention.finding, mention.polarity) == (finding, polarity)


def test_every_finding_has_names() -> None:
    assert all(names()[finding] for finding in FINDINGS)


def test_hedges_with_a_side_are_not_asked_about(library: tuple[Sentence, ...]) -> None:
    wording = wording_of(library)

    hedges = [wording[finding, UNCERTAIN] for finding in FINDINGS]

    assert {one.side for rows in hedges for one in rows} == {Side.NONE}


def test_the_question_holds_the_report_and_the_candidate(examples: list[Example]) -> None:
    for one in examples[:20]:
        assert all(sentence.text in one.prompt for sentence in one.sentences)


def test_the_tokenizer_gives_back_every_text_and_tells_the_answers_apart(
    examples: list[Example],
) -> None:
    tokenizer = train_tokenizer([one.prompt + word for one in examples for word in (KEEP, DROP)])

    for one in examples[:20]:
        assert tokenizer.decode(tokenizer.encode(one.prompt).ids) == one.prompt
    assert tokenizer.encode(KEEP).ids[0] != tokenizer.encode(DROP).ids[0]
    assert tokenizer.token_to_id(END) == 0
    assert tokenizer.get_vocab_size() <= VOCABULARY

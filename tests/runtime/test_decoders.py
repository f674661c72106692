"""Rules settle what is certain; Phi weighs the rest; neither ever touches Q."""

from dataclasses import replace

import pytest
from stand_ins import Oracle, sentence

from radscr_edge.contract import Bundle
from radscr_edge.errors import DecoderError
from radscr_edge.records import Missed, Polarity, Side
from radscr_runtime import Options
from radscr_runtime.decoders.choose import open_decoder
from radscr_runtime.decoders.decisions import load_baselines, load_decisions
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.plain import RULES, PlainDecoder
from radscr_runtime.decoders.question import DROP, KEEP, ask

OPACITY, CONSOLIDATION, EFFUSION = "lung opacity", "consolidation", "pleural effusion"
BLUNTING = "costophrenic angle blunting"


def candidate(finding, polarity=Polarity.UNCERTAIN):
    return Missed(sentence(finding, polarity), 0.5, 0.3)


def decided(q, u, decoder=None):
    (decision,) = (decoder or PlainDecoder()).decide(q, [u])
    return decision.kept, decision.decided_by


@pytest.mark.parametrize(
    ("said", "polarity", "u", "kept", "by"),
    [
        (EFFUSION, Polarity.POSITIVE, OPACITY, True, "rule: nothing retrieved speaks of it"),
        (EFFUSION, Polarity.POSITIVE, EFFUSION, False, "rule: already said"),
        (CONSOLIDATION, Polarity.POSITIVE, OPACITY, False, "rule: already said"),
        (OPACITY, Polarity.NEGATIVE, OPACITY, False, "rule: contradicts a retrieved sentence"),
        (OPACITY, Polarity.NEGATIVE, CONSOLIDATION, False, "rule: contradicts a retrieved sent"),
        (EFFUSION, Polarity.POSITIVE, BLUNTING, False, "rule: said, implied or explained by"),
        (OPACITY, Polarity.POSITIVE, CONSOLIDATION, True, "rule: worth telling beside what was"),
    ],
)
def test_plain_goes_by_rules_and_then_by_the_table(said, polarity, u, kept, by):
    found, reason = decided([sentence(said, polarity)], candidate(u))

    assert found is kept
    assert reason.startswith(by)


def test_a_denial_of_what_is_affirmed_contradicts_it():
    u = candidate(EFFUSION, Polarity.NEGATIVE)

    assert decided([sentence(EFFUSION)], u) == (False, "rule: contradicts a retrieved sentence")


def test_without_retrieved_sentences_everything_is_kept():
    decisions = PlainDecoder().decide([], [candidate(EFFUSION), candidate(OPACITY)])

    assert [one.kept for one in decisions] == [True, True]


@pytest.mark.parametrize(("odds", "kept"), [(2.5, True), (-2.5, False), (0.0, False)])
def test_the_judge_follows_the_odds_of_the_model(odds, kept):
    u = candidate(BLUNTING)

    (decision,) = JudgeDecoder(Oracle(odds)).decide([sentence(EFFUSION)], [u])

    assert decision.kept is kept
    assert decision.decided_by == "phi"
    assert decision.log_odds == odds
    assert decision.sentence_id == u.sentence.id


def test_the_model_is_not_asked_what_a_rule_settles():
    phi = Oracle(9.0)

    kept, by = decided([sentence(EFFUSION)], candidate(EFFUSION), JudgeDecoder(phi))

    assert (kept, by) == (False, "rule: already said")
    assert phi.asked == []


def test_all_that_is_open_is_asked_at_once_and_nothing_else():
    phi = Oracle(9.0)
    u = [candidate(BLUNTING), candidate(EFFUSION), candidate(CONSOLIDATION), candidate("hernia")]
    q = [sentence(EFFUSION), sentence(OPACITY)]

    decisions = JudgeDecoder(phi).decide(q, u)

    assert phi.asked == [[ask([q[0]], u[0].sentence), ask([q[1]], u[2].sentence)]]
    assert [one.sentence_id for one in decisions] == [one.sentence.id for one in u]
    assert [one.decided_by for one in decisions] == [
        "phi",
        "rule: already said",
        "phi",
        "rule: nothing retrieved speaks of it",
    ]


def test_the_model_reads_only_what_could_conflict():
    phi = Oracle(9.0)
    q = [sentence("scoliosis"), sentence(EFFUSION), sentence("tortuous aorta")]

    JudgeDecoder(phi).decide(q, [candidate(BLUNTING)])

    assert phi.asked == [[ask([q[1]], candidate(BLUNTING).sentence)]]


def test_the_question_holds_the_report_so_far_and_the_candidate():
    q, u = [sentence(EFFUSION, text="Fluid on the left.")], sentence(BLUNTING, text="Blunt.")

    question = ask(q, u)

    assert question == "Report:\nFluid on the left.\nCandidate: Blunt.\n"
    assert KEEP != DROP


def test_closing_the_judge_closes_the_model():
    phi = Oracle(0.0)

    JudgeDecoder(phi).close()

    assert phi.closed


@pytest.mark.parametrize("choice", ["auto", "plain"])
def test_a_bundle_that_names_plain_gets_it_without_a_remark(bundle_folder, choice):
    bundle = replace(Bundle.open(bundle_folder), decoder="plain")

    decoder, remark = open_decoder(bundle, Options(decoder=choice))

    assert (decoder.name, remark) == ("plain", "")


def test_a_bundle_without_a_model_falls_back_and_says_so(bundle_folder):
    bundle = replace(Bundle.open(bundle_folder), has_decoder=False)

    decoder, remark = open_decoder(bundle, Options(decoder="judge"))

    assert decoder.name == "plain"
    assert remark == "The bundle holds no language model. The plain decoder was used."


def test_the_judge_opens_or_the_plain_decoder_says_why_not(bundle_folder):
    bundle = Bundle.open(bundle_folder)

    decoder, remark = open_decoder(bundle, Options(decoder="judge"))

    decoder.close()
    assert (decoder.name == "judge") == (remark == "")
    assert decoder.name == "judge" or remark.endswith("The plain decoder was used.")


def test_an_unknown_decoder_is_refused_with_the_choices(bundle_folder):
    bundle = Bundle.open(bundle_folder)

    with pytest.raises(
        DecoderError, match="'poet' is no decoder; choose one of auto, plain, judge"
    ):
        open_decoder(bundle, Options(decoder="poet"))


def test_plain_drops_what_neither_a_rule_nor_the_table_knows():
    here = sentence(BLUNTING, Polarity.UNCERTAIN, side=Side.LEFT)
    there = Missed(sentence(BLUNTING, Polarity.UNCERTAIN, side=Side.RIGHT), 0.5, 0.3)

    assert decided([here], there) == (False, RULES[None])


def test_plain_agrees_with_the_labelled_decisions_as_the_gate_says_of_it():
    decisions = load_decisions()

    right = sum(decided(one.q, Missed(one.u, 0.5, 0.3))[0] is one.keep for one in decisions)

    assert right / len(decisions) == pytest.approx(load_baselines().answers, abs=5e-4)

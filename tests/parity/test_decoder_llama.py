"""Phi through llama.cpp: it weighs two words, the same way every time, and fails aloud."""

import shutil

import pytest
from needs import needs
from stand_ins import sentence

from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import BundleError, DecoderError
from radscr_edge.records import Missed, Polarity
from radscr_edge.sentences import load_sentences
from radscr_runtime import Options, Reader
from radscr_runtime.decoders.choose import open_decoder
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.question import ask
from radscr_runtime.decoders.setup import CONTEXT, choose_setup
from radscr_runtime.outputs import to_json, to_record

llama = needs("radscr_runtime.decoders.llama")

QUESTION = ask([sentence("pleural effusion")], sentence("costophrenic angle blunting"))
TEXTS = {one.id: one.text for one in load_sentences()}


def opened_phi(path, **changes):
    return llama.Phi(path, choose_setup(check_gguf(path), Options(**changes), 4000))


@pytest.fixture(scope="module")
def phi(bundle_folder):
    opened = opened_phi(bundle_folder / Files.DECODER)
    yield opened
    opened.close()


@pytest.fixture
def copied(bundle_folder, tmp_path):
    return shutil.copytree(bundle_folder, tmp_path / "bundle")


def test_the_same_question_has_the_same_odds(phi):
    first = phi.log_odds([QUESTION])
    phi.log_odds([QUESTION.replace("blunting", "sharpness")])

    assert phi.log_odds([QUESTION]) == first


def test_another_report_changes_the_odds(phi):
    other = ask([sentence("scoliosis")], sentence("costophrenic angle blunting"))

    assert phi.log_odds([other]) != phi.log_odds([QUESTION])


NOISE = 0.05
"""Of log-odds: in another batch products are added in another order, and rounded otherwise."""
QUESTIONS = [
    ask([sentence("pleural effusion")], sentence(name))
    for name in ("costophrenic angle blunting", "scoliosis", "hernia", "consolidation")
]


def test_questions_asked_at_once_have_the_odds_that_each_has_alone(phi):
    together = phi.log_odds(QUESTIONS)

    alone = [phi.log_odds([one])[0] for one in QUESTIONS]
    assert together == pytest.approx(alone, abs=NOISE)
    assert max(alone) - min(alone) > NOISE


def test_more_questions_than_the_context_holds_are_asked_in_turns(phi):
    many = QUESTIONS * 5

    assert phi.log_odds(many) == pytest.approx(phi.log_odds(QUESTIONS) * 5, abs=NOISE)


def test_a_question_that_is_the_start_of_another_keeps_its_odds(phi):
    short, long = QUESTION, f"{QUESTION} Answer now."

    assert phi.log_odds([short, long, short]) == pytest.approx(
        [*phi.log_odds([short]), *phi.log_odds([long]), *phi.log_odds([short])], abs=NOISE
    )


def test_a_quantised_context_changes_the_odds_a_little(bundle_folder, phi):
    small = opened_phi(bundle_folder / Files.DECODER, quantised_kv=True)

    odds = small.log_odds(QUESTIONS)

    small.close()
    assert odds == pytest.approx(phi.log_odds(QUESTIONS), abs=0.2)
    assert odds != phi.log_odds(QUESTIONS)


@pytest.mark.parametrize("prompts", [[""], [QUESTION, ""]])
def test_an_empty_question_is_refused(phi, prompts):
    with pytest.raises(DecoderError, match="The question to Phi is empty"):
        phi.log_odds(prompts)


def test_a_question_beyond_the_context_is_refused(phi):
    with pytest.raises(DecoderError, match=r"tokens; it can read 1024\."):
        phi.log_odds(["opacity " * 2 * CONTEXT])


def test_the_judge_asks_phi_where_no_rule_is_certain(phi):
    u = Missed(sentence("costophrenic angle blunting", Polarity.UNCERTAIN), 0.5, 0.3)

    (decision,) = JudgeDecoder(phi).decide([sentence("pleural effusion")], [u])

    assert decision.decided_by == "phi"
    assert decision.kept == (decision.log_odds > 0)


def test_a_reader_with_phi_keeps_q_verbatim_and_repeats_itself(bundle_folder, samples):
    with Reader.open(bundle_folder, Options(decoder="judge")) as reader:
        report = reader.read(samples / "effusion.dcm")
        again = reader.read(samples / "effusion.dcm")
    with Reader.open(bundle_folder, Options(decoder="plain")) as reader:
        plain = reader.read(samples / "effusion.dcm")

    assert report.composition.decoder == "judge"
    assert not any("plain" in remark for remark in report.provenance.remarks)
    assert to_json(to_record(report)) == to_json(to_record(again))
    q = [line for line in report.composition.lines if line.source == "Q"]
    assert q == [line for line in plain.composition.lines if line.source == "Q"]
    assert [line.text for line in q] == [TEXTS[line.sentence_id] for line in q]


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_early(path):
    path.write_bytes(path.read_bytes()[:1000])


def overwrite_head(path):
    with path.open("r+b") as stream:
        stream.write(b"\xff" * 4096)


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, cut_early, overwrite_head, empty])
def test_a_damaged_model_gives_way_to_plain_with_a_remark(copied, damage, samples):
    bundle = Bundle.open(copied)
    damage(bundle.path(Files.DECODER))
    bundle.save()

    with Reader.open(copied, Options(decoder="judge")) as reader:
        report = reader.read(samples / "normal.dcm")

    assert report.composition.decoder == "plain"
    (remark,) = [one for one in report.provenance.remarks if "decoder.gguf" in one]
    assert remark.startswith("decoder.gguf is no sound Phi model: ")
    assert remark.endswith("GGUF of the Phi-3 family. The plain decoder was used.")


def test_a_damaged_model_without_a_new_signature_is_refused_with_its_bundle(copied):
    cut(copied / Files.DECODER)

    with pytest.raises(BundleError, match=r"decoder\.gguf is damaged"):
        Bundle.open(copied)


def test_auto_is_what_the_bundle_names(bundle_folder):
    bundle = Bundle.open(bundle_folder)

    decoder, remark = open_decoder(bundle, Options())

    decoder.close()
    assert decoder.name == bundle.decoder
    assert remark == ""

"""Fluent text through llama.cpp: little is evaluated, nothing is lost, whatever happens to Phi."""

import os
import shutil
import signal
import threading
from dataclasses import replace

import pytest
from gguf_made import PHI3, with_template
from needs import needs
from runtime.test_cli import run

from radscr_edge.contract import Bundle, Files, sha256_of
from radscr_edge.errors import DecoderError, StopWriting
from radscr_runtime import Options, Reader
from radscr_runtime.aggregate import Evidences, aggregate
from radscr_runtime.decoders.choose import open_decoder
from radscr_runtime.decoders.decoder import Hearer
from radscr_runtime.decoders.fluent import FREE, FluentDecoder
from radscr_runtime.decoders.fluent_check import check_prose
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.joints import joints_of
from radscr_runtime.decoders.process import Model, PhiProcess
from radscr_runtime.decoders.prose_command import try_and_record
from radscr_runtime.decoders.prose_trial import trial_lists
from radscr_runtime.decoders.question import list_findings
from radscr_runtime.decoders.setup import choose_setup
from radscr_runtime.decoders.site import add_decoder, use_decoder
from radscr_runtime.decoders.states import States
from radscr_runtime.decoders.writing import Order, join

llama = needs("radscr_runtime.decoders.llama")

TOLD = max(trial_lists(), key=lambda told: sum(len(one) > 1 for one in joints_of(told)))
ORDER = Order(list_findings(TOLD), joints_of(TOLD))


@pytest.fixture(scope="module")
def shipped(bundle_folder):
    return bundle_folder / Files.DECODER


@pytest.fixture(scope="module")
def chatty(shipped, tmp_path_factory):
    path = tmp_path_factory.mktemp("chat") / "own.gguf"
    path.write_bytes(with_template(shipped.read_bytes(), PHI3))
    return path


def process(path, seconds=60.0):
    return PhiProcess(Model(path, sha256_of(path), check_gguf(path)), Options(budget_s=seconds))


@pytest.fixture
def phi(shipped):
    opened = process(shipped)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def reading(bundle_folder, samples):
    """The library and the evidences of a film on which no decision is open."""
    with Reader.open(bundle_folder, Options(decoder="plain")) as reader:
        report = reader.read(samples / "effusion.dcm")
    evidences = Evidences(report.radiograph, report.hypotheses, report.findings, ())
    return reader.library, evidences


def composed(phi, reading, **changes):
    return aggregate(FluentDecoder(phi), *reading, **changes)


def joined_by(path, states=None):
    """The text that llama.cpp joins in this process, and how often it was called for it."""
    phi = llama.Phi(path, choose_setup(check_gguf(path), Options(), 4000), states)
    with phi.passage(ORDER.opening, phi.longest(ORDER.steps)) as passage:
        text = "".join(join(passage, ORDER.steps))
        tokens = len(passage.row(text)) - len(passage.row(""))
    phi.close()
    return text, tokens


@pytest.fixture
def calls(monkeypatch):
    """Sizes of the batches that llama.cpp evaluates; the real function evaluates them."""
    sizes, real = [], llama.llama_cpp.llama_decode

    def counted(context, batch):
        sizes.append(batch.n_tokens)
        return real(context, batch)

    monkeypatch.setattr(llama.llama_cpp, "llama_decode", counted)
    return sizes


def test_forced_text_is_evaluated_with_the_next_choice_only(shipped, calls):
    text, tokens = joined_by(shipped)

    choices = sum(len(one) > 1 for one in ORDER.steps)
    assert 1 <= len(calls) <= choices
    assert len(calls) * 5 < tokens
    assert check_prose(text, TOLD).text == text


def test_nothing_is_evaluated_twice(shipped, calls):
    text, _ = joined_by(shipped)

    phi = llama.Phi(shipped, choose_setup(check_gguf(shipped), Options(), 4000))
    whole = len(phi.tokens(ORDER.opening + text))
    phi.close()
    # Where two pieces meet, the tokens of the border may be cut anew.
    assert sum(calls) <= whole + 2 * len(ORDER.steps)


def test_a_chat_template_puts_the_text_behind_a_kept_prefix(chatty, tmp_path, calls):
    states = States(tmp_path / "phi", "a" * 64)
    first, _ = joined_by(chatty, states)
    cold = sum(calls)
    calls.clear()

    again, _ = joined_by(chatty, states)

    assert again == first
    assert len(list(states.folder.glob("*.state"))) == 1
    assert sum(calls) < cold


def test_the_process_streams_the_pieces_of_its_text(phi, shipped):
    pieces = []

    text = phi.write(ORDER, Hearer(pieces.append))

    assert "".join(pieces) == text == joined_by(shipped)[0]
    assert len(pieces) == len(ORDER.steps)


def test_joined_prose_of_a_film_names_every_sentence_and_stays_the_same(phi, reading):
    first = composed(phi, reading)

    assert first.decoder == "fluent"
    named = [name for one in first.prose.clauses for name in one.sentence_ids]
    assert named == [one.sentence_id for one in first.lines if one.section == "findings"]
    assert composed(phi, reading) == first


def later(seconds, act, *arguments):
    timer = threading.Timer(seconds, act, arguments)
    timer.start()
    return timer


def test_phi_killed_while_it_writes_leaves_the_sentences_and_the_reason(phi, reading):
    whole = composed(phi, reading)
    os.kill(phi.pid, signal.SIGSTOP)  # whatever it is to write now it is still writing
    later(0.2, os.kill, phi.pid, signal.SIGKILL)

    composition = composed(phi, reading)

    assert composition.lines == whole.lines
    assert (composition.prose, composition.decoder) == (None, "judge")
    assert composition.remark.startswith("No fluent text. The process of Phi ended without an")
    assert "(signal 9)" in composition.remark
    assert composed(phi, reading) == whole


def test_time_that_ends_leaves_the_sentences_and_the_reason(shipped, reading):
    phi = process(shipped)
    phi.write(ORDER, Hearer())
    phi._seconds_limit = 1e-3

    composition = composed(phi, reading)

    assert composition.prose is None
    assert "Phi did not write within 0.001 s and was stopped." in composition.remark
    assert phi.pid is None


def test_time_spent_before_the_writing_counts(phi):
    phi.write(ORDER, Hearer())

    with pytest.raises(DecoderError, match="did not write within 60 s"):
        phi.write(ORDER, Hearer(since=Hearer().since - 60.0))


def test_ctrl_c_while_phi_writes_ends_its_process(phi, reading):
    def interrupted(piece):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        composed(phi, reading, on_text=interrupted)

    assert phi.pid is None


def test_a_listener_that_has_heard_enough_ends_the_process_of_phi(phi, reading):
    heard = []

    def enough(piece):
        heard.append(piece)
        raise StopWriting("enough")

    composition = composed(phi, reading, on_text=enough)

    assert len(heard) == 1
    assert composition.prose is None
    assert composition.remark == (
        "No fluent text. Phi was stopped before it was done. "
        "The findings stand sentence by sentence."
    )
    assert phi.pid is None
    assert composed(phi, reading).decoder == "fluent"


def test_a_model_without_a_chat_template_refuses_to_write_freely(phi):
    with pytest.raises(DecoderError, match="no chat template"):
        phi.write(replace(ORDER, steps=()), Hearer())


def test_more_sentences_than_the_context_holds_are_refused(phi):
    long = Order(ORDER.opening * 20, ORDER.steps)

    with pytest.raises(DecoderError, match=r"tokens with its sentences; Phi can read 1024\."):
        phi.write(long, Hearer())


def test_free_text_of_the_small_phi_fails_and_the_sentences_stand(chatty, phi, reading):
    free = process(chatty)

    composition = aggregate(FluentDecoder(free, FREE), *reading)

    free.close()
    assert composition.prose is None
    assert composition.remark.startswith("No fluent text. ")
    assert composition.lines == composed(phi, reading).lines


@pytest.fixture
def bundle(bundle_folder, tmp_path):
    return Bundle.open(shutil.copytree(bundle_folder, tmp_path / "bundle"))


def opened(bundle, **changes):
    decoder, remark = open_decoder(bundle, Options(decoder="fluent", **changes))
    decoder.close()
    return decoder.name, remark


@pytest.fixture
def easy(monkeypatch):
    """Whatever Phi chooses at a joint is good enough."""
    monkeypatch.setattr("radscr_runtime.decoders.prose_site.LEAST_FITTING", 0.0)


def test_a_small_phi_that_joins_at_will_is_not_offered(bundle):
    (said,) = try_and_record(bundle, "default", Options())

    assert "(joined) passes the check for 20 of 20 lists of sentences: not offered, as" in said
    name, remark = opened(bundle)
    assert name == "judge"
    assert "of 19 joints were what should stand there. The judge decoder was used." in remark


def test_fluent_is_offered_after_a_trial_that_it_passed(bundle, easy):
    before = opened(bundle)

    (said,) = try_and_record(bundle, "default", Options())

    assert before == (
        "judge",
        "Fluent text (joined) was not tried with the decoder 'default'. Try it: radscr-edge "
        "decoder test default. The judge decoder was used.",
    )
    assert "(joined) passes the check for 20 of 20 lists of sentences: offered." in said
    assert opened(bundle) == ("fluent", "")
    assert opened(bundle, prose="free")[0] == "judge"


def test_free_text_that_fails_too_often_is_not_offered(bundle, chatty, easy):
    add_decoder(bundle, chatty, "mine")
    use_decoder(bundle, "mine")

    joined, free = try_and_record(bundle, "mine", Options())

    assert joined.startswith("mine: fluent text (joined) passes the check for 20 of 20")
    assert "(free) passes the check for 0 of 20 lists of sentences: not offered, as" in free
    name, remark = opened(bundle, prose="free")
    assert name == "judge"
    assert "in the trial 20 of 20 texts did not pass the check" in remark
    assert opened(bundle)[0] == "fluent"


def test_the_command_line_tries_a_decoder_and_reads_with_it(bundle, samples):
    tried = run("decoder", "test", bundle=bundle.folder)

    done = run("read", samples / "effusion.dcm", "--decoder", "fluent", bundle=bundle.folder)

    assert "default: fluent text (joined) passes the check for 20 of 20" in tried.stdout
    assert done.returncode == 0
    assert "not offered for the decoder 'default'" in " ".join(done.stdout.split())
    assert done.stderr == ""  # nobody watches

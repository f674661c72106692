"""A clinic brings its own GGUF: recorded by hash, chosen by name, and named in every report."""

import json
import shutil
from dataclasses import replace

import pytest
from gguf_made import PHI3, with_template
from needs import needs
from runtime.test_cli import run

from radscr_edge.contract import Bundle, Files, sha256_of
from radscr_edge.errors import DecoderError
from radscr_runtime import Options
from radscr_runtime.decoders import digests
from radscr_runtime.decoders.choose import open_decoder
from radscr_runtime.decoders.decisions import shipped_digest
from radscr_runtime.decoders.gate import Verdict
from radscr_runtime.decoders.site import (
    add_decoder,
    decoders_path,
    load_decoders,
    model_of,
    record_verdict,
    use_decoder,
)

needs("llama_cpp")

GOOD = Verdict(
    right=290,
    count=300,
    to_keep=180,
    start_s=1.0,
    decision_ms=9.0,
    questions=shipped_digest(),
)
POOR = replace(GOOD, right=200)
STALE_BUNDLE = (
    "The language model of the bundle was measured on other questions than this program asks. "
    "Measure it again: radscr-export decoder gate. The plain decoder was used."
)
STALE = replace(GOOD, questions="0" * 64)


@pytest.fixture
def bundle(bundle_folder, tmp_path):
    return Bundle.open(shutil.copytree(bundle_folder, tmp_path / "bundle"))


@pytest.fixture
def own(bundle, tmp_path):
    path = tmp_path / "phi-own.Q8.gguf"
    path.write_bytes(with_template(bundle.path(Files.DECODER).read_bytes(), PHI3))
    return path


def opened(bundle, choice):
    decoder, remark = open_decoder(bundle, Options(decoder=choice))
    decoder.close()
    return decoder.name, remark


def test_an_added_decoder_is_recorded_by_its_hash_and_not_used_yet(bundle, own):
    entry = add_decoder(bundle, own, "")

    assert (entry.name, entry.sha256) == ("phi-own.Q8", sha256_of(own))
    assert load_decoders(bundle).entries == (entry,)
    assert opened(bundle, "judge") == ("judge", "")


def test_judge_asks_the_decoder_in_use_and_says_so_while_auto_stays_with_the_bundle(bundle, own):
    add_decoder(bundle, own, "mine")

    use_decoder(bundle, "mine")

    said = f"Phi is mine ({sha256_of(own)[:12]}), added on site; its decisions were not measured."
    assert opened(bundle, "judge") == ("judge", said)
    assert opened(bundle, "auto") == (bundle.decoder, "")
    assert model_of(bundle, "mine").gguf.chat_template == PHI3


def test_a_decoder_that_passed_the_gate_is_asked_by_auto_too_once_it_is_in_use(bundle, own):
    entry = add_decoder(bundle, own, "mine")
    record_verdict(bundle, "mine", GOOD)
    before = opened(bundle, "auto")

    use_decoder(bundle, "mine")

    said = f"Phi is mine ({entry.sha256[:12]}), added on site; it agrees with 290 of 300 decisions."
    assert before == (bundle.decoder, "")
    assert opened(bundle, "auto") == opened(bundle, "judge") == ("judge", said)


def test_a_decoder_that_did_not_pass_is_asked_by_judge_alone(bundle, own):
    add_decoder(bundle, own, "mine")
    record_verdict(bundle, "mine", POOR)

    use_decoder(bundle, "mine")

    assert opened(bundle, "auto") == (bundle.decoder, "")
    assert opened(bundle, "judge")[1].endswith("it agrees with 200 of 300 decisions.")


def test_a_verdict_on_other_questions_counts_as_none(bundle, own):
    add_decoder(bundle, own, "mine")
    record_verdict(bundle, "mine", STALE)

    use_decoder(bundle, "mine")

    said = "its decisions were not measured on the questions of this version"
    assert opened(bundle, "auto") == (bundle.decoder, "")
    assert opened(bundle, "judge")[1].endswith(f"{said}.")
    assert f"{said}: {own}" in run("decoder", "list", bundle=bundle.folder).stdout


@pytest.mark.parametrize(
    ("gate", "name"),
    [({"questions": shipped_digest()}, "judge"), ({"questions": "0" * 64}, "plain"), ({}, "plain")],
)
def test_auto_asks_the_bundles_own_only_if_it_was_measured_on_these_questions(bundle, gate, name):
    training = {**bundle.training, "decoder": {"gate": gate}}
    gated = replace(bundle, decoder="judge", training=training).save()

    found, remark = opened(gated, "auto")

    assert found == name
    assert opened(gated, "judge") == ("judge", "")
    assert remark == ("" if name == "judge" else STALE_BUNDLE)


def test_a_verdict_is_kept_and_replaced(bundle, own):
    add_decoder(bundle, own, "mine")
    record_verdict(bundle, "mine", POOR)

    record_verdict(bundle, "mine", GOOD)

    assert load_decoders(bundle).find("mine").verdict == GOOD


def test_a_list_of_an_older_version_is_told_from_a_damaged_one(bundle, own):
    add_decoder(bundle, own, "mine")
    path = decoders_path(bundle)
    path.write_text(path.read_text().replace('"format": 3', '"format": 2'))

    with pytest.raises(DecoderError, match="was written by an older version, which measured oth"):
        load_decoders(bundle)


def test_going_back_to_the_bundles_own(bundle, own):
    add_decoder(bundle, own, "mine")
    use_decoder(bundle, "mine")

    use_decoder(bundle, "default")

    assert opened(bundle, "judge") == ("judge", "")


def test_the_bundle_stays_as_it_was(bundle, own):
    add_decoder(bundle, own, "mine")

    assert Bundle.open(bundle.folder).digest == bundle.digest


def test_a_decoder_that_stays_as_it_was_is_hashed_once(bundle, own, monkeypatch):
    hashed = []
    monkeypatch.setattr(digests, "SETTLED_NS", -1)
    monkeypatch.setattr(digests, "sha256_of", lambda path: hashed.append(path) or sha256_of(path))
    add_decoder(bundle, own, "mine")
    use_decoder(bundle, "mine")

    assert opened(bundle, "judge")[0] == opened(bundle, "judge")[0] == "judge"
    assert hashed == [own]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes() + b"0"), "is not the file that was added"),
        (lambda path: path.write_bytes(path.read_bytes()[:-99]), "is no sound Phi model"),
        (lambda path: path.unlink(), r"cannot be read \(No such file"),
    ],
)
def test_a_decoder_that_changed_gives_way_to_plain_with_the_reason(bundle, own, change, said):
    add_decoder(bundle, own, "mine")
    use_decoder(bundle, "mine")
    change(own)

    name, remark = opened(bundle, "judge")

    assert name == "plain"
    assert remark.endswith("The plain decoder was used.")
    with pytest.raises(DecoderError, match=said):
        model_of(bundle, "mine")


@pytest.mark.parametrize(
    ("name", "said"),
    [("mine", "'mine' is taken"), ("default", "'default' is taken"), ("../x", "is no name")],
)
def test_a_name_must_be_new_and_plain(bundle, own, name, said):
    add_decoder(bundle, own, "mine")

    with pytest.raises(DecoderError, match=said):
        add_decoder(bundle, own, name)


def test_what_is_no_phi_is_not_added(bundle, samples):
    with pytest.raises(DecoderError, match="it does not start with GGUF"):
        add_decoder(bundle, samples / "normal.dcm", "mine")
    assert not decoders_path(bundle).exists()


def test_an_unknown_name_is_refused_with_the_known_ones(bundle, own):
    add_decoder(bundle, own, "mine")

    with pytest.raises(DecoderError, match="No decoder is called 'yours'; there are: default, min"):
        use_decoder(bundle, "yours")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.update(used="other"),
        lambda record: record["entries"][0].update(path="/elsewhere.gguf"),
        lambda record: record.update(entries=7),
        lambda record: record.pop("digest"),
    ],
)
def test_an_altered_list_is_refused_and_plain_decides(bundle, own, spoil):
    add_decoder(bundle, own, "mine")
    record = json.loads(decoders_path(bundle).read_text())
    spoil(record)
    decoders_path(bundle).write_text(json.dumps(record))

    name, remark = opened(bundle, "judge")

    assert name == "plain"
    assert "is damaged or was altered. Remove it, and add the decoders again." in remark


def test_the_commands_add_list_use_and_test(bundle, own):
    folder = bundle.folder

    added = run("decoder", "add", own, "--name", "mine", "--no-gate", bundle=folder)
    used = run("decoder", "use", "mine", bundle=folder)
    unmeasured = run("decoder", "list", bundle=folder)
    tried = run("decoder", "test", bundle=folder)
    measured = run("decoder", "list", bundle=folder)
    refused = run("decoder", "use", "yours", bundle=folder)

    assert added.stdout.startswith(f"mine: {own} (")
    assert used.stdout.startswith("--decoder judge asks mine from now on, and so does `auto` if")
    assert [line[:9] for line in measured.stdout.splitlines()] == ["  default", "* mine   "]
    assert "its decisions were not measured: " in unmeasured.stdout
    verdict = load_decoders(bundle).find("mine").verdict
    assert tried.stdout.startswith(f"mine: {verdict}\nmine: fluent text (joined) passes the check")
    assert f"it agrees with {verdict.right} of {verdict.count} decisions: " in measured.stdout
    assert refused.returncode == 2


def test_adding_runs_the_gate_and_the_bundles_own_can_be_tried(bundle, own):
    added = run("decoder", "add", own, "--name", "mine", bundle=bundle.folder)
    tried = run("decoder", "test", "default", bundle=bundle.folder)

    verdict = load_decoders(bundle).find("mine").verdict
    assert verdict.count > verdict.right > 0
    assert str(verdict) in added.stdout
    assert tried.stdout.startswith("default: agrees with ")
    assert f"The bundle's manifest names {bundle.decoder!r}.\n" in tried.stdout

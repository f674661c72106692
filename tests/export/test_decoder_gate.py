"""The manifest names the language model only where it earns its place on the decision set."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from needs import needs

from radscr_edge.contract import Bundle, Files, sha256_of
from radscr_edge.errors import DecoderError, TrainingError
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_export.decoder.baseline import baselines
from radscr_export.decoder.gate import gate_bundle, made_by, named
from radscr_runtime.decoders.decisions import load_baselines, load_decisions, shipped_digest
from radscr_runtime.decoders.gate import Verdict

needs("llama_cpp")
COUNT = len(load_decisions())


@pytest.fixture
def bundle(bundle_folder: Path, tmp_path: Path) -> Bundle:
    return Bundle.open(shutil.copytree(bundle_folder, tmp_path / "bundle"))


def test_the_manifest_names_what_the_gate_says_and_holds_its_figures(bundle: Bundle) -> None:
    gated = gate_bundle(bundle, None)

    facts = gated.training["decoder"]["gate"]
    assert gated.decoder == ("judge" if facts["passed"] else "plain")
    assert facts["decisions"] == COUNT
    assert facts["low"] < facts["accuracy"] == round(facts["right"] / COUNT, 3) < facts["high"]
    assert facts["logistic_regression"] == load_baselines().logistic_regression
    assert facts["questions"] == shipped_digest()
    assert facts["always_drop"] <= facts["majority"]
    assert gated.training["decoder"]["architecture"] == "phi3"
    assert Bundle.open(gated.folder) == gated


def test_another_gguf_takes_the_place_and_its_note_comes_with_it(
    bundle: Bundle, tmp_path: Path
) -> None:
    own = tmp_path / "own.gguf"
    shutil.copyfile(bundle.path(Files.DECODER), own)
    note = {"steps": 7, "sha256": sha256_of(own)}
    own.with_suffix(".json").write_text(json.dumps(note))

    gated = gate_bundle(bundle, own)

    assert gated.training["decoder"]["steps"] == 7
    assert gated.decoder_digest == note["sha256"]


def test_a_note_of_another_file_is_not_believed(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    own.with_suffix(".json").write_text(json.dumps({"steps": 7, "sha256": "0" * 64}))

    assert made_by(own) == {"source": "own.gguf"}


def test_the_baselines_that_are_shipped_are_those_that_are_measured() -> None:
    found = baselines(load_sentences(Role.FINDING), load_decisions(), seed=0)

    assert found == asdict(load_baselines())


@pytest.mark.parametrize(("more", "decoder"), [(1, "judge"), (0, "plain"), (-COUNT // 2, "plain")])
def test_plain_wins_ties(more: int, decoder: str) -> None:
    right = round(load_baselines().answers * COUNT) + more
    verdict = Verdict(
        right, COUNT, to_keep=COUNT // 2, start_s=0.1, decision_ms=1.0, questions=shipped_digest()
    )

    assert named(verdict) == decoder


def test_what_is_no_gguf_changes_nothing(bundle: Bundle, tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"no model")

    with pytest.raises(DecoderError, match="it does not start with GGUF"):
        gate_bundle(bundle, other)
    assert Bundle.open(bundle.folder).digest == bundle.digest


def test_a_gguf_that_is_not_there_is_named(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"none\.gguf is missing"):
        gate_bundle(bundle, tmp_path / "none.gguf")

"""All of it, small, on real films: train, build, read, evaluate, by the commands of the README."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from export.real_sample import sample_pack
from export.tiny_pack import write_text_encoder

from radscr_edge.ontology import FINDINGS
from radscr_export import cli
from radscr_export.model import preset as presets
from radscr_runtime import Reader
from radscr_runtime.options import Options

Command = Callable[..., None]
SMALL = {
    "image_size": "64",
    "stem": "[8, 8, 8]",
    "embed_dim": "8",
    "depths": "[1, 1, 1]",
    "heads": "[1, 2, 2]",
    "window": "4",
    "feature_width": "16",
    "concept_width": "8",
    "vector_width": "16",
}


@pytest.fixture
def radscr_export(monkeypatch: pytest.MonkeyPatch) -> Command:
    def command(*words: str | Path) -> None:
        monkeypatch.setattr(sys, "argv", ["radscr-export", *map(str, words)])
        cli.main()

    return command


@pytest.fixture
def small_preset(tmp_path: Path) -> Path:
    """The edge preset made small, with two phases of one epoch."""
    shipped = Path(presets.__file__).parent / "presets" / "edge.toml"
    text = shipped.read_text(encoding="utf-8").partition("[[phase]]")[0]
    encoder = write_text_encoder(tmp_path / "bert")
    for name, value in {**SMALL, "encoder": f"'{encoder}'"}.items():
        text = re.sub(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
    for retrieval in ("false", "true"):
        text += "[[phase]]\nsize = 64\nepochs = 1\nbatch = 16\nrate = 1e-3\n"
        text += f"retrieval = {retrieval}\n"
    path = tmp_path / "small.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_real_films_become_a_model_that_reads_and_is_measured(
    data: Path,
    small_preset: Path,
    few_extras: None,
    bundle_folder: Path,
    samples: Path,
    tmp_path: Path,
    radscr_export: Command,
) -> None:
    pack, run, bundle = sample_pack(data, tmp_path / "pack"), tmp_path / "run", tmp_path / "bundle"
    figures, decoder = tmp_path / "figures", bundle_folder / "decoder.gguf"

    radscr_export("train", "--data", pack, "--preset", small_preset, "--out", run)
    radscr_export("build", run, "--decoder", decoder, "--out", bundle)
    radscr_export("evaluate", bundle, "--data", pack, "--split", "test", "--out", figures)
    with Reader.open(bundle, Options(decoder="plain")) as reader:
        report = reader.read(samples / "effusion.dcm")

    assert len(report.hypotheses) == len(FINDINGS)
    assert report.composition.lines
    assert json.loads((figures / "metrics.json").read_text(encoding="utf-8"))
    made = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))["training"]["run"]
    assert made["preset"]["loss"]["alternatives"] == 2
    assert [one["films"] for one in made["history"] if one["event"] == "data"] == [3 * 40]

"""A clinic's own studies without the pack: trained on, built from, read with and measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from export.trees import Row, write_sets, write_table

from radscr_edge.contract import Bundle, Files
from radscr_edge.ontology import FINDINGS
from radscr_export.bundle import assemble
from radscr_export.evaluation.evaluate import evaluate
from radscr_export.model.preset import Preset
from radscr_export.run import Run
from radscr_export.texts import LibraryTexts
from radscr_export.train import load_trained, train
from radscr_runtime import Reader
from radscr_runtime.donors import open_donors
from radscr_runtime.options import Options

EFFUSION = "pleural effusion"
FILMS = {"train": 36, "val": 24}
"""Films of each split: views by turns, and every third or second pair with an effusion."""


def study(split: str, index: int) -> Row:
    ill = index // 2 % (10 if split == "train" else 2) == 1
    said = {"report": "Small right pleural effusion."} if ill else {"normal": "1"}
    place = {"file": f"{split}/{index}.png", "patient": f"{split}-{index}", "split": split}
    return {**place, "view": ("PA", "AP")[index % 2], EFFUSION: str(int(ill)), **said}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [study(split, index) for split, count in FILMS.items() for index in range(count)]
    data = write_table(tmp_path_factory.mktemp("own"), *rows)
    return write_sets(data, {"name": "own", "kind": "table"})


@pytest.fixture(scope="module")
def built(
    own: Path,
    preset: Preset,
    library: LibraryTexts,
    few_extras: None,
    bundle_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Bundle:
    run = Run(tmp_path_factory.mktemp("run"), own, preset, seed=3, device=torch.device("cpu"))
    train(run)
    model = load_trained(run, library.tokens.states.shape[-1])
    folder = tmp_path_factory.mktemp("bundle")
    return assemble(folder, "own", run, (model, library), bundle_folder / "decoder.gguf")


def test_the_bundle_reads_a_sample(built: Bundle, samples: Path) -> None:
    with Reader.open(built.folder, Options(decoder="plain")) as reader:
        report = reader.read(samples / "effusion.dcm")

    assert len(report.hypotheses) == len(FINDINGS)
    assert report.composition.lines


def test_what_it_claims_rests_on_the_clinics_films(built: Bundle) -> None:
    rules = next(iter(built.variants.values())).rules

    assert {rule.support.data for rule in rules.values()} == {"own"}
    assert (rules[EFFUSION].support.positives, rules[EFFUSION].support.negatives) == (12, 12)


def test_its_donors_bear_the_sets_name_and_a_hash(built: Bundle) -> None:
    donors = open_donors(built)

    assert all(re.fullmatch(r"own-[0-9a-f]{12}", one) for one in donors.ids)
    assert len(set(donors.ids)) == 32


def test_its_card_says_what_it_was_trained_on(built: Bundle) -> None:
    text = built.path(Files.CARD).read_text(encoding="utf-8")
    told = text.partition("## Data and licences")[2].partition("##")[0]

    assert "Trained on the training splits of `own`, on synthetic phantoms" in told
    assert "IU" not in told
    assert "NIH" not in told
    assert built.licence == "research use only: trained on `own`, whose terms bind"


def test_the_set_and_its_views_are_measured_and_what_needs_the_pack_is_left_out(
    built: Bundle, own: Path, tmp_path: Path
) -> None:
    path = evaluate(built.folder, own, "val", tmp_path)

    metrics = json.loads(path.read_text(encoding="utf-8"))
    assert metrics["films"]["own"] == {"all": 24, "abnormal": 12}
    assert list(metrics["detection"]) == ["own", "own-AP", "own-PA"]
    assert list(metrics["detection"]["own"]["all"]) == ["uncoded"]
    assert EFFUSION in metrics["detection"]["own"]["all"]["uncoded"]["per_label"]
    assert metrics["calibration"][EFFUSION]["positives"] == 12
    assert metrics["localisation"] is None
    assert not {"gates", "reports"} & metrics.keys()
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert "### Detection, own, label by label" in card
    assert "### Calibration on own" in card
    assert "| own, AP, all (12) |" in card
    assert "ROC curves on own" in (tmp_path / "evaluation.html").read_text(encoding="utf-8")

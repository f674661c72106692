"""The shipped bundle on films of a made pack: from readings to page, tables and model card."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import BundleError, TrainingError
from radscr_export.card import rewrite_card, write_card
from radscr_export.evaluation.card_table import card_table
from radscr_export.evaluation.evaluate import evaluate, evaluate_predictions, write_evaluation
from radscr_export.evaluation.page import to_page
from radscr_export.evaluation.published import load_published
from radscr_export.evaluation.report_section import ReportPlan
from radscr_export.phantoms import SAMPLES


@pytest.fixture(scope="module")
def written(bundle_folder: Path, pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("figures")
    return evaluate(bundle_folder, pack, "val", out, plan=ReportPlan(("plain",)))


@pytest.fixture
def metrics(written: Path) -> dict:
    return json.loads(written.read_text(encoding="utf-8"))


def test_everything_is_measured_and_said_by_what(metrics: dict, bundle_folder: Path) -> None:
    source = metrics["provenance"]

    assert source["digest"] == Bundle.open(bundle_folder).digest
    assert (source["split"], source["variant"]) == ("val", "int8")
    assert source["command"].startswith("radscr-export evaluate default --data DATA --split val")
    assert "numpy" in source["packages"]
    assert metrics["films"]["iu"] == {"all": 24, "abnormal": 12}
    assert metrics["detection"]["iu"]["all"]["uncoded"]["labels"] == 1
    assert metrics["localisation"] is None
    assert list(metrics["examples"]) == list(SAMPLES)
    assert metrics["reports"]["studies"]["all"] == 24


def test_the_page_needs_nothing_but_itself(written: Path) -> None:
    page = (written.parent / "evaluation.html").read_text(encoding="utf-8")

    assert not re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]+\"", page)
    assert page.count("<svg") > len(SAMPLES)
    assert "Not measured: the data pack holds no boxes" in page
    assert "retrieved, reranked and merged" in page
    assert "of other data" in page


def test_no_word_of_a_report_or_name_of_a_film_is_on_the_page(written: Path, pack: Path) -> None:
    text = "".join(
        (written.parent / name).read_text(encoding="utf-8")
        for name in ("metrics.json", "evaluation.html", "card.md")
    )

    assert "A drawn" not in text
    assert "_film.jpg" not in text
    assert not re.search(r"\d{8}_\d{3}", text)


def test_ablations_are_shown_beside_the_paper_where_they_were_measured(metrics: dict) -> None:
    own = {"value": 0.41, "low": 0.38, "high": 0.44}
    cell = {"value": -0.02, "low": -0.05, "high": 0.01, "own": own, "seeds": [-0.02]}
    rows = {
        "no critiques": {"CE-Abn": {**cell, "paper": -0.031, "verdict": "undecided"}},
        "N_p 4": {"CE-Abn": {**cell, "paper": None, "verdict": None}},
    }
    facts = {
        **{"split": "val", "studies": 9, "seeds": 3, "epochs": 2, "decoder": "judge"},
        "alphas": [{"alpha1": 0.5, "alpha2": 0.125}],
        "command": "radscr-export evaluate tiny --data DATA",
        "full": {"CE-Abn": own},
        "paper": {"data": "MIMIC-CXR", "rows": [asdict(load_published().ablations[0])]},
    }
    ablated = {**metrics, "ablations": rows, "ablation_facts": facts}

    page, card = to_page(ablated), card_table(ablated)

    assert 'id="ablations"' not in to_page(metrics)
    change = "<td>0.410 (0.380 to 0.440)</td><td>-0.020 (-0.050 to 0.010)</td>"
    assert f"{change}<td>-0.031</td><td>undecided</td>" in page
    assert f"{change}<td>–</td><td>–</td>" in page
    assert "are of other data (MIMIC-CXR)" in page
    assert "<td>full</td><td>0.610</td>" in page
    assert "which these are: the figures flatter" in page
    assert "| no critiques | CE-Abn | 0.410 (0.380 to 0.440) | -0.020" in card
    assert "### Ablations on 9 abnormal IU studies" in card


def test_pages_and_tables_of_less_are_written_too(metrics: dict, tmp_path: Path) -> None:
    less = {key: metrics[key] for key in metrics if key not in ("gates", "reports", "examples")}

    write_evaluation(less, tmp_path)

    assert "### Gate\n\nNot measured" in (tmp_path / "card.md").read_text(encoding="utf-8")
    assert (tmp_path / "evaluation.html").is_file()


def test_a_variant_that_is_not_there_is_refused(
    bundle_folder: Path, pack: Path, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match="no network variant 'int4'; it has int8, fp32"):
        evaluate(bundle_folder, pack, "val", tmp_path, "int4")


@pytest.fixture
def copied(bundle_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle_folder, tmp_path / "copy"))


def test_the_card_takes_new_figures_keeps_those_still_true_and_the_bundle_is_signed(
    copied: Path, written: Path, metrics: dict
) -> None:
    card = rewrite_card(copied, [written])

    bundle = Bundle.open(copied)
    text = card.read_text(encoding="utf-8")
    assert card == bundle.path(Files.CARD)
    assert "## Figures on the val split" in text
    assert "## Figures on the test split" in text
    value = metrics["detection"]["iu"]["all"]["uncoded"]["macro"]["auroc"]["ours"]["value"]
    assert f"| {value:.3f} (" in text


def test_the_card_says_again_what_the_manifest_holds(copied: Path, written: Path) -> None:
    card = rewrite_card(copied, [written])
    text = card.read_text(encoding="utf-8")

    write_card(Bundle.open(copied))

    assert card.read_text(encoding="utf-8") == text


def test_the_card_says_how_the_language_model_did_at_the_gate(copied: Path, written: Path) -> None:
    gate = Bundle.open(copied).training["decoder"]["gate"]

    card = rewrite_card(copied, [written]).read_text(encoding="utf-8")

    assert f"agrees with {gate['right']} of {gate['decisions']} labelled decisions" in card


def test_a_card_may_be_written_again(copied: Path, written: Path) -> None:
    first = rewrite_card(copied, [written]).read_bytes()

    assert rewrite_card(copied, [written]).read_bytes() == first


def test_figures_of_another_bundle_are_refused(copied: Path, written: Path) -> None:
    bundle = Bundle.open(copied)
    replace(bundle, settings=replace(bundle.settings, supplements=1)).save()

    with pytest.raises(TrainingError, match="was measured on another bundle"):
        rewrite_card(copied, [written])


def test_two_files_of_one_split_are_refused(copied: Path, written: Path) -> None:
    with pytest.raises(TrainingError, match="Two files are of one split"):
        rewrite_card(copied, [written, written])


def test_what_is_no_metrics_file_is_refused(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")

    with pytest.raises(TrainingError, match=r"list\.json is no metrics\.json of a bundle"):
        rewrite_card(copied, [tmp_path / "list.json"])


def test_the_tables_name_every_set_and_view(metrics: dict) -> None:
    table = card_table(metrics)

    for name in ("IU X-Ray, abnormal", "NIH ChestX-ray14, PA, all", "NIH ChestX-ray14, AP, all"):
        assert f"| {name} (" in table


def test_texts_of_another_system_get_our_figures(pack: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    rows = "\n".join(f"{uid},Clear lungs." for uid in range(90_025, 90_049))
    file.write_text(f"id,report\n{rows}\n", encoding="utf-8")

    path = evaluate_predictions(file, pack, "val", tmp_path / "out")

    found = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == "metrics.json"
    assert found["provenance"]["split"] == "val"
    assert found["reports"]["systems"]["other"]["all"]["ce_abn_micro"]["value"] == 0.0

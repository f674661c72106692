"""A run of two phases: it ends where an uninterrupted one ends, and says why it cannot start."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Severity, Side
from radscr_export import train as training
from radscr_export.bundle import build
from radscr_export.data.extras import extra_studies
from radscr_export.data.labels import Mention, State
from radscr_export.data.training_set import join, load_studies
from radscr_export.model.preset import load_preset
from radscr_export.run import Run, describe, note_data, resume, start
from radscr_export.texts import LibraryTexts
from radscr_export.train import batch_rows, load_trained, train

WIDTH = 16
"""Of the tiny text encoder's token states."""


EDGE = load_preset("edge")


def test_every_epoch_of_both_phases_is_logged(run: Run) -> None:
    with (run.folder / "log.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))

    assert [row["epoch"] for row in rows] == ["0", "0", "1"]
    assert all(float(row["classifier"]) > 0 for row in rows)


def test_only_the_second_phase_has_the_losses_on_proposals(run: Run) -> None:
    with (run.folder / "log.csv").open(newline="") as stream:
        retrieval = [float(row["retrieval"]) for row in csv.DictReader(stream)]

    assert retrieval[0] == 0
    assert min(retrieval[1:]) > 0


def test_every_epoch_ends_with_a_look_at_the_validation_films(run: Run) -> None:
    with (run.folder / "log.csv").open(newline="") as stream:
        areas = [float(row["val_auroc"]) for row in csv.DictReader(stream)]

    assert all(0 <= area <= 1 for area in areas)


def test_the_history_says_what_made_the_run(run: Run) -> None:
    events = describe(run)["history"]

    begun, seen = events[0], [one for one in events if one["event"] == "data"]
    assert (begun["event"], begun["processes"], begun["device"]) == ("start", 1, "cpu")
    assert begun["packages"]["torch"] == version("torch")
    assert [(one["split"], one["size"], len(one["digest"])) for one in seen] == [("train", 64, 64)]
    assert [one["sets"] for one in seen] == [["iu", "nih"]]
    assert describe(run)["seed"] == run.seed


def test_data_that_changed_since_a_run_began_are_refused(run: Run, few_extras: None) -> None:
    films = load_studies(run.data, "train", 64)
    states = films.states.copy()
    states[0] = State.UNKNOWN

    with pytest.raises(TrainingError, match=r"are not those that .* was begun with"):
        note_data(run, "train", 64, replace(films, states=states))


def test_a_run_of_heads_is_no_run_to_build_from(tmp_path: Path) -> None:
    start(tmp_path, tmp_path, EDGE, seed=0, heads_of="another network")

    with pytest.raises(TrainingError, match="holds heads for another bundle's vision"):
        resume(tmp_path)


def test_a_finished_run_has_nothing_left_to_do(run: Run, few_extras: None, tmp_path: Path) -> None:
    finished = replace(run, folder=shutil.copytree(run.folder, tmp_path / "run"))
    log = (finished.folder / "log.csv").read_text()

    train(finished)

    assert (finished.folder / "log.csv").read_text() == log


def test_training_moves_every_part_of_the_model(run: Run) -> None:
    torch.manual_seed(run.seed)
    untrained = training.RadSCR(run.preset, WIDTH)

    trained = dict(load_trained(run, WIDTH).named_parameters())

    unmoved = [
        name for name, one in untrained.named_parameters() if torch.equal(one, trained[name])
    ]
    assert not unmoved


def test_a_folder_of_a_run_with_another_seed_is_refused(tmp_path: Path) -> None:
    start(tmp_path, tmp_path / "data", EDGE, seed=1)

    with pytest.raises(TrainingError, match="holds a run with other settings"):
        start(tmp_path, tmp_path / "data", EDGE, seed=2)


def test_the_same_run_may_continue_with_its_data_elsewhere(tmp_path: Path) -> None:
    start(tmp_path, tmp_path / "here", EDGE, seed=1)

    run = start(tmp_path, tmp_path / "there", EDGE, seed=1)

    assert resume(tmp_path) == run
    assert json.loads((tmp_path / "run.json").read_text())["data"].endswith("there")


def test_a_preset_of_another_name_is_refused() -> None:
    with pytest.raises(TrainingError, match="'huge' is no preset: 'edge', 'paper', or"):
        load_preset("huge")


def test_missing_data_is_named(run: Run, tmp_path: Path) -> None:
    elsewhere = replace(run, data=tmp_path / "nowhere", folder=tmp_path)

    with pytest.raises(TrainingError, match=r"iu_reports\.csv is missing: give the folder of the"):
        train(elsewhere)


def test_a_folder_without_a_run_cannot_be_built(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds no run"):
        build(tmp_path, tmp_path / "bundle")


def test_a_run_that_has_not_finished_cannot_be_built(tmp_path: Path) -> None:
    start(tmp_path / "run", tmp_path, EDGE, seed=0)

    with pytest.raises(TrainingError, match="has not finished training"):
        build(tmp_path / "run", tmp_path / "bundle")


@pytest.mark.parametrize("name", ["edge", "paper"])
def test_every_batch_holds_few_phantoms_and_as_many_painted_films_as_the_preset_says(
    name: str, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = load_preset(name)
    phase = replace(preset.phases[0], batch=32)
    monkeypatch.setattr("radscr_export.data.extras.PHANTOMS", 4)
    monkeypatch.setattr("radscr_export.data.extras.PAINTED", 12)
    real = load_studies(pack, "train", 64)

    rng = np.random.default_rng(0)
    studies = join([real, extra_studies(real, 64, 0)])
    batches = batch_rows(preset, phase.batch, studies, len(real.ids), rng)

    assert batches
    for batch in batches:
        ids = [studies.ids[row] for row in batch]
        phantoms = sum(one.startswith("phantom") for one in ids)
        painted = sum("painted" in one for one in ids)
        assert 1 <= phantoms <= 0.05 * 32
        assert painted == round(preset.composite_share * 32)
        assert len(ids) == len(set(ids[: 32 - phantoms - painted])) + phantoms + painted == 32


@pytest.mark.parametrize("name", ["edge", "paper"])
def test_a_shipped_preset_trains_proposals(name: str) -> None:
    preset = load_preset(name)

    assert any(phase.retrieval for phase in preset.phases)


@pytest.mark.parametrize("option", ["classifier", "sampling"])
def test_an_option_that_does_not_exist_is_named_with_its_choices(
    option: str, tmp_path: Path
) -> None:
    shipped = Path(training.__file__).parent / "model" / "presets" / "edge.toml"
    own = tmp_path / "own.toml"
    own.write_text(shipped.read_text().replace("[loss]", f"[loss]\n{option} = 'best'"))

    with pytest.raises(TrainingError, match=f"{option} = 'best' in .loss. is none of "):
        load_preset(str(own))


def test_a_preset_can_be_a_file_of_ones_own(tmp_path: Path) -> None:
    shipped = Path(training.__file__).parent / "model" / "presets" / "edge.toml"
    own = tmp_path / "own.toml"
    own.write_text(shipped.read_text().replace("rate = 1e-3", "rate = 5e-4"))

    assert load_preset(str(own)).phases[0].rate == 5e-4


@pytest.mark.parametrize("true", [True, False])
def test_the_library_has_a_sentence_for_all_that_a_code_can_say(
    library: LibraryTexts, true: bool
) -> None:
    mentions = [
        (index, Mention(name, side, severity))
        for index, name in enumerate(FINDINGS)
        for side in Side
        for severity in Severity
    ]

    found = [len(library.matching(index, true, mention)) for index, mention in mentions]

    assert min(found) > 0

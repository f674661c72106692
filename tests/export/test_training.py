"""A run of two phases: it ends where an uninterrupted one ends, and says why it cannot start."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
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
from radscr_export.data.labels import Mention
from radscr_export.data.training_set import load_studies
from radscr_export.model.preset import load_preset
from radscr_export.texts import LibraryTexts
from radscr_export.train import Run, load_trained, resume, start, train

WIDTH = 16
"""Of the tiny text encoder's token states."""


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


@pytest.mark.parametrize("epochs_before_the_kill", [1, 2])
def test_a_killed_run_ends_with_the_weights_of_an_uninterrupted_one(
    run: Run,
    few_extras: None,
    epochs_before_the_kill: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed = replace(run, folder=tmp_path)
    kill_after(epochs_before_the_kill, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        train(killed)
    monkeypatch.undo()
    monkeypatch.setattr("radscr_export.data.extras.PHANTOMS", 6)
    monkeypatch.setattr("radscr_export.data.extras.PAINTED", 6)

    train(killed)

    whole, resumed = (load_trained(one, WIDTH).state_dict() for one in (run, killed))
    for name, weights in whole.items():
        torch.testing.assert_close(resumed[name], weights, rtol=0, atol=0, msg=name)


def kill_after(epochs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends the process, as far as Python can tell, once so many epochs are saved."""
    saved = []

    def save_then_die(folder: Path, state: dict[str, object]) -> None:
        save(folder, state)
        saved.append(folder)
        if len(saved) == epochs:
            raise KeyboardInterrupt

    save = training.save_checkpoint
    monkeypatch.setattr(training, "save_checkpoint", save_then_die)


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
    start(tmp_path, tmp_path / "data", "edge", seed=1)

    with pytest.raises(TrainingError, match="holds a run with other settings"):
        start(tmp_path, tmp_path / "data", "edge", seed=2)


def test_the_same_run_may_continue_with_its_data_elsewhere(tmp_path: Path) -> None:
    start(tmp_path, tmp_path / "here", "edge", seed=1)

    run = start(tmp_path, tmp_path / "there", "edge", seed=1)

    assert resume(tmp_path) == run
    assert json.loads((tmp_path / "run.json").read_text())["data"].endswith("there")


def test_a_preset_of_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="'huge' is no preset; choose 'edge', 'paper', or"):
        start(tmp_path, tmp_path, "huge", seed=0)


def test_missing_data_is_named(run: Run, tmp_path: Path) -> None:
    elsewhere = replace(run, data=tmp_path / "nowhere", folder=tmp_path)

    with pytest.raises(TrainingError, match=r"iu_images\.csv is missing: give the folder of the"):
        train(elsewhere)


def test_a_folder_without_a_run_cannot_be_built(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds no run"):
        build(tmp_path, tmp_path / "bundle")


def test_a_run_that_has_not_finished_cannot_be_built(tmp_path: Path) -> None:
    start(tmp_path / "run", tmp_path, "edge", seed=0)

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
    batches = list(training._batches(preset, phase, (real, extra_studies(real, 64, 0)), rng))

    assert batches
    for batch in batches:
        phantoms = sum(one.startswith("phantom") for one in batch.ids)
        painted = sum("painted" in one for one in batch.ids)
        assert 1 <= phantoms <= 0.05 * 32
        assert painted == round(preset.composite_share * 32)
        assert len(batch.ids) == 32


@pytest.mark.parametrize("name", ["edge", "paper"])
def test_a_shipped_preset_trains_proposals(name: str) -> None:
    preset = load_preset(name)

    assert any(phase.retrieval for phase in preset.phases)


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

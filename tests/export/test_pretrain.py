"""Pre-training: every training film, lateral ones too, without a label."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from export.tiny_pack import FILMS, LATERAL_EVERY, NORMAL_DONORS
from export.trees import write_mimic, write_rexgradient, write_sets, write_table

from radscr_export import engine, pretrain
from radscr_export.checkpoint import load_checkpoint
from radscr_export.data.training_set import load_studies
from radscr_export.data.unlabelled import Unlabelled, load_unlabelled
from radscr_export.engine import Part
from radscr_export.model.preset import Pretraining, load_preset
from radscr_export.pretrain import Recogniser
from radscr_export.run import PRETRAINING, Run, describe
from radscr_export.train import load_trained, train

SETTINGS = Pretraining(size=64, epochs=2, batch=16, rate=1e-3)
WIDTH = 16
"""Of the tiny text encoder's token states."""


@pytest.fixture(scope="module")
def pretrained(run: Run, few_extras: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of one phase whose encoder was pre-trained."""
    preset = replace(run.preset, pretraining=SETTINGS, phases=run.preset.phases[:1])
    made = replace(run, folder=tmp_path_factory.mktemp("pretrained"), preset=preset)
    train(made)
    return made


def test_every_training_film_is_seen_and_no_other(pack: Path) -> None:
    films = load_unlabelled(pack, "train", 64)
    frontal = load_studies(pack, "train", 64)

    laterals = FILMS // LATERAL_EVERY
    assert len(films.images) == FILMS + 2 * (FILMS + NORMAL_DONORS) + laterals
    np.testing.assert_array_equal(films.images[: len(frontal.ids)], frontal.images)


def test_a_lateral_belongs_to_the_patient_of_its_frontal_film(pack: Path) -> None:
    films = load_unlabelled(pack, "train", 64)

    numbers, counts = np.unique(films.patients, return_counts=True)
    assert sorted(set(counts)) == [1, 2]
    assert (counts == 2).sum() == FILMS // LATERAL_EVERY
    assert set(films.patients[-(FILMS // LATERAL_EVERY) :]) == set(numbers[counts == 2])


def test_laterals_of_listed_sets_are_for_pre_training_alone(tmp_path: Path) -> None:
    write_mimic(
        tmp_path / "mimic",
        *({"subject_id": "10000001", "ViewPosition": view} for view in ("PA", "LL", "LATERAL")),
        {"ViewPosition": "LPO"},
    )
    write_rexgradient(tmp_path / "rexgradient")
    write_table(tmp_path / "own", {"patient": "1"}, {"patient": "1", "view": "lateral"})
    places = {"mimic": "mimic", "rexgradient": "rexgradient", "table": "own"}
    data = write_sets(tmp_path, *({"kind": one, "path": path} for one, path in places.items()))

    films, frontal = load_unlabelled(data, "train", 64), load_studies(data, "train", 64)

    assert len(frontal.ids) == 3
    assert len(films.images) == 3 + 4
    assert sorted(np.bincount(films.patients)) == [2, 2, 3]


def test_pre_training_teaches_the_encoder_to_know_a_film_again(pretrained: Run, pack: Path) -> None:
    state = load_checkpoint(pretrained.folder / PRETRAINING)
    before = Recogniser(load_trained(replace(pretrained, folder=pack), WIDTH).encoder)
    after = Recogniser(load_trained(replace(pretrained, folder=pack), WIDTH).encoder)
    after.load_state_dict(state["model"])

    films = load_unlabelled(pack, "train", 64)
    assert _loss(after, films) < _loss(before, films)


def _loss(model: Recogniser, films: Unlabelled) -> float:
    part = Part(np.arange(64), 0.0, np.random.default_rng(0), torch.manual_seed(0), {})
    with torch.no_grad():
        return float(pretrain._losses(films, model.train(), part)["recognition"])


def test_the_training_begins_with_the_pre_trained_encoder(pretrained: Run) -> None:
    taught = load_checkpoint(pretrained.folder / PRETRAINING)["average"]
    weights = load_trained(pretrained, WIDTH).encoder.state_dict()

    name = "backbone.embeddings.patch_embeddings.projection.convolutions.0.weight"
    begun = taught[f"module.encoder.{name}"]
    fresh = load_trained(replace(pretrained, folder=pretrained.folder / "none"), WIDTH)
    away = (weights[name] - begun).norm()
    assert away < (weights[name] - fresh.encoder.state_dict()[name]).norm()


def test_a_stopped_pre_training_goes_on(
    pretrained: Run, few_extras: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = replace(pretrained, folder=tmp_path, save_steps=3)
    save = engine.save_checkpoint

    def save_then_stop(folder: Path, state: dict[str, object]) -> None:
        save(folder, state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(engine, "save_checkpoint", save_then_stop)
        with pytest.raises(KeyboardInterrupt):
            train(stopped)

    train(stopped)

    for folder in (PRETRAINING, ""):
        first, second = (
            load_checkpoint(one.folder / folder)["model"] for one in (pretrained, stopped)
        )
        assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_record_of_a_bundle_tells_of_the_pre_training(pretrained: Run, run: Run) -> None:
    data = [one for one in describe(pretrained)["pretraining"] if one["event"] == "data"]

    assert [(one["split"], one["size"]) for one in data] == [("train", 64)]
    assert describe(pretrained)["preset"]["pretraining"]["epochs"] == SETTINGS.epochs
    assert "pretraining" not in describe(run)


def test_a_preset_asks_for_it_by_a_table_of_its_own(tmp_path: Path) -> None:
    text = files("radscr_export.model").joinpath("presets", "edge.toml").read_text()
    table = "\n[pretraining]\nsize = 64\nepochs = 2\nbatch = 16\nrate = 1e-3\n"
    (tmp_path / "own.toml").write_text(text.replace("\n[[phase]]", f"{table}\n[[phase]]", 1))

    assert load_preset(str(tmp_path / "own.toml")).pretraining == SETTINGS

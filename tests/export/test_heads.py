"""New heads on a bundle's own vision: the films are looked at once, and a stopped look goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from radscr_edge.contract import Bundle
from radscr_export.data.training_set import Studies, load_studies, select
from radscr_export.heads import preset_of, train_heads
from radscr_export.looks import LOOKS, look
from radscr_export.model.radscr import Heads
from radscr_export.run import Run, describe
from radscr_export.text_encoder import TextEncoder
from radscr_export.texts import LibraryTexts
from radscr_runtime.networks import OnnxNetworks


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("looks")


@pytest.fixture
def studies(run: Run) -> Studies:
    return select(load_studies(run.data, "train", 64), np.arange(5))


@pytest.fixture
def heads_run(run: Run, tmp_path: Path) -> Run:
    """Prototypes are refreshed here, which the tiny preset's own run does not do."""
    loss = replace(run.preset.loss, refresh_every=3)
    preset = replace(run.preset, loss=loss)
    return replace(run, folder=tmp_path / "heads", preset=preset, heads_of="the tiny bundle")


def train(run: Run, bundle: Bundle, library: LibraryTexts, cache: Path) -> Heads:
    encoder = TextEncoder.load(run.preset.text.encoder)
    return train_heads(run, bundle, (library, encoder), epochs=2, cache=cache)


def test_a_second_training_needs_no_second_look_and_gives_the_same_heads(
    heads_run: Run, tiny_bundle: Bundle, library: LibraryTexts, few_extras: None, cache: Path
) -> None:
    first = train(heads_run, tiny_bundle, library, cache)
    (file,) = cache.iterdir()
    written = file.stat().st_mtime_ns

    again = replace(heads_run, folder=heads_run.folder.with_name("again"))
    second = train(again, tiny_bundle, library, cache)

    assert [one.stat().st_mtime_ns for one in cache.iterdir()] == [written]
    for name, weights in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], weights, rtol=0, atol=0)


def test_heads_have_the_logs_and_checkpoints_of_any_training(
    heads_run: Run, tiny_bundle: Bundle, library: LibraryTexts, few_extras: None, cache: Path
) -> None:
    train(heads_run, tiny_bundle, library, cache)

    names = {one.name for one in heads_run.folder.iterdir()}
    assert names >= {"checkpoint.pt", "log.csv", "history.jsonl", "tensorboard"}
    losses = [
        float(line.split(",")[4])
        for line in (heads_run.folder / "log.csv").read_text().splitlines()[1:]
    ]
    assert len(losses) == 2
    assert losses[1] < losses[0]
    assert describe(heads_run)["heads_of"] == "the tiny bundle"


def test_a_look_says_what_the_bundles_network_says(
    tiny_bundle: Bundle, studies: Studies, tmp_path: Path
) -> None:
    looks = look(tiny_bundle, studies, 0, tmp_path)

    networks = OnnxNetworks(tiny_bundle, next(iter(tiny_bundle.variants)), 1)
    grid = networks.see(studies.images[3][None, None])
    assert len(looks) == LOOKS * len(studies.ids)
    np.testing.assert_allclose(looks["logits"][3], grid.logits, atol=1e-4)
    np.testing.assert_allclose(looks["features"][3], grid.features, rtol=2e-3, atol=1e-3)
    assert not np.allclose(looks["logits"][3], looks["logits"][3 + len(studies.ids)], atol=1e-3)


def test_a_look_that_was_stopped_goes_on(
    tiny_bundle: Bundle, studies: Studies, tmp_path: Path
) -> None:
    look(tiny_bundle, studies, 0, tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2 + 7])

    look(tiny_bundle, studies, 0, tmp_path)

    assert file.read_bytes() == whole


def test_other_films_or_another_seed_are_looked_at_anew(
    tiny_bundle: Bundle, studies: Studies, tmp_path: Path
) -> None:
    fewer = select(studies, np.arange(4))

    for films, seed in ((studies, 0), (studies, 1), (fewer, 0)):
        look(tiny_bundle, films, seed, tmp_path)

    assert len(list(tmp_path.iterdir())) == 3


def test_a_bundle_knows_the_preset_that_it_was_trained_by(tiny_bundle: Bundle, run: Run) -> None:
    assert preset_of(tiny_bundle) == run.preset

"""A tiny training run and the bundle made of it, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from export.tiny_pack import tiny_preset, write_pack, write_text_encoder

from radscr_edge.contract import Bundle
from radscr_export.bundle import assemble
from radscr_export.model.preset import Preset
from radscr_export.run import Run
from radscr_export.text_encoder import TextEncoder
from radscr_export.texts import LibraryTexts, read_library
from radscr_export.train import load_trained, train


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Only on one thread does a training give the same bits twice."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def few_extras() -> Iterator[None]:
    """A training draws hundreds of phantoms; six show the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("radscr_export.data.extras.PHANTOMS", 6)
        patch.setattr("radscr_export.data.extras.PAINTED", 6)
        yield


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="session")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Preset:
    return tiny_preset(str(write_text_encoder(tmp_path_factory.mktemp("bert"))))


@pytest.fixture(scope="session")
def library(preset: Preset) -> LibraryTexts:
    return read_library(TextEncoder.load(preset.text.encoder))


@pytest.fixture(scope="session")
def run(
    pack: Path, preset: Preset, few_extras: None, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """A finished run."""
    run = Run(tmp_path_factory.mktemp("run"), pack, preset, seed=3, device=torch.device("cpu"))
    train(run)
    return run


@pytest.fixture(scope="session")
def tiny_bundle(
    run: Run,
    library: LibraryTexts,
    bundle_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Bundle:
    """The bundle of that run, with the shipped decoder."""
    model = load_trained(run, library.tokens.states.shape[-1])
    folder = tmp_path_factory.mktemp("bundle")
    return assemble(folder, "tiny", run, (model, library), bundle_folder / "decoder.gguf")

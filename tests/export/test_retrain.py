"""New heads and a new library on a bundle's own vision, from the command to a reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from radscr_edge.contract import Bundle, Files, sha256_of
from radscr_edge.errors import TrainingError
from radscr_export.bundle import retrain
from radscr_runtime import Options, Reader

KEPT = (Files.VISION["fp32"], Files.VISION["int8"], Files.DONORS, Files.GOLDEN, Files.DECODER)


@pytest.fixture(scope="module")
def retrained(
    tiny_bundle: Bundle, pack: Path, few_extras: None, tmp_path_factory: pytest.TempPathFactory
) -> Bundle:
    out = tmp_path_factory.mktemp("retrained") / "again"
    decoder = tiny_bundle.path(Files.DECODER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(out.parent / "cache"))
        return retrain(tiny_bundle, pack, out, seed=4, epochs=1, decoder=decoder)


def digest(bundle: Bundle, name: str) -> str:
    return sha256_of(bundle.path(name))


def test_the_vision_stays_and_the_heads_are_new(retrained: Bundle, tiny_bundle: Bundle) -> None:
    assert all(digest(retrained, name) == digest(tiny_bundle, name) for name in KEPT)
    for name in (Files.PROPOSAL, Files.SENTENCE):
        assert digest(retrained, name) != digest(tiny_bundle, name)


def test_the_bundle_says_what_made_its_heads(retrained: Bundle, tiny_bundle: Bundle) -> None:
    heads = retrained.training["heads"]

    assert (retrained.name, heads["epochs"], heads["seed"]) == ("again", 1, 4)
    assert sha256_of(tiny_bundle.path(Files.VISION["int8"])) in heads["heads_of"]
    assert retrained.training["decoder"] == tiny_bundle.training["decoder"]


def test_the_new_bundle_reads(retrained: Bundle, samples: Path) -> None:
    with Reader.open(retrained.folder, Options(decoder="plain")) as reader:
        assert reader.read(samples / "effusion.dcm").composition.lines


def test_no_epochs_keep_the_heads(
    tiny_bundle: Bundle, pack: Path, few_extras: None, tmp_path: Path
) -> None:
    decoder = tiny_bundle.path(Files.DECODER)

    same = retrain(tiny_bundle, pack, tmp_path / "same", seed=4, epochs=0, decoder=decoder)

    assert digest(same, Files.PROPOSAL) == digest(tiny_bundle, Files.PROPOSAL)


def test_a_folder_with_other_things_is_not_written_over(
    tiny_bundle: Bundle, pack: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(TrainingError, match="holds something else than a bundle"):
        retrain(tiny_bundle, pack, tmp_path, seed=4, epochs=1)

    assert (tmp_path / "notes.txt").read_text() == "mine"

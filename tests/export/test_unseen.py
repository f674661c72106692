"""Nobody that a bundle learnt from is measured on."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from export.trees import write_sets, write_table

from radscr_edge.contract import Bundle
from radscr_edge.errors import TrainingError
from radscr_export.data.datasets import patients
from radscr_export.data.unseen import TRAINED_ON, check_unseen, trained_on
from radscr_export.evaluation.evaluate import evaluate


def test_a_bundle_knows_its_training_patients_by_hashes_alone(
    tiny_bundle: Bundle, pack: Path
) -> None:
    known = set(tiny_bundle.training[TRAINED_ON].split())

    assert known == patients(pack, "train")
    assert not known & (patients(pack, "val") | patients(pack, "test"))
    assert all(len(one) == 12 for one in known)


def test_other_splits_of_the_same_folder_pass(tiny_bundle: Bundle, pack: Path) -> None:
    check_unseen(tiny_bundle, pack, "test")


def test_an_evaluation_on_a_training_patient_is_refused(
    tiny_bundle: Bundle, pack: Path, tmp_path: Path
) -> None:
    moved = Path(shutil.copytree(pack, tmp_path / "moved"))
    for table in (moved / "iu_xray").glob("*.csv"):
        text = table.read_text(encoding="utf-8").replace(",train", ",swapped")
        text = text.replace(",test", ",train").replace(",swapped", ",test")
        table.write_text(text, encoding="utf-8")

    with pytest.raises(TrainingError, match=r"patients of the test split .* was trained on"):
        evaluate(tiny_bundle.folder, moved, "test", tmp_path / "out")


def test_patients_of_one_name_in_two_sets_are_two(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_table(tmp_path / name, {"patient": "7"})
    data = write_sets(
        tmp_path, *({"name": one, "kind": "table", "path": one} for one in ("one", "other"))
    )

    assert len(patients(data, "train")) == 2


def test_what_was_known_before_stays_known(tiny_bundle: Bundle, tmp_path: Path) -> None:
    write_table(tmp_path, {"patient": "7"})
    data = write_sets(tmp_path, {"name": "own", "kind": "table"})

    both = set(trained_on(data, tiny_bundle).split())

    assert both == {*tiny_bundle.training[TRAINED_ON].split(), *patients(data, "train")}


def test_a_bundle_from_before_says_nothing(tiny_bundle: Bundle, pack: Path) -> None:
    silent = replace(tiny_bundle, training={})

    check_unseen(silent, pack, "train")

"""What reports are scored against: one row a study, repeated references known."""

from __future__ import annotations

from pathlib import Path

import pytest
from export.tiny_pack import IU_IMAGES, Study, write_reports, write_table

from radscr_edge.errors import TrainingError
from radscr_export.evaluation.report_metrics import report_figures
from radscr_export.evaluation.report_truth import (
    SystemReports,
    Truth,
    first_films,
    load_truth,
)


def write_studies(data: Path, studies: list[Study], films_of_each: int = 1) -> Path:
    """Reports with their films' rows, without the films."""
    write_reports(data, studies)
    rows = [
        {"file": f"{one.uid}_{film}.jpg", "uid": one.uid, "split": one.split}
        | {"orig_w": 1, "orig_h": 1, "shard": "iu_frontal.tar"}
        for one in studies
        for film in range(films_of_each)
    ]
    write_table(data / "iu_xray" / "iu_images.csv", IU_IMAGES, rows)
    return data


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_studies(
        tmp_path,
        [
            Study("1", "normal", "Clear lungs."),
            Study("2", "normal", "clear  lungs.", split="val"),
            Study("3", "Cardiomegaly/mild", "Big heart.", "Cardiomegaly.", split="val"),
            Study("4", "Scoliosis", "Big heart.", "Cardiomegaly.", split="val"),
            Study("5", "No Indexing", "Something.", split="val"),
        ],
        films_of_each=2,
    )


def test_a_study_with_two_films_is_one_row(pack: Path) -> None:
    truth = load_truth(pack, "val")

    assert truth.ids == ("2", "3", "4", "5")
    assert truth.references[1] == "Big heart. Cardiomegaly."


def test_repeated_references_and_normal_or_uncoded_studies_are_known(pack: Path) -> None:
    truth = load_truth(pack, "val")

    assert truth.distinct.tolist() == [False, True, False, True]
    assert truth.abnormal.tolist() == [False, True, True, False]


def test_the_first_film_of_each_study_stands_for_it() -> None:
    assert first_films(("a", "b", "a", "c"), ("b", "a")).tolist() == [1, 0]


def test_films_of_another_split_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"1 studies have no film \(z\)"):
        first_films(("a",), ("a", "z"))


def test_a_split_without_studies_is_refused(pack: Path) -> None:
    with pytest.raises(TrainingError, match="no IU study of the split 'test'"):
        load_truth(pack, "test")


def test_the_reports_of_the_validation_studies_say_what_was_coded(data: Path) -> None:
    truth = load_truth(data, "val")
    few = Truth(
        truth.ids[:40],
        truth.states[:40],
        truth.references[:40],
        truth.abnormal[:40],
        truth.distinct[:40],
    )

    figures = report_figures([SystemReports("reference", few.references)], few)

    assert len(truth.ids) > 300
    assert 0.5 < truth.distinct.mean() < 0.95
    assert figures["systems"]["reference"]["all"]["ce_abn_micro"]["value"] > 0.85
    assert figures["systems"]["reference"]["all"]["rouge_l"]["value"] == 1.0

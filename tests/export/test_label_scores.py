"""Scores of the report labeler on a made table."""

from __future__ import annotations

from pathlib import Path

import pytest
from export.tiny_pack import Study, write_reports

from radscr_edge.errors import TrainingError
from radscr_export.label_scores import read_findings, score_labeler


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_reports(
        tmp_path,
        [
            Study("1", "Cardiomegaly/mild", "Mild cardiomegaly.", "No effusion."),
            Study("2", "Pleural Effusion/left", "Possible left effusion."),
            Study("3", "normal", "Heart size normal.", "Scoliosis."),
            Study("4", "Consolidation/lung", "Left consolidation.", "History of effusion."),
            Study("5", "No Indexing", "Large hiatal hernia."),
            Study("6", "", "Large hiatal hernia."),
            Study("7", "Scoliosis", "Scoliosis.", split="test"),
        ],
    )


def test_a_report_is_scored_against_its_codes(pack: Path) -> None:
    scores = score_labeler(pack, ["train"])

    heart = scores["affirmed"]["findings"]["enlarged cardiac silhouette"]
    assert heart == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "read": 1, "coded": 1}
    scoliosis = scores["affirmed"]["findings"]["scoliosis"]
    assert (scoliosis["read"], scoliosis["coded"]) == (1, 0)


def test_uncoded_reports_and_other_splits_are_left_out(pack: Path) -> None:
    scores = score_labeler(pack, ["train"])

    assert scores["reports"] == 4
    assert scores["affirmed"]["findings"]["hernia"]["read"] == 0
    assert score_labeler(pack, ["test"])["reports"] == 1


def test_what_a_report_hedges_counts_only_where_asked_for(pack: Path) -> None:
    scores = score_labeler(pack, ["train"])

    assert scores["affirmed"]["findings"]["pleural effusion"]["recall"] == 0.0
    assert scores["hedged"]["findings"]["pleural effusion"]["recall"] == 1.0


def test_the_micro_mean_counts_what_follows_from_a_finding(pack: Path) -> None:
    micro = score_labeler(pack, ["train"])["affirmed"]["micro"]

    assert micro == {"precision": 0.8, "recall": 0.8, "f1": 0.8, "read": 5, "coded": 5}


def test_rare_findings_are_left_out_of_the_macro_mean(tmp_path: Path) -> None:
    studies = [Study(str(n), "Scoliosis", "Scoliosis.") for n in range(10)]
    pack = write_reports(tmp_path, [*studies, Study("11", "Cardiomegaly", "Clear lungs.")])

    affirmed = score_labeler(pack, ["train"])["affirmed"]

    assert (affirmed["macro_over"], affirmed["macro_f1"]) == (1, 1.0)


def test_a_report_is_read_with_all_that_its_findings_imply() -> None:
    found = read_findings("Left consolidation. Possible edema. Prior effusion.", hedged=False)

    assert found == {"consolidation", "airspace opacity", "lung opacity"}


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"iu_reports\.csv is missing: give the folder"):
        score_labeler(tmp_path, ["train"])


def test_the_labeler_agrees_with_the_codes_of_the_validation_reports(data: Path) -> None:
    affirmed = score_labeler(data, ["val"])["affirmed"]

    assert affirmed["micro"]["f1"] > 0.85
    assert affirmed["macro_f1"] > 0.75

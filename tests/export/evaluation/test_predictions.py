"""Report texts of other systems are read, or refused with the line and the id."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from export.tiny_pack import IU_IMAGES, Study, write_reports, write_table

from radscr_edge.errors import TrainingError
from radscr_export.evaluation.predictions import read_predictions, score_predictions
from radscr_export.evaluation.report_truth import Truth


@pytest.fixture
def truth() -> Truth:
    known = np.ones(2, np.bool_)
    return Truth(("7", "9"), np.zeros((2, 37), np.int8), ("a", "b"), known, known)


def written(folder: Path, text: str, name: str = "other.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_reports_are_put_in_the_order_of_the_studies(truth: Truth, tmp_path: Path) -> None:
    path = written(tmp_path, 'report,id\n"Clear, both lungs.",9\nBig heart.,7\n')

    assert read_predictions(path, truth).texts == ("Big heart.", "Clear, both lungs.")


def test_json_lines_are_read_too(truth: Truth, tmp_path: Path) -> None:
    rows = [{"id": 9, "report": "Clear."}, {"id": "7", "report": "Big heart."}]
    path = written(tmp_path, "\n".join(map(json.dumps, rows)) + "\n\n", "other.jsonl")

    assert read_predictions(path, truth).texts == ("Big heart.", "Clear.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("uid,report\n7,x\n", "no column id; it needs 'id' and 'report'"),
        ("id,text\n7,x\n", "no column report"),
        ("id,report\n7,x\n9,x\n3,x\n", r"no study of this split has id 3 \(1 in all\)"),
        ("id,report\n9,x\n", r"no report is given for id 7 \(1 in all\)"),
        ("id,report\n7,x\n7,y\n", "line 3: id 7 occurs twice"),
        ("id,report\n7,x\n9, \n", "line 3: the report of id 9 is empty"),
    ],
)
def test_a_table_that_cannot_be_scored_is_refused(
    text: str, message: str, truth: Truth, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=f"other.csv.*{message}"):
        read_predictions(written(tmp_path, text), truth)


@pytest.mark.parametrize("line", ["{", "[1]", '{"id": "7"}'])
def test_a_line_that_is_no_report_is_named(line: str, truth: Truth, tmp_path: Path) -> None:
    path = written(tmp_path, f'{{"id": "9", "report": "x"}}\n{line}\n', "other.jsonl")

    with pytest.raises(TrainingError, match=r"other.jsonl, line 2: not a JSON object with 'id'"):
        read_predictions(path, truth)


def test_other_encodings_are_refused(truth: Truth, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes("id,report\n7,Épanchement\n".encode("latin-1"))

    with pytest.raises(TrainingError, match="not UTF-8"):
        read_predictions(path, truth)


def test_a_missing_file_is_named(truth: Truth, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"none\.csv is missing"):
        read_predictions(tmp_path / "none.csv", truth)


def test_a_system_that_says_what_is_coded_scores_one(tmp_path: Path) -> None:
    studies = [
        Study("7", "Cardiomegaly", "Big heart.", split="val"),
        Study("9", "normal", "All is well.", split="val"),
    ]
    write_reports(tmp_path, studies)
    films = [
        {"file": f"{one.uid}.jpg", "uid": one.uid, "split": "val", "shard": "iu_frontal.tar"}
        for one in studies
    ]
    write_table(tmp_path / "iu_xray" / "iu_images.csv", IU_IMAGES, films)
    path = written(tmp_path, "id,report\n7,Cardiomegaly.\n9,No effusion.\n")

    figures = score_predictions(path, tmp_path, "val")

    assert figures["systems"]["other"]["all"]["ce_abn_micro"]["value"] == 1.0
    assert figures["contradictions"]["reports_with_contradiction"] == 0

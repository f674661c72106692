"""Synthetic trees in the published file layout of data sets that are not here: drawn films."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2

from radscr_edge.records import Bytes, Side
from radscr_export.phantoms import draw_phantom

Row = dict[str, Any]
FILM = 256


def film(seed: int = 1) -> Bytes:
    return draw_phantom(seed, None, Side.NONE, FILM).pixels


def write_film(path: Path, seed: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), film(seed))
    return path


def write_rows(path: Path, rows: Sequence[Row], packed: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (
        gzip.open(f"{path}.gz", "wt", encoding="utf-8", newline="")
        if packed
        else path.open("w", encoding="utf-8", newline="")
    ) as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def write_sets(data: Path, *entries: Row) -> Path:
    lines = [
        "\n".join(["[[set]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items())])
        for entry in entries
    ]
    data.mkdir(parents=True, exist_ok=True)
    (data / "datasets.toml").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return data


def write_table(folder: Path, *rows: Row) -> Path:
    """A clinic's own studies; every row gets a film."""
    for number, row in enumerate(rows):
        row.setdefault("file", f"films/{number}.png")
        row.setdefault("patient", str(number))
        row.setdefault("split", "train")
        write_film(folder / row["file"], number)
    write_rows(folder / "studies.csv", rows)
    return folder


MIMIC_REPORT = """                                 FINAL REPORT
 INDICATION:  Question pneumothorax.

 FINDINGS:  There is a small right pleural effusion.
 No pneumothorax.

 IMPRESSION:  Possible consolidation.
"""


def write_mimic(folder: Path, *films: Row, report: str = MIMIC_REPORT) -> Path:
    """One study a film; a row may give subject_id, split, ViewPosition, chexpert and scene."""
    metadata, splits, chexpert = [], [], []
    for number, row in enumerate(films):
        dicom, study = f"{number:08x}-a-b", str(50000005 + number)
        subject = row.get("subject_id", str(10000001 + number))
        ids = {"dicom_id": dicom, "subject_id": subject, "study_id": study}
        metadata.append(ids | {"ViewPosition": row.get("ViewPosition", "PA")})
        splits.append(ids | {"split": row.get("split", "train")})
        labels = row.get("chexpert", {"Atelectasis": ""})
        chexpert.append({"subject_id": subject, "study_id": study} | labels)
        place = Path("files") / f"p{subject[:2]}" / f"p{subject}" / f"s{study}"
        write_film(folder / place / f"{dicom}.jpg", number)
        path = folder / "mimic-cxr-reports" / place.with_suffix(".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(report, encoding="utf-8")
        if "scene" in row:
            write_scene(folder, dicom, row["scene"])
    for name, rows in (("metadata", metadata), ("split", splits), ("chexpert", chexpert)):
        write_rows(folder / f"mimic-cxr-2.0.0-{name}.csv", rows, packed=True)
    return folder


def write_scene(folder: Path, dicom: str, statements: Sequence[tuple[str, str, str]]) -> None:
    """A silver scene graph: (region, attribute, severity cue), every region a box of its own."""
    scene = {
        "objects": [
            {"bbox_name": region, "x1": 1, "y1": 1, "x2": 2, "y2": 2}
            | {"original_x1": 64, "original_y1": 128, "original_x2": 128, "original_y2": 192}
            for region, _, _ in statements
        ],
        "attributes": [
            {
                "bbox_name": region,
                region: True,
                "attributes": [[attribute, "nlp|yes|abnormal"]],
                "severity_cues": [[cue] if cue else []],
            }
            for region, attribute, cue in statements
        ],
    }
    path = folder / "chest-imagenome/silver_dataset/scene_graph" / f"{dicom}_SceneGraph.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(scene), encoding="utf-8")


def write_gold(folder: Path, *patients: str) -> None:
    path = folder / "chest-imagenome/gold_dataset"
    path.mkdir(parents=True, exist_ok=True)
    lines = ["patient_id\tstudy_id\timage_id", *(f"{one}\t1\tx.dcm" for one in patients)]
    name = "gold_attributes_relations_500pts_500studies1st.txt"
    (path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_rexgradient(folder: Path) -> Path:
    """One study a split: a frontal and a lateral film."""
    for number, split in enumerate(("train", "valid", "test")):
        paths = [f"../deid_png/P{number}/A/studies/S/instances/{view}.png" for view in "ab"]
        for path in paths:
            write_film(folder / path.removeprefix("../"), number)
        entry = {
            "PatientID": f"P{number}",
            "Findings": "Small left pleural effusion.",
            "Impression": None,
            "ImagePath": paths,
            "ImageViewPosition": ["POSTERO_ANTERIOR", "LATERAL"],
        }
        place = folder / "metadata" / f"{split}_metadata_view_position.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps({f"pP{number}_aA_sS": entry}), encoding="utf-8")
    return folder


VINDR = ("Pleural effusion", "Pneumothorax", "Nodule/Mass", "Other lesion", "Calcification")


def write_vindr(folder: Path, votes: dict[str, Sequence[str]], boxes: Sequence[Row] = ()) -> Path:
    """Training films, each with the positive labels of its three radiologists, and a test film."""
    columns = dict.fromkeys(VINDR, 0)
    train = [
        {"image_id": image, "rad_id": f"R{number}"}
        | columns
        | dict.fromkeys(filter(None, [one]), 1)
        for image, readers in votes.items()
        for number, one in enumerate(readers)
    ]
    blank = dict.fromkeys(("class_name", "x_min", "y_min", "x_max", "y_max"), "")
    none = [{"image_id": image} | blank | {"class_name": "No finding"} for image in votes]
    for part, labels, drawn in (
        ("train", train, [*none, *boxes]),
        ("test", [{"image_id": "t1"} | columns], [{"image_id": "t1"} | blank]),
    ):
        write_rows(folder / "annotations" / f"image_labels_{part}.csv", labels)
        write_rows(folder / "annotations" / f"annotations_{part}.csv", drawn)
        for number, row in enumerate(labels):
            write_film(folder / part / f"{row['image_id']}.png", number)
    return folder


def write_padchest(folder: Path, *sentences: Sequence[Sequence[str]], **changes: str) -> Path:
    """One film of one patient for each list of sentences of labels."""
    rows = []
    for number, one in enumerate(sentences):
        labels = [label for sentence in one for label in sentence if not label.startswith("loc ")]
        rows.append(
            {
                "ImageID": f"{number}.png",
                "ImageDir": "0",
                "StudyID": f"S{number}",
                "PatientID": f"P{number}",
                "Projection": "PA",
                "Pediatric": "No",
                "Report": "texto",
                "Labels": str(labels),
                "LabelsLocalizationsBySentence": str([list(sentence) for sentence in one]),
            }
            | changes
        )
        write_film(folder / "0" / f"{number}.png", number)
    write_rows(folder / "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv", rows)
    return folder

"""MIMIC-CXR-JPG 2.0.0 or 2.1.0 with the reports of MIMIC-CXR, and Chest ImaGenome where it lies.

    mimic-cxr-2.0.0-{metadata,split,chexpert}.csv (or .csv.gz)           Johnson 2019, PhysioNet
    files/p10/p10000032/s50414267/<dicom_id>.jpg
    mimic-cxr-reports/files/p10/p10000032/s50414267.txt                  from mimic-cxr-reports.zip
    chest-imagenome/...                                                  optional: see imagenome.py

The tables of version 2.1.0 keep 2.0.0 in their names.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Final

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import load_ontology
from radscr_edge.records import View
from radscr_export.data.labels import Coded, State, affirmed, closed_codes, read_report, reported
from radscr_export.data.listing import Labels, Listed, labels_of, read_columns
from radscr_export.data.sets.imagenome import gold_patients, scene_codes, scene_of

VERSION: Final = "mimic-cxr-2.0.0"
SPLITS: Final = {"train": "train", "validate": "val", "test": "test"}
VIEWS: Final = {"PA": View.PA, "AP": View.AP}
LATERAL: Final = frozenset({"LATERAL", "LL"})
VALUES: Final = {
    "1.0": State.POSITIVE,
    "1": State.POSITIVE,
    "0.0": State.NEGATIVE,
    "0": State.NEGATIVE,
    "-1.0": State.UNKNOWN,
    "-1": State.UNKNOWN,
}
SECTION: Final = re.compile(
    r"^[ \t]*(?P<name>[A-Z][A-Z /&,()-]{2,}):(?P<text>.*?)(?=^[ \t]*[A-Z][A-Z /&,()-]{2,}:|\Z)",
    re.MULTILINE | re.DOTALL,
)
TOLD: Final = ("FINDINGS", "IMPRESSION", "CONCLUSION", "FINDINGS AND IMPRESSION")


def list_films(folder: Path) -> Iterator[Listed]:
    """PA, AP and lateral films in the published split, patients of the gold set in test.

    Raises TrainingError where a table or a column is missing.
    """
    gold = gold_patients(folder)
    splits = {row["dicom_id"]: row["split"] for row in _table(folder, "split", ("split",))}
    chexpert = {row["study_id"]: row for row in _table(folder, "chexpert", ("study_id",))}
    for row in _table(folder, "metadata", ("dicom_id", "subject_id", "study_id", "ViewPosition")):
        position = row["ViewPosition"]
        if position not in VIEWS and position not in LATERAL:
            continue
        patient, study, film = row["subject_id"], row["study_id"], row["dicom_id"]
        place = Path("files") / f"p{patient[:2]}" / f"p{patient}" / f"s{study}"
        yield Listed(
            file=folder / place / f"{film}.jpg",
            patient=patient,
            study=study,
            split="test" if patient in gold else SPLITS[splits[film]],
            view=VIEWS.get(position, View.UNKNOWN),
            labels=partial(_labels, folder, place, film, chexpert.get(study, {})),
            lateral=position in LATERAL,
        )


def _table(folder: Path, name: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    return read_columns(folder / f"{VERSION}-{name}.csv", columns)


def _labels(folder: Path, place: Path, film: str, chexpert: Mapping[str, str]) -> Labels:
    """The scene graph counts as codes; without one, report and CheXpert's labels stand in."""
    said = read_report(told(_report(folder / "mimic-cxr-reports" / place)))
    scene = scene_of(folder, film)
    if scene is not None:
        codes = scene_codes(scene)
        return labels_of(codes.coded, said, codes.mentions, codes.boxes)
    theirs, ours = chexpert_codes(chexpert), reported(said)
    coded = Coded(
        positive=ours.positive | (theirs.positive - ours.negative - ours.unsure),
        negative=ours.negative | (theirs.negative - ours.positive),
        unsure=ours.unsure | theirs.unsure | (theirs.positive & ours.negative),
        otherwise=ours.otherwise,
    )
    return labels_of(coded, said, affirmed(said))


def _report(place: Path) -> str:
    path = place.with_suffix(".txt")
    if not path.is_file():
        raise TrainingError(
            f"{path.parents[3]} lacks reports that the tables list. Unpack mimic-cxr-reports.zip "
            "of MIMIC-CXR there."
        )
    return path.read_text(encoding="utf-8")


def told(report: str) -> str:
    """Findings and impression of a report; its last paragraph where it has no such headings.

    The indication is never read: it names what was asked, not what was seen.
    """
    sections = [one["text"] for one in SECTION.finditer(report) if one["name"].strip() in TOLD]
    if sections:
        return " ".join(" ".join(text.split()) for text in sections)
    return " ".join(re.split(r"\n\s*\n", report.strip())[-1].split())


@cache
def _wide() -> frozenset[str]:
    text = files("radscr_export.data").joinpath("chexpert.toml").read_text(encoding="utf-8")
    return frozenset(tomllib.loads(text)["wide"])


@cache
def _names() -> Mapping[str, tuple[str, ...]]:
    """Finding -> its CheXpert label, where no finding above it goes by the same."""
    ontology = load_ontology()
    return {
        one.name: (one.chexpert,)
        if one.chexpert
        and one.chexpert not in {ontology[above].chexpert for above in ontology.ancestors(one.name)}
        else ()
        for one in ontology.findings
    }


def chexpert_codes(row: Mapping[str, str]) -> Coded:
    """The 14 CheXpert labels of a study in the 37: blank says nothing, -1 is unsure."""
    values = {label: VALUES[value] for label, value in row.items() if value in VALUES}
    coded = closed_codes(values, _names())
    wide = {one.name for one in load_ontology().findings if one.chexpert in _wide()}
    return Coded(
        positive=coded.positive - wide,
        negative=coded.negative,
        unsure=coded.unsure | (coded.positive & wide),
    )

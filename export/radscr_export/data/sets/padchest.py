"""PadChest 1.0 (BIMCV, Bustos 2020): label lists by sentence; the Spanish reports are not read.

    PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv (or .csv.gz)   ImageID, ImageDir, StudyID,
                PatientID, Projection, Pediatric, Labels, LabelsLocalizationsBySentence, ...
    <ImageDir>/<ImageID>                                                the unpacked archives

Labels of physicians (27 %) and of the authors' network count alike. What a label means in the 37
is in padchest.toml. PadChest publishes no splits.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Final

from radscr_edge.errors import TrainingError
from radscr_edge.records import Severity, Side, View
from radscr_export.data.labels import Coded, Mention, State
from radscr_export.data.listing import Labels, Listed, labels_of, read_columns
from radscr_export.data.splits import split_of

TABLE: Final = "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
COLUMNS: Final = (
    *("ImageID", "ImageDir", "StudyID", "PatientID", "Projection", "Pediatric"),
    *("Labels", "LabelsLocalizationsBySentence"),
)
VIEWS: Final = {"PA": View.PA, "AP": View.AP, "AP_horizontal": View.AP}
LATERAL: Final = "L"
SIDES: Final = {"loc bilateral": Side.BILATERAL, "loc right": Side.RIGHT, "loc left": Side.LEFT}
CHILD: Final = "PED"


@dataclass(frozen=True, slots=True)
class LabelMap:
    """padchest.toml: what the labels say of the 37."""

    findings: Mapping[str, tuple[str, ...]]
    """Label -> the findings that it names."""
    unsure: Mapping[str, tuple[str, ...]]
    """Label -> findings that may be there with it."""
    uncoded: frozenset[str]
    """Labels of a study of which nothing else can be known."""
    normal: str


def list_films(folder: Path) -> Iterator[Listed]:
    """The frontal and lateral films of adults, split by a hash of the patient."""
    for row in read_columns(folder / TABLE, COLUMNS):
        projection = row["Projection"]
        if (projection in VIEWS or projection == LATERAL) and row["Pediatric"] != CHILD:
            yield Listed(
                file=folder / row["ImageDir"] / row["ImageID"],
                patient=row["PatientID"],
                study=row["StudyID"],
                split=split_of(row["PatientID"]),
                view=VIEWS.get(projection, View.UNKNOWN),
                labels=partial(_labels, row),
                lateral=projection == LATERAL,
            )


@cache
def label_map() -> LabelMap:
    """The mapping shipped with the package."""
    text = files("radscr_export.data").joinpath("padchest.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    return LabelMap(
        findings=_inverted(raw["findings"]),
        unsure=_inverted(raw["unsure"]),
        uncoded=frozenset(raw["uncoded"]),
        normal=raw["normal"],
    )


def _inverted(labels: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    every = {name for names in labels.values() for name in names}
    return {
        name: tuple(finding for finding, names in labels.items() if name in names) for name in every
    }


def _labels(row: Mapping[str, str]) -> Labels:
    names = {name.strip().lower() for name in _list(row["Labels"]) if name.strip()}
    mapping = label_map()
    otherwise = State.ASSUMED
    if not names or names & mapping.uncoded:
        otherwise = State.UNKNOWN
    elif names == {mapping.normal}:
        otherwise = State.NEGATIVE
    coded = Coded(
        positive=frozenset(one for name in names for one in mapping.findings.get(name, ())),
        unsure=frozenset(one for name in names for one in mapping.unsure.get(name, ())),
        otherwise=otherwise,
    )
    return labels_of(coded, mentions=list(_mentions(row["LabelsLocalizationsBySentence"])))


def _mentions(sentences: str) -> Iterator[Mention]:
    """Each finding of a sentence with the side that the sentence names."""
    for sentence in _list(sentences):
        words = [str(word).strip().lower() for word in sentence]
        sides = {SIDES[word] for word in words if word in SIDES}
        side = Side.BILATERAL if len(sides) > 1 else next(iter(sides), Side.NONE)
        for word in words:
            for finding in label_map().findings.get(word, ()):
                yield Mention(finding, side, Severity.NONE)


def _list(text: str) -> list[str]:
    if text.strip() in ("", "nan"):
        return []
    try:
        return list(ast.literal_eval(text))
    except (SyntaxError, ValueError, TypeError) as problem:
        raise TrainingError(
            f"{TABLE} has a list of labels that cannot be read. Copy the file again."
        ) from problem

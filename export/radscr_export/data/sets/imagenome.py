"""Chest ImaGenome 1.0.0 (PhysioNet, Wu 2021): scene graphs of MIMIC-CXR films, in the 37 names.

    chest-imagenome/silver_dataset/scene_graph/<dicom_id>_SceneGraph.json   from scene_graph.zip
    chest-imagenome/gold_dataset/gold_attributes_relations_500pts_500studies1st.txt   patient_id

Read are `attributes` (bbox_name; by phrase: attributes such as 'anatomicalfinding|yes|hernia',
severity_cues such as 'severity|yes|mild') and `objects` (bbox_name, original_x1, original_y1,
original_x2, original_y2). The boxes are of anatomical regions, not of lesions.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Severity, Side
from radscr_export.data.labels import Coded, Mention, State
from radscr_export.data.listing import FindingBox

ROOT: Final = "chest-imagenome"
GOLD: Final = "gold_dataset/gold_attributes_relations_500pts_500studies1st.txt"
CORNERS: Final = ("original_x1", "original_y1", "original_x2", "original_y2")
Scene = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SceneCodes:
    """What one scene graph says."""

    coded: Coded
    mentions: tuple[Mention, ...]
    boxes: tuple[FindingBox, ...]


def gold_patients(folder: Path) -> frozenset[str]:
    """Patients whose films people annotated: for testing only. None where the file is not there."""
    path = folder / ROOT / GOLD
    if not path.is_file():
        return frozenset()
    with path.open(encoding="utf-8", newline="") as stream:
        return frozenset(row["patient_id"] for row in csv.DictReader(stream, delimiter="\t"))


def scene_of(folder: Path, film: str) -> Scene | None:
    """The silver scene graph of a film; None where it has none."""
    silver = folder / ROOT / "silver_dataset" / "scene_graph"
    for place in (silver, silver / "scene_graph"):
        path = place / f"{film}_SceneGraph.json"
        if path.is_file():
            scene: Scene = json.loads(path.read_text(encoding="utf-8"))
            return scene
    return None


def scene_codes(scene: Scene) -> SceneCodes:
    """Findings affirmed and denied, with side, severity and region of the affirmed ones."""
    places = {
        one["bbox_name"]: tuple(float(one[corner]) for corner in CORNERS)
        for one in scene["objects"]
        if all(one.get(corner) is not None for corner in CORNERS)
    }
    positive, negative, mentions, boxes = set(), set(), [], []
    for region, relation, finding, severity in _statements(scene):
        if relation == "no":
            negative.add(finding)
            continue
        positive.add(finding)
        mentions.append(Mention(finding, _side(region), severity))
        if region in places:
            x0, y0, x1, y1 = places[region]
            boxes.append(FindingBox(finding, (x0, y0, x1, y1), exact=False))
    otherwise = State.ASSUMED if positive or negative else State.UNKNOWN
    coded = Coded(frozenset(positive), frozenset(negative), otherwise=otherwise)
    return SceneCodes(coded, tuple(mentions), tuple(dict.fromkeys(boxes)))


def _statements(scene: Scene) -> Iterator[tuple[str, str, str, Severity]]:
    """Region, 'yes' or 'no', finding and severity of every attribute that is one of the 37."""
    for one in scene["attributes"]:
        cues = one.get("severity_cues") or []
        for number, phrase in enumerate(one["attributes"]):
            severity = _severity(cues[number] if number < len(cues) else ())
            for attribute in phrase:
                kind, relation, name = attribute.split("|", 2)
                if kind == "anatomicalfinding" and name in FINDINGS:
                    yield one["bbox_name"], relation, name, severity


def _severity(cues: list[str] | tuple[()]) -> Severity:
    words = {cue.rpartition("|")[2] for cue in cues}
    named = [severity for severity in Severity if severity.value in words]
    return named[-1] if named and named[-1] is not Severity.NONE else Severity.NONE


def _side(region: str) -> Side:
    first = region.partition(" ")[0]
    return Side(first) if first in ("right", "left") else Side.NONE

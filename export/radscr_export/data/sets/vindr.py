"""VinDr-CXR 1.0.0 (PhysioNet, Nguyen 2022): labels and boxes of up to three radiologists a film.

annotations/image_labels_{train,test}.csv   image_id, rad_id (train only), a 0/1 column a label
annotations/annotations_{train,test}.csv    image_id, class_name, x_min, y_min, x_max, y_max
{train,test}/<image_id>.dicom               or .dcm, .png, .jpg of the same size
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Final

from radscr_edge.ontology import load_ontology
from radscr_edge.records import View
from radscr_export.data.labels import State, closed_codes
from radscr_export.data.listing import FindingBox, Labels, Listed, labels_of, read_columns
from radscr_export.data.splits import split_of

SUFFIXES: Final = (".dicom", ".dcm", ".png", ".jpg")
CORNERS: Final = ("x_min", "y_min", "x_max", "y_max")
Row = Mapping[str, str]


def list_films(folder: Path) -> Iterator[Listed]:
    """All films; a tenth of the published training films, by hash of their id, is for validation.

    VinDr names no patients: every film counts as a patient of its own.
    """
    for part in ("train", "test"):
        boxes = _by_image(folder / "annotations" / f"annotations_{part}.csv", CORNERS)
        readings = _by_image(folder / "annotations" / f"image_labels_{part}.csv", ())
        for image, rows in readings.items():
            split = part if part == "test" else split_of(image, ("train", "val"))
            yield Listed(
                file=_file(folder / part, image),
                patient=image,
                study=image,
                split=split,
                view=View.PA,
                labels=partial(_labels, rows, boxes.get(image, [])),
            )


def _by_image(path: Path, columns: Sequence[str]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in read_columns(path, ("image_id", *columns)):
        rows[row["image_id"]].append(row)
    return rows


def _file(folder: Path, image: str) -> Path:
    files = [folder / f"{image}{suffix}" for suffix in SUFFIXES]
    return next((file for file in files if file.is_file()), files[0])


@cache
def _names() -> Mapping[str, tuple[str, ...]]:
    return {finding.name: finding.vindr for finding in load_ontology().findings}


def _labels(readings: Sequence[Row], boxes: Sequence[Row]) -> Labels:
    values = {
        label: _vote([row[label] for row in readings])
        for labels in _names().values()
        for label in labels
        if all(row.get(label) for row in readings)
    }
    drawn = [box for row in boxes if row["x_min"] for box in _boxes(row)]
    return labels_of(closed_codes(values, _names()), boxes=drawn)


def _vote(votes: Sequence[str]) -> State:
    """What most radiologists say; unknown where only a minority sees it."""
    seen = sum(float(vote) > 0 for vote in votes)
    if seen == 0:
        return State.NEGATIVE
    return State.POSITIVE if 2 * seen > len(votes) else State.UNKNOWN


def _boxes(row: Row) -> Iterator[FindingBox]:
    x0, y0, x1, y1 = (float(row[corner]) for corner in CORNERS)
    for finding, labels in _names().items():
        if row["class_name"] in labels:
            yield FindingBox(finding, (x0, y0, x1, y1))

"""A small data pack of real films: some of each split of the published one, as they are."""

from __future__ import annotations

import csv
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

from export.tiny_pack import write_table

Row = dict[str, str]
FILMS = {"train": 40, "val": 72, "test": 72}
"""Of each split of IU and of each NIH view; half of them normal."""


def sample_pack(data: Path, out: Path) -> Path:
    """The pack in `out`; films are copied as they are."""
    reports = read(data / "iu_xray" / "iu_reports.csv")
    normal = {row["uid"] for row in reports if row["mesh_major"] == "normal"}
    films = [row for row in read(data / "iu_xray" / "iu_images.csv") if "frontal" in row["shard"]]
    films = some(films, lambda row: row["uid"] in normal, lambda row: row["split"])
    kept = {row["uid"] for row in films}
    copy(data, out, "iu_xray/iu_images.csv", films)
    copy(data, out, "iu_xray/iu_reports.csv", [row for row in reports if row["uid"] in kept])
    copy_films(data, out, "iu_xray/iu_frontal.tar", films)
    films = read(data / "nih_cxr14" / "nih_images.csv")
    films = some(
        films,
        lambda row: row["finding_labels"] == "No Finding",
        lambda row: (row["view"], row["split"]),
    )
    copy(data, out, "nih_cxr14/nih_images.csv", films)
    copy_films(data, out, "nih_cxr14/nih_images.tar", films)
    boxes = read(data / "nih_cxr14" / "nih_boxes.csv")
    names = {row["image_id"] for row in films}
    copy(data, out, "nih_cxr14/nih_boxes.csv", [row for row in boxes if row["image"] in names])
    return out


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def some(
    films: Iterable[Row], normal: Callable[[Row], bool], group: Callable[[Row], object]
) -> list[Row]:
    """The first films of every group, half of them normal."""
    taken: dict[object, int] = {}
    chosen = []
    for row in films:
        key = (group(row), normal(row))
        if taken.get(key, 0) < FILMS[row["split"]] // 2:
            taken[key] = taken.get(key, 0) + 1
            chosen.append(row)
    return chosen


def copy(data: Path, out: Path, name: str, rows: list[Row]) -> None:
    with (data / name).open(encoding="utf-8", newline="") as stream:
        columns = csv.DictReader(stream).fieldnames
    write_table(out / name, list(columns or ()), rows)


def copy_films(data: Path, out: Path, name: str, rows: list[Row]) -> None:
    wanted = {row["file"] for row in rows}
    with tarfile.open(data / name) as source, tarfile.open(out / name, "w") as target:
        for member in source:
            if Path(member.name).name in wanted:
                target.addfile(member, source.extractfile(member))

"""Names the data sets of a data folder: the pack alone, or what its datasets.toml lists."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from radscr_edge.errors import TrainingError
from radscr_export.data.labels import read_table
from radscr_export.data.listing import Listed
from radscr_export.data.sets import mimic, padchest, rexgradient, table, vindr
from radscr_export.data.splits import SPLITS, alias, check_disjoint

LIST: Final = "datasets.toml"
PACK: Final = "pack"
"""The kind of the IU and NIH pack, which is read from shards instead of files."""
KINDS: Final[dict[str, Callable[[Path], Iterator[Listed]]]] = {
    "mimic": mimic.list_films,
    "rexgradient": rexgradient.list_films,
    "vindr": vindr.list_films,
    "padchest": padchest.list_films,
    "table": table.list_films,
}
NAME: Final = re.compile(r"[a-z][a-z0-9.]*")
RESERVED: Final = frozenset({"iu", "nih", "phantom", "site"})


@dataclass(frozen=True, slots=True)
class DataSet:
    """One data set as a user named it."""

    name: str
    kind: str
    folder: Path

    def films(self, lateral: bool = False) -> list[Listed]:
        """All its frontal films, or all its laterals, in the order of its tables.

        Raises TrainingError where its files are not of the published layout, where a patient or a
        film is in two splits, or where it has no frontal film.
        """
        films = list(KINDS[self.kind](self.folder))
        if all(one.lateral for one in films):
            raise TrainingError(f"Data set {self.name!r} lists no frontal film at {self.folder}.")
        check_disjoint(self.name, ((one.patient, one.split) for one in films))
        check_disjoint(self.name, ((str(one.file), one.split) for one in films))
        return [one for one in films if one.lateral is lateral]


class _Entry(NamedTuple):
    study: str
    patient: str
    split: str


def data_sets(data: Path) -> tuple[DataSet, ...]:
    """The sets of datasets.toml in the data folder; without one, the folder is the pack.

    Raises TrainingError where an entry of the file cannot be understood.
    """
    path = data / LIST
    if not path.is_file():
        return (DataSet(PACK, PACK, data),)
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("set", [])
    except tomllib.TOMLDecodeError as problem:
        raise TrainingError(f"{path} is no TOML file: {problem}.") from problem
    sets = tuple(_data_set(path, entry) for entry in entries)
    names = [one.name for one in sets]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice or not sets:
        fault = f"names {twice!r} twice" if twice else "lists no [[set]]"
        raise TrainingError(f"{path} {fault}. See docs/data.md.")
    return sets


def pack_of(data: Path) -> Path | None:
    """The folder of the IU and NIH pack; None where the data folder goes without it.

    Errors as `data_sets`.
    """
    return next((one.folder for one in data_sets(data) if one.kind == PACK), None)


def _data_set(path: Path, entry: dict[str, Any]) -> DataSet:
    kind = entry.get("kind")
    if kind != PACK and kind not in KINDS:
        raise TrainingError(
            f"{path}: {kind!r} is no kind of data set; choose one of {', '.join((PACK, *KINDS))}."
        )
    name = str(entry.get("name", kind))
    if not NAME.fullmatch(name) or name in RESERVED:
        raise TrainingError(
            f"{path}: a set cannot be named {name!r}. Use small letters and digits, and none of "
            f"{', '.join(sorted(RESERVED))}."
        )
    return DataSet(name, kind, path.parent / str(entry.get("path", ".")))


def check_pack(data: Path) -> None:
    """Raises TrainingError where an IU group or a NIH patient is in two splits."""
    reports = list(read_table(data / "iu_xray" / "iu_reports.csv"))
    group = {row["uid"]: row["group"] for row in reports}
    films = read_table(data / "iu_xray" / "iu_images.csv")
    check_disjoint("iu", ((row["group"], row["split"]) for row in reports))
    check_disjoint("iu", ((group.get(row["uid"], row["uid"]), row["split"]) for row in films))
    films = read_table(data / "nih_cxr14" / "nih_images.csv")
    check_disjoint("nih", ((row["patient_id"], row["split"]) for row in films))


def held_out(data: Path, name: str = "") -> frozenset[str]:
    """Ids of the studies in validation and test, of all sets or of the one called `name`.

    IU studies are known by uid, NIH films by file. TrainingError where no set has that name.
    """
    sets = [one for one in data_sets(data) if name in ("", one.name)]
    if not sets:
        raise TrainingError(f"{data} has no data set called {name!r}; see its {LIST}.")
    return frozenset(
        film.study for one in sets for film in _entries(one) if film.split in SPLITS[1:]
    )


def patients(data: Path, split: str) -> frozenset[str]:
    """What stands for the patients of a split of all sets: hashes of set and patient.

    An IU study is its own patient.
    """
    return frozenset(
        alias(f"{one.name} {film.patient}")[:12]
        for one in data_sets(data)
        for film in _entries(one)
        if film.split == split
    )


def _entries(dataset: DataSet) -> Iterator[_Entry]:
    """Every study of a set, as its tables name it."""
    if dataset.kind != PACK:
        yield from (_Entry(one.study, one.patient, one.split) for one in dataset.films())
        return
    for row in read_table(dataset.folder / "iu_xray" / "iu_reports.csv"):
        yield _Entry(row["uid"], f"iu {row['uid']}", row["split"])
    for row in read_table(dataset.folder / "nih_cxr14" / "nih_images.csv"):
        yield _Entry(row["file"], f"nih {row['patient_id']}", row["split"])

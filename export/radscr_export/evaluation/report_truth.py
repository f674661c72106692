"""What report texts are scored against: human codes and reference reports of the IU studies."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radscr_edge.errors import TrainingError
from radscr_edge.records import Mask
from radscr_export.data.films import SETS
from radscr_export.data.labels import States, coded_findings, iu_states, read_table


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The studies of one split that have a frontal film, one row a study; texts stay in memory."""

    ids: tuple[str, ...]
    """(n,) uid of each study."""
    states: States
    """(n, N)."""
    references: tuple[str, ...]
    """(n,) findings and impression as one text."""
    abnormal: Mask
    """(n,) coded, and not as normal."""
    distinct: Mask
    """(n,) the reference is neither that of a training study nor of an earlier row."""


@dataclass(frozen=True, slots=True, eq=False)
class SystemReports:
    """What one system says of the studies of a Truth, in its order."""

    name: str
    texts: tuple[str, ...]
    """(n,)."""
    codes: States | None = None
    """(n, N) states of the study whose report was retrieved; None where the text is no one's."""


def load_truth(data: Path, split: str) -> Truth:
    """The truth of a split; TrainingError where tables are missing or the split has no study."""
    ids = study_ids(data, split)
    if not ids:
        raise TrainingError(f"{data} holds no IU study of the split {split!r}. Name another split.")
    labels, texts = iu_states(data), report_texts(data)
    place = {uid: row for row, uid in enumerate(labels.uids)}
    rows = [place[uid] for uid in ids]
    abnormal = abnormal_ids(data)
    taught = set() if split == "train" else {_plain(texts[uid]) for uid in study_ids(data, "train")}
    return Truth(
        ids=ids,
        states=labels.states[rows],
        references=tuple(texts[uid] for uid in ids),
        abnormal=np.array([uid in abnormal for uid in ids]),
        distinct=_distinct([_plain(texts[uid]) for uid in ids], taught),
    )


def study_ids(data: Path, split: str) -> tuple[str, ...]:
    """Studies of a split that have a frontal film, in the order of their first one."""
    films = SETS["iu"]
    shard = Path(films.shard).name
    return tuple(
        dict.fromkeys(
            row["uid"]
            for row in read_table(data / films.table)
            if row["split"] == split and row["shard"] == shard
        )
    )


def report_texts(data: Path) -> dict[str, str]:
    """Study id -> findings and impression of its reference report."""
    return {row["uid"]: f"{row['findings']} {row['impression']}".strip() for row in _reports(data)}


def coded_ids(data: Path) -> frozenset[str]:
    """Studies that were coded; one of technical quality alone was not."""
    return frozenset(
        row["uid"] for row in _reports(data) if coded_findings(row["mesh_major"]) is not None
    )


def abnormal_ids(data: Path) -> frozenset[str]:
    """Studies that were coded, and not as normal."""
    normal = {row["uid"] for row in _reports(data) if row["mesh_major"].strip() == "normal"}
    return coded_ids(data) - normal


def _reports(data: Path) -> list[dict[str, str]]:
    return list(read_table(data / "iu_xray" / "iu_reports.csv"))


def first_films(film_ids: tuple[str, ...], studies: tuple[str, ...]) -> NDArray[np.int64]:
    """Row of each study's first film; TrainingError where a study has none."""
    first: dict[str, int] = {}
    for row, name in enumerate(film_ids):
        first.setdefault(name, row)
    missing = [name for name in studies if name not in first]
    if missing:
        raise TrainingError(
            f"{len(missing)} studies have no film ({', '.join(missing[:5])}). Give films and truth "
            "of the same split."
        )
    return np.array([first[name] for name in studies], np.int64)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _distinct(texts: list[str], taught: set[str]) -> Mask:
    seen = Counter[str]()
    kept = []
    for text in texts:
        kept.append(text not in taught and not seen[text])
        seen[text] += 1
    return np.array(kept, np.bool_)

"""Joins films, label states, mentions and texts of all training data into one set of tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radscr_edge.errors import TrainingError
from radscr_edge.imaging.letterbox import content_points, fit
from radscr_edge.ontology import FINDINGS
from radscr_edge.patches import STRIDE
from radscr_edge.records import Bytes, Mask, Polarity, Severity, Side, View
from radscr_export.data.datasets import PACK, DataSet, check_pack, data_sets
from radscr_export.data.files import decode_files, on_square, to_square
from radscr_export.data.films import load_films
from radscr_export.data.labels import Mention, Said, iu_sentences, iu_states, nih_states
from radscr_export.data.listing import FindingBox, Listed
from radscr_export.data.nih_boxes import TABLE, Boxed, load_boxes
from radscr_export.data.splits import alias
from radscr_export.phantoms import Lesion

SOURCES: Final = ("iu", "nih-PA", "nih-AP", "phantom")
"""Data set and view of a film: alternatives by another image come from the same. Other data sets
add theirs behind these."""

SEVERITY_ORDER = (Severity.NONE, Severity.MILD, Severity.MODERATE, Severity.SEVERE)


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence of the study's own report; used for training, never exported."""

    text: str
    finding: int
    polarity: Polarity


@dataclass(frozen=True, slots=True, eq=False)
class Studies:
    """Studies of one split: everything that the losses need, row by row."""

    images: Bytes
    """(n, S, S)."""
    shapes: NDArray[np.int64]
    """(n, 2) height and width of each film before letter-boxing."""
    states: NDArray[np.int8]
    """(n, N)."""
    source: NDArray[np.int64]
    """(n,) index into `sources`."""
    mentions: tuple[dict[int, Mention], ...]
    """Per study: finding index -> side and severity, where the code says them."""
    told: tuple[tuple[Told, ...], ...]
    """Per study: sentences of its report."""
    ids: tuple[str, ...]
    """Per study: uid or file name within its data set."""
    drawn: tuple[Lesion | None, ...]
    """Per study: the lesion drawn into it, in pixels of its image; None in what is as it was."""
    sources: tuple[str, ...] = SOURCES
    """Names of the sources; they begin with SOURCES."""
    implied: Mask = field(default_factory=lambda: np.zeros((0, len(FINDINGS)), np.bool_))
    """(n, N) negative only because the whole study was called normal; nowhere, if left out."""
    boxes: tuple[tuple[FindingBox, ...], ...] = ()
    """Per study: where people saw findings, in pixels of its image; nowhere, if left out."""

    def __post_init__(self) -> None:
        if len(self.implied) != len(self.ids):
            object.__setattr__(self, "implied", np.zeros(self.states.shape, np.bool_))
        if len(self.boxes) != len(self.ids):
            object.__setattr__(self, "boxes", ((),) * len(self.ids))

    def digest(self) -> str:
        """SHA-256 of images, labels and texts: equal where training sees the same."""
        digest = hashlib.sha256()
        for array in (self.images, self.shapes, self.states, self.source, self.implied):
            digest.update(np.ascontiguousarray(array).data)
        words = (self.ids, self.sources, self.told, self.mentions, self.drawn)
        digest.update(repr((words, self.boxes)).encode())
        return digest.hexdigest()

    def of(self, *names: str) -> NDArray[np.int64]:
        """Rows of some sources, source by source; none where no source is called so."""
        known = [self.sources.index(name) for name in names if name in self.sources]
        rows = [np.flatnonzero(self.source == one) for one in known]
        return np.concatenate([np.zeros(0, np.int64), *rows])

    @property
    def present(self) -> tuple[str, ...]:
        """The sources that have studies here, but for drawings."""
        return tuple(name for name in self.sources if name != "phantom" and len(self.of(name)))

    @property
    def sets(self) -> dict[str, tuple[str, ...]]:
        """The data sets that have studies here, each with its sources: one a view."""
        found: dict[str, tuple[str, ...]] = {}
        for source in self.present:
            name = source.partition("-")[0]
            found[name] = (*found.get(name, ()), source)
        return found

    @property
    def first(self) -> str:
        """The data set that probabilities are fitted to and judged on: IU where it is there."""
        return next(iter(self.sets))

    def view(self, row: int) -> View:
        """The projection of a film, as its source names it."""
        named = self.sources[self.source[row]].rpartition("-")[2]
        return View(named) if named in (View.PA, View.AP) else View.UNKNOWN


def load_studies(data: Path, split: str, size: int) -> Studies:
    """The real frontal films of one split of every set of the data folder (docs/data.md).

    Sets are joined, but never pooled for figures. Raises TrainingError where a set is incomplete,
    where a patient is in two of its splits, or where no set has a film in this one.
    """
    studies = join(part for one in data_sets(data) for part in _read(one, split, size))
    if not studies.ids:
        raise TrainingError(
            f"The data sets of {data} have no film in the split {split!r}. Say in their tables "
            "which patients it is made of (docs/data.md)."
        )
    return studies


def join(parts: Iterable[Studies]) -> Studies:
    """Several sets of studies as one."""
    parts = list(parts)
    sources = tuple(dict.fromkeys(name for part in parts for name in part.sources))
    return Studies(
        images=np.concatenate([part.images for part in parts]),
        shapes=np.concatenate([part.shapes for part in parts]),
        states=np.concatenate([part.states for part in parts]),
        source=np.concatenate([_renumbered(part, sources) for part in parts]),
        mentions=sum((part.mentions for part in parts), ()),
        told=sum((part.told for part in parts), ()),
        ids=sum((part.ids for part in parts), ()),
        drawn=sum((part.drawn for part in parts), ()),
        sources=sources,
        implied=np.concatenate([part.implied for part in parts]),
        boxes=sum((part.boxes for part in parts), ()),
    )


def _renumbered(part: Studies, sources: Sequence[str]) -> NDArray[np.int64]:
    places = np.array([sources.index(name) for name in part.sources])
    numbers: NDArray[np.int64] = places[part.source]
    return numbers


def select(studies: Studies, rows: NDArray[np.int64]) -> Studies:
    """Some studies of a set, in the order of `rows`."""
    return Studies(
        images=studies.images[rows],
        shapes=studies.shapes[rows],
        states=studies.states[rows],
        source=studies.source[rows],
        mentions=tuple(studies.mentions[row] for row in rows),
        told=tuple(studies.told[row] for row in rows),
        ids=tuple(studies.ids[row] for row in rows),
        drawn=tuple(studies.drawn[row] for row in rows),
        sources=studies.sources,
        implied=studies.implied[rows],
        boxes=tuple(studies.boxes[row] for row in rows),
    )


def patient_name(dataset: DataSet, film: Listed) -> str:
    """What a listed film's id begins with: its set, and its patient's alias."""
    return f"{dataset.name}-{alias(film.patient)}"


def patient_of(name: str) -> str:
    """The patient behind a study's id: NIH files are named by patient, an IU study is its own.

    Ids of other sets begin with the set's name and the patient's alias.
    """
    return name.partition("_")[0]


def film_masks(shapes: NDArray[np.int64], size: int) -> Mask:
    """(n, P): patches that lie on the film rather than on the letter-box's black bars."""
    side = size // STRIDE
    return np.stack(
        [content_points(fit(int(height), int(width), size), side)[1] for height, width in shapes]
    )


def _read(dataset: DataSet, split: str, size: int) -> list[Studies]:
    if dataset.kind != PACK:
        return [_listed(dataset, split, size)]
    check_pack(dataset.folder)
    return [_iu(dataset.folder, split, size), _nih(dataset.folder, split, size)]


def _listed(dataset: DataSet, split: str, size: int) -> Studies:
    """The studies of a set of files; films that the reader refuses are left out."""
    every = [one for one in dataset.films() if one.split == split]
    decoded = decode_files([one.file for one in every], size, dataset.name)
    films = [every[row] for row in decoded.rows]
    labels = [one.labels() for one in films]
    names = [_source(dataset, one) for one in films]
    sources = tuple(dict.fromkeys((*SOURCES, *sorted(names))))
    moved = zip(labels, decoded.geometry, decoded.shapes, strict=True)
    return Studies(
        images=decoded.images,
        shapes=decoded.shapes,
        states=np.array([one.states for one in labels], np.int8).reshape(-1, len(FINDINGS)),
        source=np.array([sources.index(name) for name in names], np.int64),
        mentions=tuple(_by_finding(one.mentions) for one in labels),
        told=tuple(_told(one.said) for one in labels),
        ids=tuple(
            f"{patient_name(dataset, one)}_{alias(str(one.file.relative_to(dataset.folder)))}"
            for one in films
        ),
        drawn=(None,) * len(films),
        sources=sources,
        implied=np.array([one.implied for one in labels], np.bool_).reshape(-1, len(FINDINGS)),
        boxes=tuple(
            tuple(
                replace(one, box=to_square(one.box, geometry, (int(shape[0]), int(shape[1])), size))
                for one in label.boxes
            )
            for label, geometry, shape in moved
        ),
    )


def _source(dataset: DataSet, film: Listed) -> str:
    return dataset.name if film.view is View.UNKNOWN else f"{dataset.name}-{film.view.value}"


def _told(said: Iterable[Said]) -> tuple[Told, ...]:
    return tuple(
        Told(one.text, FINDINGS.index(one.finding), one.polarity) for one in said if one.usable
    )


def _iu(data: Path, split: str, size: int) -> Studies:
    films = load_films(data, "iu", size).subset(split)
    labels, told = iu_states(data), iu_sentences(data)
    place = {uid: index for index, uid in enumerate(labels.uids)}
    rows = [place[row["uid"]] for row in films.rows]
    return Studies(
        images=films.images,
        shapes=films.shapes,
        states=labels.states[rows],
        source=np.full(len(rows), SOURCES.index("iu")),
        mentions=tuple(_by_finding(labels.mentions[row]) for row in rows),
        told=tuple(_told(told.get(row["uid"], ())) for row in films.rows),
        ids=tuple(row["uid"] for row in films.rows),
        drawn=(None,) * len(rows),
        implied=labels.implied[rows],
    )


def _nih(data: Path, split: str, size: int) -> Studies:
    films = load_films(data, "nih", size).subset(split)
    labels = nih_states(data)
    place = {name: index for index, name in enumerate(labels.files)}
    rows = [place[row["file"]] for row in films.rows]
    boxed = _nih_boxes(data, split)
    return Studies(
        images=films.images,
        shapes=films.shapes,
        states=labels.states[rows],
        source=np.array([SOURCES.index(f"nih-{row['view']}") for row in films.rows]),
        mentions=tuple({} for _ in rows),
        told=tuple(() for _ in rows),
        ids=tuple(row["file"] for row in films.rows),
        drawn=(None,) * len(rows),
        boxes=tuple(
            tuple(
                FindingBox(FINDINGS[one.finding], on_square(box, (int(height), int(width)), size))
                for one in boxed.get(Path(row["file"]).stem, ())
                for box in one.boxes
            )
            for row, (height, width) in zip(films.rows, films.shapes, strict=True)
        ),
    )


def _nih_boxes(data: Path, split: str) -> dict[str, list[Boxed]]:
    """Film -> what is boxed in it; nothing where the pack has no table of boxes."""
    found: dict[str, list[Boxed]] = {}
    for one in load_boxes(data, split) if (data / TABLE).is_file() else ():
        found.setdefault(one.film, []).append(one)
    return found


def _by_finding(mentions: Iterable[Mention]) -> dict[int, Mention]:
    """One mention a finding; where it is coded on both sides, it is bilateral."""
    merged: dict[int, Mention] = {}
    for mention in mentions:
        index = FINDINGS.index(mention.finding)
        merged[index] = _merged(merged.get(index, mention), mention)
    return merged


def _merged(first: Mention, second: Mention) -> Mention:
    """The same finding coded twice: on both sides, on one, or as severe as either says."""
    sides = {first.side, second.side} - {Side.NONE}
    side = Side.BILATERAL if len(sides) > 1 else next(iter(sides), Side.NONE)
    severity = max((first.severity, second.severity), key=SEVERITY_ORDER.index)
    return Mention(first.finding, side, severity)

"""Joins films, label states, mentions and texts of all training data into one set of tensors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radscr_edge.imaging.letterbox import content_points, fit
from radscr_edge.ontology import FINDINGS
from radscr_edge.patches import STRIDE
from radscr_edge.records import Bytes, Mask, Polarity, Severity, Side
from radscr_export.data.films import load_films
from radscr_export.data.labels import Mention, iu_sentences, iu_states, nih_states
from radscr_export.phantoms import Lesion

SOURCES = ("iu", "nih-PA", "nih-AP", "phantom")
"""Data set and view of a film: alternatives by another image come from the same."""


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
    """(n,) index into SOURCES."""
    mentions: tuple[dict[int, Mention], ...]
    """Per study: finding index -> side and severity, where the code says them."""
    told: tuple[tuple[Told, ...], ...]
    """Per study: sentences of its report."""
    ids: tuple[str, ...]
    """Per study: uid or file name within its data set."""
    drawn: tuple[Lesion | None, ...]
    """Per study: the lesion drawn into it, in pixels of its image; None in what is as it was."""

    def of(self, name: str) -> NDArray[np.int64]:
        """Rows whose source is `name`."""
        return np.flatnonzero(self.source == SOURCES.index(name))


def load_studies(data: Path, split: str, size: int) -> Studies:
    """The real frontal films of one split: IU and NIH, never pooled for figures."""
    return join([_iu(data, split, size), _nih(data, split, size)])


def join(parts: Iterable[Studies]) -> Studies:
    """Several sets of studies as one."""
    parts = list(parts)
    return Studies(
        images=np.concatenate([part.images for part in parts]),
        shapes=np.concatenate([part.shapes for part in parts]),
        states=np.concatenate([part.states for part in parts]),
        source=np.concatenate([part.source for part in parts]),
        mentions=sum((part.mentions for part in parts), ()),
        told=sum((part.told for part in parts), ()),
        ids=sum((part.ids for part in parts), ()),
        drawn=sum((part.drawn for part in parts), ()),
    )


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
    )


def patient_of(name: str) -> str:
    """The patient behind a study's id: NIH files are named by patient, an IU study is its own."""
    return name.partition("_")[0]


def lesion_masks(studies: Studies) -> Bytes:
    """(n, S, S): 1 in the box of the lesion that was drawn into a study's image, else 0."""
    masks = np.zeros_like(studies.images)
    for mask, lesion in zip(masks, studies.drawn, strict=True):
        if lesion is not None:
            box = lesion.box
            mask[box.y0 : box.y1, box.x0 : box.x1] = 1
    return masks


def film_masks(shapes: NDArray[np.int64], size: int) -> Mask:
    """(n, P): patches that lie on the film rather than on the letter-box's black bars."""
    side = size // STRIDE
    return np.stack(
        [content_points(fit(int(height), int(width), size), side)[1] for height, width in shapes]
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
        told=tuple(
            tuple(
                Told(one.text, FINDINGS.index(one.finding), one.polarity)
                for one in told.get(row["uid"], ())
                if one.usable
            )
            for row in films.rows
        ),
        ids=tuple(row["uid"] for row in films.rows),
        drawn=(None,) * len(rows),
    )


def _nih(data: Path, split: str, size: int) -> Studies:
    films = load_films(data, "nih", size).subset(split)
    labels = nih_states(data)
    place = {name: index for index, name in enumerate(labels.files)}
    rows = [place[row["file"]] for row in films.rows]
    return Studies(
        images=films.images,
        shapes=films.shapes,
        states=labels.states[rows],
        source=np.array([SOURCES.index(f"nih-{row['view']}") for row in films.rows]),
        mentions=tuple({} for _ in rows),
        told=tuple(() for _ in rows),
        ids=tuple(row["file"] for row in films.rows),
        drawn=(None,) * len(rows),
    )


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

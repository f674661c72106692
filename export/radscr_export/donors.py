"""Chooses the donor bank of C_Img: normal training films, known to be without the finding."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from radscr_edge.contract import Files
from radscr_edge.errors import TrainingError
from radscr_edge.records import View
from radscr_export.data.labels import State
from radscr_export.data.training_set import Studies
from radscr_export.model.radscr import RadSCR

VIEWS = (View.PA, View.AP)
PER_VIEW = 16
QUIET = 4
"""A finding that films are not labelled for counts as absent from the donors of each view, so many
of them, in which the classifier sees least of it: every finding has donors in every view."""


def write_donors(model: RadSCR, studies: Studies, folder: Path) -> tuple[str, ...]:
    """Writes the donors' features, states and views; returns the data sets that they come from.

    `studies` are training studies. Films are named by their data set and a hash of their id. Raises
    TrainingError where there are fewer than PER_VIEW normal films of a view.
    """
    rows, views = [], []
    for view in VIEWS:
        rows += sorted(_normal(studies, view), key=partial(_alias, studies))[:PER_VIEW]
        views += [view.value] * PER_VIEW
    names = [_alias(studies, row) for row in rows]
    features, logits = _see(model, studies.images[rows])
    known = studies.states[rows] == State.NEGATIVE
    np.savez_compressed(
        folder / Files.DONORS,
        features=features.astype(np.float16),
        states=np.where(known | _quiet(logits), State.NEGATIVE, State.UNKNOWN).astype(np.int8),
        view=np.array(views),
        id=np.array(names),
    )
    return tuple(dict.fromkeys(name.partition("-")[0] for name in names))


def _normal(studies: Studies, view: View) -> NDArray[np.int64]:
    """Labelled films of a view without a positive label: NIH's where they are enough, else all."""
    states = studies.states
    positive, known = (states == State.POSITIVE).any(axis=1), (states != State.UNKNOWN).any(axis=1)
    every = [name for name in studies.present if name.endswith(f"-{view}")]
    for sources in ([f"nih-{view}"], every):
        rows = studies.of(*sources)
        normal: NDArray[np.int64] = rows[known[rows] & ~positive[rows]]
        if len(normal) >= PER_VIEW:
            return normal
    raise TrainingError(
        f"The donor bank needs {PER_VIEW} normal training films of view {view}; the data sets hold "
        f"{len(normal)}. Name the views of more films, or add a data set that knows them."
    )


def _alias(studies: Studies, row: int) -> str:
    name = studies.sources[studies.source[row]].partition("-")[0]
    return f"{name}-{hashlib.sha256(studies.ids[row].encode()).hexdigest()[:12]}"


@torch.no_grad()
def _see(model: RadSCR, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    seen = [model.see(torch.from_numpy(image)[None, None]) for image in images]
    features = np.stack([features[0].numpy() for features, _, _ in seen])
    return features, np.stack([logits[0].numpy() for _, logits, _ in seen])


def _quiet(logits: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a donor is among the QUIET of its view with the lowest logit, view after view."""
    by_view = logits.reshape(-1, PER_VIEW, logits.shape[1])
    limit = np.sort(by_view, axis=1)[:, QUIET - 1 : QUIET]
    result: NDArray[np.bool_] = (by_view <= limit).reshape(logits.shape)
    return result

"""Chooses the donor bank of C_Img: normal NIH training films, known to be without the finding."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from radscr_edge.contract import Files
from radscr_edge.errors import TrainingError
from radscr_export.data.labels import State
from radscr_export.data.training_set import Studies
from radscr_export.model.radscr import RadSCR

PER_VIEW = 16
QUIET = 4
"""A finding that NIH does not label counts as absent from the donors of each view, so many of them,
in which the classifier sees least of it: every finding has donors in every view."""


def write_donors(model: RadSCR, studies: Studies, folder: Path) -> None:
    """Writes the donors' features, states and views; films are named by a hash of their file name.

    `studies` are training studies; only NIH films without any positive label are considered.
    Raises TrainingError where a view has fewer than PER_VIEW of them.
    """
    rows, views = [], []
    for view in ("PA", "AP"):
        films = studies.of(f"nih-{view}")
        normal = films[(studies.states[films] != State.POSITIVE).all(axis=1)]
        if len(normal) < PER_VIEW:
            raise TrainingError(
                f"The donor bank needs {PER_VIEW} normal NIH training films of view {view}; the "
                f"data pack holds {len(normal)}."
            )
        rows += sorted(normal, key=lambda row: _alias(studies.ids[row]))[:PER_VIEW]
        views += [view] * PER_VIEW
    features, logits = _see(model, studies.images[rows])
    known = studies.states[rows] == State.NEGATIVE
    np.savez_compressed(
        folder / Files.DONORS,
        features=features.astype(np.float16),
        states=np.where(known | _quiet(logits), State.NEGATIVE, State.UNKNOWN).astype(np.int8),
        view=np.array(views),
        id=np.array([_alias(studies.ids[row]) for row in rows]),
    )


def _alias(name: str) -> str:
    return "nih-" + hashlib.sha256(name.encode()).hexdigest()[:12]


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

"""Chooses the donor bank of C_Img: normal NIH training films, known to be without the finding."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from radscr_edge.contract import Files
from radscr_export.data.labels import State
from radscr_export.data.training_set import Studies
from radscr_export.model.radscr import RadSCR

PER_VIEW = 16
QUIET_SHARE = 0.25
"""A finding that NIH does not label counts as absent from a donor whose logit lies in this lowest
share of the NIH training films."""


def write_donors(model: RadSCR, studies: Studies, folder: Path) -> None:
    """Writes the donors' features, states and views; films are named by a hash of their file name.

    `studies` are training studies; only NIH films without any positive label are considered.
    """
    rows, views = [], []
    for view in ("PA", "AP"):
        films = studies.of(f"nih-{view}")
        normal = films[(studies.states[films] != State.POSITIVE).all(axis=1)]
        order = sorted(normal, key=lambda row: _alias(studies.ids[row]))
        rows += order[:PER_VIEW]
        views += [view] * len(order[:PER_VIEW])
    nih = np.concatenate([studies.of("nih-PA"), studies.of("nih-AP")])
    quiet = np.quantile(_logits(model, studies.images[nih]), QUIET_SHARE, axis=0)
    features, logits = _see(model, studies.images[rows])
    states = studies.states[rows].astype(np.int8)
    states[(states != State.NEGATIVE) & (logits <= quiet)] = State.NEGATIVE
    states[(states != State.NEGATIVE) & (states != State.POSITIVE)] = State.UNKNOWN
    np.savez_compressed(
        folder / Files.DONORS,
        features=features.astype(np.float16),
        states=states,
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


def _logits(model: RadSCR, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return _see(model, images)[1]

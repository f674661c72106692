"""Checkpoints of a run: written whole or not at all, so that a kill costs some steps at most."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch

from radscr_edge.errors import TrainingError

NAME = "checkpoint.pt"


def save_checkpoint(run: Path, state: dict[str, Any]) -> None:
    """Writes the run's state beside the last one, then swaps the two in one step."""
    fresh = run / f"{NAME}.new"
    with fresh.open("wb") as stream:
        torch.save(state, stream)
        # Without this a power cut could leave the new name on an empty file.
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(fresh, run / NAME)


def load_checkpoint(run: Path) -> dict[str, Any] | None:
    """The run's last state, or None where it has none yet.

    Raises TrainingError where the file is damaged.
    """
    path = run / NAME
    if not path.is_file():
        return None
    damaged = TrainingError(f"{path} is damaged. Delete it to begin anew.")
    # torch takes what is no zip for a file of its early versions, and fails in many ways.
    if not is_zipfile(path):
        raise damaged
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except RuntimeError as problem:
        raise damaged from problem
    return state

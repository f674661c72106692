"""Checkpoints of a run: written whole or not at all, so that a kill costs an epoch at most."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

NAME = "checkpoint.pt"


def save_checkpoint(run: Path, state: dict[str, Any]) -> None:
    """Writes the run's state beside the last one, then swaps the two in one step."""
    fresh = run / f"{NAME}.new"
    torch.save(state, fresh)
    os.replace(fresh, run / NAME)


def load_checkpoint(run: Path) -> dict[str, Any] | None:
    """The run's last state, or None where it has none yet."""
    path = run / NAME
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state

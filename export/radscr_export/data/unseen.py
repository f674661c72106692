"""Whom a bundle learnt from: nobody among them may be measured on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from radscr_edge.contract import Bundle
from radscr_edge.errors import TrainingError
from radscr_export.data.datasets import patients

TRAINED_ON: Final = "trained_on"
"""Key of `Bundle.training`: hashes of set and patient, parted by spaces."""


def trained_on(data: Path, before: Bundle | None = None) -> str:
    """The training patients of a data folder, and those that a bundle learnt from before."""
    known = before.training.get(TRAINED_ON, "").split() if before else ()
    return " ".join(sorted({*patients(data, "train"), *known}))


def check_unseen(bundle: Bundle, data: Path, split: str) -> None:
    """TrainingError where patients of a split are among those that the bundle learnt from.

    A set is known by its name: the same films under another name are not recognised.
    """
    seen = patients(data, split) & set(bundle.training.get(TRAINED_ON, "").split())
    if seen:
        raise TrainingError(
            f"{len(seen)} patients of the {split} split of {data} are among those that "
            f"{bundle.name} was trained on (the first one's hash is {min(seen)}). Measure it on "
            "others, or train it without them."
        )

"""Which split a patient belongs to, and the proof that no patient is in two."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from radscr_edge.errors import TrainingError

SPLITS: Final = ("train", "val", "test")
VAL_SHARE, TEST_SHARE = 0.10, 0.10


def alias(text: str) -> str:
    """What stands for a patient or a file in ids and messages: 16 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def split_of(patient: str, splits: tuple[str, ...] = SPLITS) -> str:
    """The split of a patient by hash, for sets with no split of their own: 80 / 10 / 10 %.

    With `splits` ('train', 'val') only a validation set is parted off, 10 %.
    """
    share = int(alias(patient), 16) / 16**16
    if share < VAL_SHARE:
        return "val"
    if "test" in splits and share < VAL_SHARE + TEST_SHARE:
        return "test"
    return "train"


def check_disjoint(name: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Raises TrainingError where one key (a patient, a study, a file) of a set is in two splits.

    `pairs` are keys and splits; the message names a key by its alias, never as it is.
    """
    seen: dict[str, str] = {}
    for key, split in pairs:
        before = seen.setdefault(key, split)
        if before != split:
            raise TrainingError(
                f"Data set {name!r}: a patient or film (SHA-256 {alias(key)}...) is in the splits "
                f"{before!r} and {split!r}. Give each patient one split."
            )

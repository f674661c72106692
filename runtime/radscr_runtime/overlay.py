"""What a clinic changed in the sentence library: a signed-off file beside the untouched bundle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from radscr_edge.contract import Bundle
from radscr_edge.errors import LibraryError
from radscr_edge.records import Sentence
from radscr_edge.sentences import sentence_of
from radscr_edge.wording import Role
from radscr_runtime.sealed import path_beside, seal_of, write_sealed

FORMAT: Final = 1


class Action(StrEnum):
    """What a change does to the library."""

    ADD = "add"
    DISABLE = "disable"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Change:
    """One change and who answers for it."""

    action: Action
    sentence_id: str
    """The sentence that is disabled or replaced; of an added one its new id."""
    sentence: Sentence | None
    """What is said from now on; None where a sentence is only disabled."""
    by: str
    """Name of the person who signed off."""
    on: str
    """Date, ISO 8601."""
    why: str


@dataclass(frozen=True)
class Overlay:
    """All changes made on site to the library of one bundle."""

    bundle_digest: str
    changes: tuple[Change, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing was changed."""
        return not self.changes

    @cached_property
    def added(self) -> tuple[Sentence, ...]:
        """Sentences that borrow the vector of their `lender`; none that was disabled later."""
        texts = (one.sentence for one in self.changes if one.sentence is not None)
        return tuple(one for one in texts if one.id not in self.disabled)

    @cached_property
    def disabled(self) -> frozenset[str]:
        """Ids that are not said any more."""
        return frozenset(one.sentence_id for one in self.changes if one.action is not Action.ADD)

    @property
    def remark(self) -> str:
        """One sentence for the report."""
        people = ", ".join(sorted({one.by for one in self.changes}))
        return (
            f"The sentence library was changed on site: {len(self.added)} added, "
            f"{len(self.disabled)} disabled; signed off by {people} ({digest_of(self)[:12]})."
        )


def overlay_path(bundle: Bundle) -> Path:
    """The file of a bundle's changes; it lies beside the folder, which stays as it was verified."""
    return path_beside(bundle, "site")


def load_overlay(bundle: Bundle, signed: bool = True) -> Overlay:
    """The changes made to the library of `bundle`; an empty overlay where there are none.

    Raises LibraryError where the file is damaged or was altered after it was signed off, or where
    it was signed off for another bundle; `signed=False` leaves the last two checks out.
    """
    path = overlay_path(bundle)
    if not path.is_file():
        return Overlay(bundle.digest)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        overlay = Overlay(record["bundle"], tuple(_change(one) for one in record["changes"]))
        digest = record["digest"]
    except (ValueError, KeyError, TypeError) as problem:
        raise LibraryError(
            f"{path} is damaged ({problem}). Restore it, or remove it to use the library as "
            "shipped."
        ) from problem
    if signed and (digest != digest_of(overlay) or overlay.bundle_digest != bundle.digest):
        cause = "altered since" if digest != digest_of(overlay) else "signed off for another bundle"
        raise LibraryError(
            f"{path} was {cause}. Review it (radscr-edge library show --site), then sign it: "
            "radscr-edge library sign --by NAME."
        )
    return overlay


def save_overlay(bundle: Bundle, changes: Sequence[Change]) -> Path:
    """Signs the changes for `bundle` and writes them, whole or not at all; returns the file."""
    path = overlay_path(bundle)
    write_sealed(path, FORMAT, _record(Overlay(bundle.digest, tuple(changes))))
    return path


def digest_of(overlay: Overlay) -> str:
    """SHA-256 over what is changed, by whom and for which bundle."""
    return seal_of(_record(overlay))


def _record(overlay: Overlay) -> dict[str, Any]:
    return {"bundle": overlay.bundle_digest, "changes": [asdict(one) for one in overlay.changes]}


def _change(row: dict[str, Any]) -> Change:
    said = row["sentence"]
    sentence = None
    if said is not None:
        read = sentence_of(said, Role(said["role"]), said["language"])
        sentence = replace(read, lender=said["lender"], prototype=said["prototype"])
    return Change(**{**row, "action": Action(row["action"]), "sentence": sentence})

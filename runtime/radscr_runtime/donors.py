"""The donor bank of C_Img: features of other patients' films, fixed and shipped with the bundle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radscr_edge.contract import Bundle, Files
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats, View

NEGATIVE = 0
"""State of a finding that a donor is known not to have."""


@dataclass(frozen=True, slots=True, eq=False)
class Donors:
    """n donors; the same study always meets the same ones."""

    features: Floats
    """(n, P, D)."""
    states: NDArray[np.int8]
    """(n, N): 1 positive, 0 negative, -1 unknown."""
    views: tuple[str, ...]
    ids: tuple[str, ...]

    def choose(self, finding: str, view: View, features: Floats, count: int) -> list[int]:
        """Rows of `count` donors without the finding, of the same view where the view is known.

        Mixed sampling: the donor most like the study (its mean features) first, then the least
        like it, and so on. Fewer where the bank has fewer.
        """
        fitting = self.states[:, FINDINGS.index(finding)] == NEGATIVE
        same_view = np.array([view in (View.UNKNOWN, other) for other in self.views])
        rows = np.flatnonzero(fitting & same_view)
        alike = self._likeness(features)[rows]
        ranked = rows[np.argsort(-alike, kind="stable")].tolist()
        chosen: list[int] = []
        while ranked and len(chosen) < count:
            chosen.append(ranked.pop(0 if len(chosen) % 2 == 0 else -1))
        return chosen

    def _likeness(self, features: Floats) -> Floats:
        mean = features.mean(axis=0)
        bank = self.features.mean(axis=1)
        norms = np.linalg.norm(bank, axis=1) * np.linalg.norm(mean)
        result: Floats = (bank @ mean) / np.maximum(norms, 1e-6)
        return result


def open_donors(bundle: Bundle) -> Donors:
    """The bundle's donors."""
    with np.load(bundle.path(Files.DONORS)) as stored:
        return Donors(
            features=stored["features"].astype(np.float32),
            states=stored["states"],
            views=tuple(stored["view"].tolist()),
            ids=tuple(stored["id"].tolist()),
        )

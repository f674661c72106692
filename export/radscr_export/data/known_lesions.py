"""Where a training film shows a finding: drawn by us, boxed by people, or coded with a side."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Bytes, Side
from radscr_export.data.training_set import Studies

Corners = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the (S, S) image."""
NONE = -1
"""In place of a finding: nothing is known of where this film shows any."""


def known_lesions(studies: Studies, rng: np.random.Generator) -> tuple[NDArray[np.int64], Bytes]:
    """(n,) a finding per film whose place is known, or NONE, and that place as masks (n, S, S).

    The place are the boxes of the finding, or the half of the image that a coded side names. Of
    several findings `rng` draws one. Boxes that only name a whole anatomical region do not count.
    """
    findings = np.full(len(studies.ids), NONE, np.int64)
    masks = np.zeros_like(studies.images)
    for row in range(len(studies.ids)):
        places = _drawn(studies, row) or _boxed(studies, row) or _sided(studies, row)
        if places:
            findings[row] = list(places)[int(rng.integers(len(places)))]
            for x0, y0, x1, y1 in places[int(findings[row])]:
                masks[row, int(y0) : math.ceil(y1), int(x0) : math.ceil(x1)] = 1
    return findings, masks


def _drawn(studies: Studies, row: int) -> dict[int, list[Corners]]:
    lesion = studies.drawn[row]
    if lesion is None:
        return {}
    box = lesion.box
    return {FINDINGS.index(lesion.finding): [(box.x0, box.y0, box.x1, box.y1)]}


def _boxed(studies: Studies, row: int) -> dict[int, list[Corners]]:
    found: dict[int, list[Corners]] = {}
    for one in studies.boxes[row]:
        if one.exact:
            found.setdefault(FINDINGS.index(one.finding), []).append(one.box)
    return found


def _sided(studies: Studies, row: int) -> dict[int, list[Corners]]:
    """The patient's right lies on the image's left."""
    side = studies.images.shape[-1]
    halves = {Side.RIGHT: (0, 0, side / 2, side), Side.LEFT: (side / 2, 0, side, side)}
    return {
        finding: [halves[one.side]]
        for finding, one in studies.mentions[row].items()
        if one.side in halves
    }

"""Where a training film is known to show a finding: drawn by us, or boxed by a radiologist."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Bytes
from radscr_export.data.training_set import Studies

NONE = -1
"""In place of a finding: nothing is known of where this film shows any."""


def known_lesions(studies: Studies, rng: np.random.Generator) -> tuple[NDArray[np.int64], Bytes]:
    """(n,) a finding per film whose place is known, or NONE, and its boxes as masks (n, S, S).

    A film with boxes of several findings shows one of them, drawn by `rng`. Boxes that only name a
    whole anatomical region do not count.
    """
    findings = np.full(len(studies.ids), NONE, np.int64)
    masks = np.zeros_like(studies.images)
    for row, lesion in enumerate(studies.drawn):
        boxes = _boxes(studies, row, rng)
        if lesion is not None:
            findings[row] = FINDINGS.index(lesion.finding)
            box = lesion.box
            masks[row, box.y0 : box.y1, box.x0 : box.x1] = 1
        elif boxes:
            findings[row] = FINDINGS.index(boxes[0][0])
            for _, (x0, y0, x1, y1) in boxes:
                masks[row, int(y0) : math.ceil(y1), int(x0) : math.ceil(x1)] = 1
    return findings, masks


def _boxes(
    studies: Studies, row: int, rng: np.random.Generator
) -> list[tuple[str, tuple[float, float, float, float]]]:
    """The exact boxes of one finding of a film; none where it has none."""
    exact = [one for one in studies.boxes[row] if one.exact]
    if not exact:
        return []
    chosen = exact[int(rng.integers(len(exact)))].finding
    return [(one.finding, one.box) for one in exact if one.finding == chosen]

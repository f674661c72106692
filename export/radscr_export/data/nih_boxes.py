"""The radiologist's boxes of NIH films: what they surround, in fractions of the film."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_export.data.labels import read_table

TABLE: Final = "nih_cxr14/nih_boxes.csv"
"""Within a data pack; a pack may lack it."""
Corners = tuple[float, float, float, float]
"""x0, y0, x1, y1 in fractions of the width and height of the film."""


@dataclass(frozen=True, slots=True)
class Boxed:
    """All boxes of one label on one film."""

    film: str
    """Name of the film without its suffix."""
    label: str
    finding: int
    boxes: tuple[Corners, ...]


def nih_columns() -> dict[str, int]:
    """NIH label -> column of the finding that it maps to, by the ontology."""
    pairs = [(label, finding.name) for finding in load_ontology().findings for label in finding.nih]
    return {label: FINDINGS.index(name) for label, name in pairs}


def load_boxes(data: Path, split: str) -> tuple[Boxed, ...]:
    """Boxes of a split of the NIH pack, one row a film and label, in the order of the table.

    Raises TrainingError where the pack has no table of boxes.
    """
    columns = nih_columns()
    found: dict[tuple[str, str], list[Corners]] = {}
    for row in read_table(data / TABLE):
        if row["split"] == split:
            found.setdefault((Path(row["image"]).stem, row["label"]), []).append(_corners(row))
    return tuple(
        Boxed(film, label, columns[label], tuple(boxes)) for (film, label), boxes in found.items()
    )


def _corners(row: dict[str, str]) -> Corners:
    x, y, width, height = (float(row[f"{name}_rel"]) for name in "xywh")
    return x, y, x + width, y + height

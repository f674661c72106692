"""ReXGradient-160K (rajpurkarlab on Hugging Face, 2025): reports in English, labelled by ours.

    metadata/{train,valid,test}_metadata_view_position.json   study id -> PatientID, Findings,
                                 Impression, and by image ImagePath and ImageViewPosition
    deid_png/<patient>/.../<image>.png                        unpacked from deid_png.part*

The JSON files repeat the metadata CSV of their split and add the views. Nothing is coded by people:
states, sides and severities are what the report labeler reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from radscr_edge.errors import TrainingError
from radscr_edge.records import View
from radscr_export.data.labels import affirmed, read_report, reported
from radscr_export.data.listing import Labels, Listed, labels_of

SPLITS: Final = {"train": "train", "valid": "val", "test": "test"}
VIEWS: Final = {
    "PA": View.PA,
    "POSTERO_ANTERIOR": View.PA,
    "AP": View.AP,
    "ANTERO_POSTERIOR": View.AP,
}
LATERAL: Final = frozenset({"LATERAL", "LL", "RL"})
ROOT: Final = "deid_png"


def list_films(folder: Path) -> Iterator[Listed]:
    """The frontal and lateral films of the published splits; other views are left out."""
    for published, split in SPLITS.items():
        for study, entry in _studies(folder / "metadata", published):
            report = " ".join(str(entry.get(part) or "") for part in ("Findings", "Impression"))
            for path, view in zip(entry["ImagePath"], entry["ImageViewPosition"], strict=True):
                position = str(view).upper()
                if position in VIEWS or position in LATERAL:
                    yield Listed(
                        file=folder / ROOT / path.rpartition(f"{ROOT}/")[2],
                        patient=str(entry["PatientID"]),
                        study=study,
                        split=split,
                        view=VIEWS.get(position, View.UNKNOWN),
                        labels=partial(report_labels, report),
                        lateral=position in LATERAL,
                    )


def report_labels(report: str) -> Labels:
    """Labels of a film of which only the report speaks."""
    said = read_report(report)
    return labels_of(reported(said), said, affirmed(said))


def _studies(folder: Path, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    path = folder / f"{split}_metadata_view_position.json"
    if not path.is_file():
        raise TrainingError(f"{path} is missing. Copy the data set whole, or mend datasets.toml.")
    yield from json.loads(path.read_text(encoding="utf-8")).items()

"""Writes the sample studies: small DICOM phantoms, and where their lesions lie."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from radscr_edge.records import Side
from radscr_export.phantoms.dicom import write_dicom
from radscr_export.phantoms.draw import GOLDEN_SEEDS, Phantom, draw_phantom
from radscr_export.phantoms.lesions import CONSOLIDATION, EFFUSION, HEART, NODULE, PNEUMOTHORAX

SAMPLES: dict[str, tuple[str | None, Side]] = {
    "normal": (None, Side.NONE),
    "enlarged-heart": (HEART, Side.NONE),
    "effusion": (EFFUSION, Side.RIGHT),
    "pneumothorax": (PNEUMOTHORAX, Side.LEFT),
    "nodule": (NODULE, Side.LEFT),
    "consolidation": (CONSOLIDATION, Side.RIGHT),
}
"""File name -> finding and the patient's side."""


def draw_sample(name: str) -> Phantom:
    """The phantom of one of SAMPLES; the same pixels every time."""
    seed = GOLDEN_SEEDS[list(SAMPLES).index(name)]
    return draw_phantom(seed, *SAMPLES[name])


def write_samples(folder: Path) -> None:
    """Writes one DICOM file per sample and lesions.json; the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = {}
    for name in SAMPLES:
        phantom = draw_sample(name)
        write_dicom(phantom, folder / f"{name}.dcm")
        truth[f"{name}.dcm"] = [asdict(lesion) for lesion in phantom.lesions]
    (folder / "lesions.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")

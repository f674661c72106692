"""How figures are written down, on the page and in the model card alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

TRUTHS: Final = {
    "uncoded": "not coded = negative",
    "explicit": "only denied or normal = negative",
    "nih14": "its own 14 labels",
}
DETECTION_ROWS: Final = (
    ("iu", "IU X-Ray", "uncoded"),
    ("iu", "IU X-Ray", "explicit"),
    ("nih", "NIH ChestX-ray14", "nih14"),
    ("nih", "NIH ChestX-ray14", "uncoded"),
    ("nih-PA", "NIH ChestX-ray14, PA", "nih14"),
    ("nih-PA", "NIH ChestX-ray14, PA", "uncoded"),
    ("nih-AP", "NIH ChestX-ray14, AP", "nih14"),
    ("nih-AP", "NIH ChestX-ray14, AP", "uncoded"),
)
"""Data set or view, its title, and the definition of truth."""

REPORT_METRICS: Final = {
    "ce_abn_micro": "CE-Abn",
    "ce_abn_macro": "CE-Abn, macro",
    "ce_organ_micro": "CE-Organ",
    "ce_organ_macro": "CE-Organ, macro",
    "chexpert14_micro": "CheXpert-14",
    "bleu4": "BLEU-4",
    "rouge_l": "ROUGE-L",
}
"""Metric of report texts, and its title."""


def figure(row: Mapping[str, Any] | None, digits: int = 3) -> str:
    """`0.812 (0.771 to 0.850)`; a dash where it was not measured."""
    if row is None or row["value"] is None:
        return "–"
    if row["low"] is None or row["high"] is None:
        return f"{row['value']:z.{digits}f}"
    return f"{row['value']:z.{digits}f} ({row['low']:z.{digits}f} to {row['high']:z.{digits}f})"


def percentage(row: Mapping[str, Any] | None) -> str:
    """`97.9 % (95.1 to 99.3), 238 of 243`; a dash where nothing was counted."""
    if row is None or row["value"] is None:
        return "–"
    low, high = 100 * row["low"], 100 * row["high"]
    return f"{100 * row['value']:.1f} % ({low:.1f} to {high:.1f}), {row['hits']} of {row['count']}"


def plain_share(value: float | None) -> str:
    """`97.9 %`; a dash where there was no case."""
    return "–" if value is None else f"{100 * value:.1f} %"

"""How figures are written down, on the page and in the model card alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

TRUTHS: Final = {
    "nih14": "its own 14 labels",
    "uncoded": "not coded = negative",
    "explicit": "only denied or normal = negative",
}
"""Definition of truth, and its title; of those that a data set has, the first is its own."""
TITLES: Final = {"iu": "IU X-Ray", "nih": "NIH ChestX-ray14"}
"""Data sets that have a title; any other is called as its user named it."""

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


def title_of(name: str) -> str:
    """The title of a data set, or of one view of it: `NIH ChestX-ray14, PA`."""
    of_set, _, view = name.partition("-")
    return ", ".join(filter(None, (TITLES.get(of_set, of_set), view)))


def drawn_by(names: Iterable[str]) -> str:
    """What a bootstrap over films of these data sets draws."""
    sets = {name.partition("-")[0] for name in names}
    if sets <= TITLES.keys():
        return "studies (patients for NIH)"
    return "patients (studies for IU)" if "iu" in sets else "patients"


def detection_rows(detection: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Data set or view, its title, and the definition of truth, of all that was measured."""
    return [
        (name, title_of(name), truth)
        for name, subsets in detection.items()
        for truth in TRUTHS
        if truth in subsets["all"]
    ]


def main_rows(detection: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Those of whole data sets, each by its own definition of truth alone."""
    firsts: dict[str, tuple[str, str, str]] = {}
    for row in detection_rows(detection):
        firsts.setdefault(row[0], row)
    return [row for name, row in firsts.items() if "-" not in name]


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

"""`radscr-export evaluate`: measures a bundle through the runtime and writes what was found."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any, Final

from radscr_edge.contract import Bundle
from radscr_edge.errors import BundleError
from radscr_edge.records import Floats
from radscr_export.baseline import linear_scores
from radscr_export.evaluation.calibration_figures import calibration_figures
from radscr_export.evaluation.card_table import card_table
from radscr_export.evaluation.detection import MODELS, detection, finding_panel, int8_loss
from radscr_export.evaluation.examples import read_examples
from radscr_export.evaluation.gates import gates
from radscr_export.evaluation.hypotheses import critique_effect, hypotheses, sides
from radscr_export.evaluation.localisation import localisation
from radscr_export.evaluation.page import to_page
from radscr_export.evaluation.paired import compare
from radscr_export.evaluation.readings import SETS, Readings, read_all
from radscr_export.walk import Walker

METRICS, PAGE, CARD = "metrics.json", "evaluation.html", "card.md"
PACKAGES: Final = (
    *("radscr-edge", "numpy", "scipy", "scikit-learn", "opencv-python-headless", "onnxruntime"),
    *("pydicom", "pillow"),
)
VIEWS: Final = ("iu", "nih-PA", "nih-AP")
"""What the card of a bundle gives figures for."""


def evaluate(bundle_folder: Path, data: Path, split: str, out: Path, variant: str = "") -> Path:
    """Writes metrics.json, evaluation.html and card.md into `out`; returns the first one's path.

    `variant` empty: the bundle's preferred one. Raises BundleError where the bundle is damaged or
    has no such variant, TrainingError where the data pack lacks a table or a shard.
    """
    bundle = Bundle.open(bundle_folder)
    if variant and variant not in bundle.variants:
        known = ", ".join(bundle.variants)
        raise BundleError(f"{bundle.name} has no network variant {variant!r}; it has {known}.")
    readings = read_all(bundle, data, split, variant)
    metrics = {"provenance": provenance(readings), **image_figures(readings, data)}
    return write_evaluation(metrics, out)


def image_figures(readings: Readings, data: Path) -> dict[str, Any]:
    """Everything that is measured on images; None where the data pack cannot tell."""
    linear = linear_scores(data, readings.split)
    reference = _fp32_logits(readings)
    return {
        "films": {name: _films(readings, name) for name in SETS},
        "detection": detection(readings, linear, data),
        "calibration": calibration_figures(readings),
        "localisation": localisation(readings, data),
        "sides": sides(readings),
        "gates": gates(data, readings.split),
        "int8_loss": None if reference is None else int8_loss(readings, reference),
        "hypotheses": {name: hypotheses(readings, readings.rows(name)) for name in SETS},
        "critique": critique_effect(readings.walks),
        "examples": read_examples(readings.bundle, readings.variant.name),
    }


def write_evaluation(metrics: Mapping[str, Any], out: Path) -> Path:
    """Writes figures as metrics.json, as a page and as the table of a model card.

    The page also shows `metrics["reports"]`, {system: {metric: {value, low, high}}}, and
    `metrics["ablations"]`, {variant: {metric: {value, low, high, paper, verdict}}}, if there.
    """
    out.mkdir(parents=True, exist_ok=True)
    plain = _plain(metrics)
    text = json.dumps(plain, indent=1, allow_nan=False) + "\n"
    (out / METRICS).write_text(text, encoding="utf-8")
    (out / PAGE).write_text(to_page(plain), encoding="utf-8")
    (out / CARD).write_text(card_table(plain), encoding="utf-8")
    return out / METRICS


def provenance(readings: Readings) -> dict[str, Any]:
    """What was measured by what: enough to measure it again."""
    bundle, variant = readings.bundle, readings.variant.name
    return {
        "bundle": bundle.name,
        "digest": bundle.digest,
        "preset": bundle.preset,
        "built": bundle.created,
        "variant": variant,
        "split": readings.split,
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"radscr-export evaluate {bundle.name} --data DATA --split {readings.split} "
        f"--variant {variant} --out OUT",
        "packages": {"python": python_version(), **{name: version(name) for name in PACKAGES}},
    }


def measure(bundle: Bundle, data: Path, split: str) -> dict[str, Any]:
    """The figures that a bundle carries about itself, in the shape that its card is written from.

    Detection, hypotheses before and after critique, sides; per data set and view, never pooled.
    """
    readings = read_all(bundle, data, split)
    linear = linear_scores(data, split)
    raised = sides(readings)["hypothesised"]
    return {
        "split": split,
        "variant": readings.variant.name,
        "bundle": bundle.name,
        "detection": {name: _detection(readings, linear, name) for name in VIEWS},
        "hypotheses": {name: hypotheses(readings, readings.rows(name)) for name in VIEWS},
        "critique": critique_effect(readings.walks),
        "sides": {
            "coded_one_sided": raised["coded_one_sided"],
            "side_asserted": raised["asserted"]["hits"],
            "side_right": raised["right"]["hits"],
        },
    }


def _detection(readings: Readings, linear: Floats, name: str) -> dict[str, Any]:
    panel = finding_panel(readings, (readings.logits, linear)).select(readings.rows(name))
    found = _plain(compare(panel, MODELS))
    macro = (found["macro"] or {"auroc": dict.fromkeys((*MODELS, "difference"))})["auroc"]
    return {
        "films": found["films"],
        "findings": found["labels"],
        "macro_auroc": macro["ours"],
        "linear_macro_auroc": macro["linear"],
        "difference": macro["difference"],
        "per_finding": {
            label: {
                "positives": row["positives"],
                "auroc": round(row["auroc"]["ours"]["value"], 3),
                "linear_auroc": round(row["auroc"]["linear"]["value"], 3),
            }
            for label, row in found["per_label"].items()
        },
    }


def _films(readings: Readings, name: str) -> dict[str, int]:
    rows = readings.rows(name)
    return {"all": len(rows), "abnormal": int(readings.abnormal[rows].sum())}


def _fp32_logits(readings: Readings) -> Floats | None:
    """Logits (n, N) of the variant that int8 was made from; None where it is the one read."""
    bundle = readings.bundle
    if readings.variant.name == "fp32" or "fp32" not in bundle.variants:
        return None
    return Walker.open(bundle, "fp32").logits(readings.studies)


def _plain(value: Any) -> Any:
    """The same with None for what is not a number: JSON knows no nan."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""`radscr-export evaluate`: measures a bundle through the runtime and writes what was found."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from radscr_edge.contract import Bundle
from radscr_edge.errors import BundleError, TrainingError
from radscr_edge.records import Floats
from radscr_export.baseline import linear_scores
from radscr_export.data.datasets import pack_of
from radscr_export.data.unseen import check_unseen
from radscr_export.evaluation.ablation_figures import ablations
from radscr_export.evaluation.ablation_heads import Trainer
from radscr_export.evaluation.ablations import Plan
from radscr_export.evaluation.calibration_figures import calibration_figures
from radscr_export.evaluation.card_table import card_table
from radscr_export.evaluation.detection import detection, int8_loss
from radscr_export.evaluation.examples import read_examples
from radscr_export.evaluation.gates import gates
from radscr_export.evaluation.hypotheses import critique_effect, hypotheses, sides
from radscr_export.evaluation.localisation import localisation
from radscr_export.evaluation.page import to_page
from radscr_export.evaluation.predictions import score_predictions
from radscr_export.evaluation.provenance import provenance, stamp
from radscr_export.evaluation.rad_eval import RadEval
from radscr_export.evaluation.readings import Readings, read_all
from radscr_export.evaluation.report_section import (
    ReportPlan,
    WalkedFilms,
    measure_reports,
)
from radscr_export.heads import preset_of
from radscr_export.text_encoder import TextEncoder
from radscr_export.texts import read_library
from radscr_export.walk import Walker

METRICS, PAGE, CARD, HEADS = "metrics.json", "evaluation.html", "card.md", "ablation.heads"
BUILT: Final = "radscr-export build (or retrain), at its end"
"""The command behind the figures of a build."""
BUILD_SPLIT: Final = "val"
"""What a build may look at; the test split is read only where a person asks for it."""


def evaluate(
    bundle_folder: Path,
    data: Path,
    split: str,
    out: Path,
    variant: str = "",
    plan: ReportPlan | None = None,
) -> Path:
    """Writes metrics.json, evaluation.html and card.md into `out`; returns the first one's path.

    `variant` empty: the bundle's preferred one. Gates and reports are measured on the pack of IU
    and NIH alone, and left out where the data folder goes without it. Raises BundleError where the
    bundle is damaged or has no such variant, TrainingError where a data set is incomplete or the
    bundle was trained on patients of the split, DecoderError where a decoder of the plan cannot run
    here.
    """
    bundle = Bundle.open(bundle_folder)
    check_unseen(bundle, data, split)
    walker = Walker.open(bundle, _variant(bundle, variant))
    readings = read_all(bundle, walker, data, split)
    films = WalkedFilms(readings.studies, readings.walks)
    plan = (plan or ReportPlan()).of(bundle)
    metrics = {
        "provenance": provenance(readings, _command(readings, plan)),
        **walk_figures(readings, data),
    }
    pack = pack_of(data)
    if pack is not None:
        metrics["gates"] = gates(pack, split)
        metrics["reports"] = measure_reports(bundle, walker, films, pack, split, plan)
    metrics["examples"] = read_examples(bundle, readings.variant.name)
    return write_evaluation(metrics, out)


def evaluate_predictions(
    file: Path, data: Path, split: str, out: Path, rad_eval: RadEval | None = None
) -> Path:
    """Writes the report metrics of another system's texts as metrics.json; returns its path.

    Errors as `score_predictions`.
    """
    found = score_predictions(file, data, split, rad_eval)
    command = f"radscr-export evaluate --predictions {file.name} --data DATA --split {split}"
    return _write_json({"provenance": {"split": split, **stamp(command)}, "reports": found}, out)


def evaluate_ablations(
    bundle_folder: Path,
    data: Path,
    split: str,
    out: Path,
    plan: Plan,
    decoders: Sequence[str] = (),
) -> Path:
    """Adds the ablations of a bundle to the evaluation in `out`; returns the path of metrics.json.

    `decoders` as for `evaluate`: the first that is not 'plain' is compared with it. Heads are kept
    in a folder beside the file, so that what was stopped goes on. Raises TrainingError where `out`
    holds no evaluation, or heads of another bundle or number of epochs.
    """
    path = out / METRICS
    if not path.is_file():
        raise TrainingError(f"{out} holds no {METRICS}. Evaluate the bundle into it first.")
    bundle = Bundle.open(bundle_folder)
    preset = preset_of(bundle)
    encoder = TextEncoder.load(preset.text.encoder)
    texts = (read_library(encoder), encoder)
    trainer = Trainer(bundle, preset, data, out / HEADS, plan.epochs, texts)
    named = ReportPlan(tuple(decoders)).of(bundle).decoders
    decoder = next((one for one in named if one != "plain"), "")
    plan = replace(plan, variant=_variant(bundle, plan.variant), decoder=decoder)
    found = ablations(trainer, plan, split)
    return write_evaluation({**json.loads(path.read_text(encoding="utf-8")), **found}, out)


def measure(bundle: Bundle, data: Path) -> dict[str, Any]:
    """The figures of a bundle that is being built, on validation films, as in metrics.json.

    Without those of gates, reports and examples, which take a whole reader.
    """
    walker = Walker.open(bundle, _variant(bundle, ""))
    readings = read_all(bundle, walker, data, BUILD_SPLIT)
    figures: dict[str, Any] = _plain(
        {"provenance": provenance(readings, BUILT), **walk_figures(readings, data)}
    )
    return figures


def walk_figures(readings: Readings, data: Path) -> dict[str, Any]:
    """What the walk over the films of a split tells; None where it cannot."""
    linear, pack = linear_scores(data, readings.split), pack_of(data)
    reference = _fp32_logits(readings)
    return {
        "films": {name: _films(readings, name) for name in readings.groups},
        "detection": detection(readings, linear, pack),
        "calibration": calibration_figures(readings),
        "localisation": None if pack is None else localisation(readings, pack),
        "sides": sides(readings),
        "int8_loss": None if reference is None else int8_loss(readings, reference),
        "hypotheses": {name: hypotheses(readings, readings.rows(name)) for name in readings.groups},
        "critique": critique_effect(readings.walks),
    }


def write_evaluation(metrics: Mapping[str, Any], out: Path) -> Path:
    """Writes figures as metrics.json, as a page and as the tables of a model card.

    The page and the tables leave out what `metrics` lacks.
    """
    path = _write_json(metrics, out)
    plain = json.loads(path.read_text(encoding="utf-8"))
    (out / PAGE).write_text(to_page(plain), encoding="utf-8")
    (out / CARD).write_text(card_table(plain), encoding="utf-8")
    return path


def _write_json(metrics: Mapping[str, Any], out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_plain(metrics), indent=1, allow_nan=False) + "\n"
    (out / METRICS).write_text(text, encoding="utf-8")
    return out / METRICS


def _command(readings: Readings, plan: ReportPlan) -> str:
    return (
        f"radscr-export evaluate {readings.bundle.name} --data DATA --split {readings.split} "
        f"--variant {readings.variant.name} --decoder {' '.join(plan.decoders)} --out OUT"
    )


def _variant(bundle: Bundle, asked: str) -> str:
    if asked and asked not in bundle.variants:
        known = ", ".join(bundle.variants)
        raise BundleError(f"{bundle.name} has no network variant {asked!r}; it has {known}.")
    return asked or next(iter(bundle.variants))


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

"""evaluation.html: one self-contained page of everything that metrics.json holds."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import cv2
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from radscr_export.evaluation import plots
from radscr_export.evaluation.wording import (
    REPORT_METRICS,
    TRUTHS,
    detection_rows,
    drawn_by,
    figure,
    main_rows,
    percentage,
    plain_share,
    title_of,
)
from radscr_export.phantoms import SAMPLES, draw_sample

TEMPLATE: Final = "evaluation.html.jinja"
STYLE: Final = "evaluation.css"


def to_page(metrics: Mapping[str, Any]) -> str:
    """The page; sections whose key is missing or None in `metrics` say so or are left out."""
    environment = Environment(
        loader=PackageLoader("radscr_export.evaluation", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure
    environment.filters["percentage"] = percentage
    environment.filters["plain_share"] = plain_share
    style = environment.get_template(STYLE).render()
    return environment.get_template(TEMPLATE).render(
        m=metrics,
        style=Markup(style),  # noqa: S704  our own file
        rows=detection_rows(metrics["detection"]),
        mains=main_rows(metrics["detection"]),
        first=title_of(next(iter(metrics["films"]))),
        drawn=drawn_by(metrics["films"]),
        truths=TRUTHS,
        report_metrics=REPORT_METRICS,
        reports=metrics.get("reports"),
        ablations=metrics.get("ablations"),
        plots={name: Markup(one) for name, one in _plots(metrics).items()},  # noqa: S704  drawn here
        films={name: _film(name) for name in metrics.get("examples") or {} if name in SAMPLES},
    )


def _plots(metrics: Mapping[str, Any]) -> dict[str, str]:
    """Every plot that these figures allow, by the name that the template knows it by."""
    drawn = {}
    for name, title, truth in main_rows(metrics["detection"]):
        labels = metrics["detection"][name]["all"][truth]["per_label"]
        if labels:
            drawn[f"roc {name}"] = plots.roc_grid(labels, f"ROC curves, {title}")
            pairs = {label: _pair(row["auroc"]) for label, row in labels.items()}
            drawn[f"forest {name}"] = plots.forest(pairs, (0.2, 1.0), f"AUROC, {title}")
    judged = {name: row for name, row in metrics["calibration"].items() if "curve" in row}
    if judged:
        drawn["reliability"] = plots.reliability_grid(judged)
    if metrics["localisation"]:
        drawn["pointing"] = plots.forest(_pointing(metrics["localisation"]), (0, 1), "Pointing")
    if metrics.get("reports"):
        drawn["reports"] = plots.forest(_reports(metrics["reports"]), (0, 1), "CE-Abn")
    for metric in _ablation_metrics(metrics.get("ablations") or {}):
        drawn[f"ablation {metric}"] = plots.ablation_dots(metrics["ablations"], metric)
    return drawn


def _pair(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"this model": row["ours"], "linear model": row["linear"]}


def _pointing(localisation: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    rows = {
        "macro": localisation["macro"],
        "macro without cardiomegaly": localisation["macro_without_cardiomegaly"],
        **localisation["per_label"],
    }
    return {
        name: {
            "this model": row["pointing"],
            "most covered point": row["most_covered"],
            "own map, 2 x 2 averaged": row["coarse"],
        }
        for name, row in rows.items()
        if row
    }


def _reports(reports: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """CE-Abn of every system on abnormal studies, or on all where none is abnormal."""
    subset = "abnormal" if "abnormal" in reports["studies"] else "all"
    return {
        name: {"CE-Abn, micro F1": rows[subset].get("ce_abn_micro")}
        for name, rows in reports["systems"].items()
    }


def _ablation_metrics(ablations: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Every metric that some variant has, in the order in which they come."""
    return list(dict.fromkeys(metric for row in ablations.values() for metric in row))


def _film(name: str) -> dict[str, Any]:
    """A sample drawn again, as a JPEG in the page, with its size."""
    pixels = draw_sample(name).pixels
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])
    height, width = pixels.shape
    source = "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")
    return {"source": source, "width": width, "height": height}

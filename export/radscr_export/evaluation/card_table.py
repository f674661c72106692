"""The tables of a model card in Markdown, generated from metrics.json and never typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from radscr_export.evaluation.wording import DETECTION_ROWS, TRUTHS, figure, percentage


def card_table(metrics: Mapping[str, Any]) -> str:
    """Detection, calibration, localisation, sides, gates and int8 loss as Markdown tables."""
    return "\n".join(_lines(metrics)) + "\n"


def _lines(metrics: Mapping[str, Any]) -> Iterator[str]:
    source = metrics["provenance"]
    yield f"Measured on the {source['split']} split with the {source['variant']} network of bundle"
    yield f"`{source['digest'][:12]}` through the runtime, {source['date']}; 95 % intervals:"
    yield "bootstrap over studies (patients for NIH), Clopper-Pearson for counts."
    yield from _detection(metrics["detection"])
    yield from _calibration(metrics["calibration"])
    yield from _localisation(metrics["localisation"])
    yield from _counts(metrics)
    if metrics["int8_loss"]:
        yield from _int8(metrics["int8_loss"], source["variant"])


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from ("", f"### {title}", "")
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _detection(detection: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for name, title, truth in DETECTION_ROWS:
        for subset in ("all", "abnormal"):
            found = detection[name][subset][truth]
            macro = (found["macro"] or {}).get("auroc", {})
            cells = [figure(macro.get(key)) for key in ("ours", "linear", "difference")]
            worse = ", ".join(found["significantly_worse"]) or "none"
            kind = f"{title}, {subset}"
            rows.append((kind, TRUTHS[truth], str(found["labels"]), *cells, worse))
    head = ("films", "truth", "labels", "this model", "linear", "difference", "worse in")
    yield from _table("Macro AUROC", head, rows)


def _calibration(calibration: Mapping[str, Any]) -> Iterator[str]:
    keys = ("brier_skill", "slope", "intercept", "ece")
    rows = [
        (name, str(row["positives"]), *(figure(row[key], 2) for key in keys), row["verdict"])
        for name, row in calibration.items()
        if "curve" in row
    ]
    head = ("finding", "positives", "Brier skill", "slope", "intercept", "ECE", "verdict")
    yield from _table("Calibration on IU X-Ray", head, rows)
    yield from ("", "All other findings have too few positives here and are not calibrated.")


def _localisation(localisation: Mapping[str, Any] | None) -> Iterator[str]:
    if localisation is None:
        yield from ("", "Localisation was not measured: the data pack holds no boxes.")
        return
    named = {
        **localisation["per_label"],
        "macro": localisation["macro"],
        "macro without cardiomegaly": localisation["macro_without_cardiomegaly"],
    }
    keys = ("pointing", "most_covered", "pointing_above_most_covered", "iou", "ap_30")
    rows = [(name, *(figure(row[key], 2) for key in keys)) for name, row in named.items() if row]
    head = ("label", "pointing", "fixed point", "difference", "IoU", "AP@0.3")
    yield from _table("Localisation on NIH boxes", head, rows)


def _counts(metrics: Mapping[str, Any]) -> Iterator[str]:
    sides = [
        (kind, percentage(row["asserted"]), percentage(row["right"]))
        for kind, row in metrics["sides"].items()
    ]
    yield from _table("Side of one-sided IU codes", ("findings", "asserted", "right"), sides)
    gates = [
        (kind, row["should_be"] if row else "", percentage(row["right"] if row else None))
        for kind, row in metrics["gates"].items()
    ]
    yield from _table("Gate", ("pictures", "should be", "were"), gates)


def _int8(loss: Mapping[str, Any], variant: str) -> Iterator[str]:
    rows = []
    for name, found in loss.items():
        macro = (found["macro"] or {}).get("auroc", {})
        rows.append((name, *(figure(macro.get(key), 4) for key in (variant, "fp32", "difference"))))
    head = ("films", variant, "fp32", "difference")
    yield from _table(f"Macro AUROC of {variant} beside fp32", head, rows)

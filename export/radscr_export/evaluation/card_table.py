"""The tables of a model card in Markdown, generated from metrics.json and never typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from radscr_export.evaluation.card_reports import ELSEWHERE, report_lines
from radscr_export.evaluation.markdown import missing, table
from radscr_export.evaluation.wording import (
    TRUTHS,
    detection_rows,
    drawn_by,
    figure,
    main_rows,
    percentage,
    title_of,
)

SIDE_KEYS: Final = ("asserted", "right")
STAGE_KEYS: Final = ("raised", "precision", "recall")
STAGES: Final = ("before critique", "after critique")


def card_table(metrics: Mapping[str, Any]) -> str:
    """All figures of an evaluation as Markdown tables; what was not measured is named."""
    return "\n".join(card_lines(metrics)) + "\n"


def card_lines(metrics: Mapping[str, Any]) -> Iterator[str]:
    """The lines of `card_table`, from a heading of the second level on."""
    source, films = metrics["provenance"], metrics["films"]
    first = title_of(next(iter(films)))
    yield f"## Figures on the {source['split']} split"
    yield ""
    yield f"Measured with the {source['variant']} network through the runtime, {source['date']};"
    yield f"fingerprint of the bundle `{source['fingerprint'][:12]}`. 95 % intervals in brackets:"
    yield f"bootstrap over {drawn_by(films)}, Clopper-Pearson for counts. The linear model"
    yield "is a ridge regression on 48 x 48 pixels, trained on the same films. Data sets and views"
    yield f"are never pooled. By `{source['command']}`."
    if source["split"] == "val":
        yield "Thresholds and calibration were fitted on these same films: the figures flatter."
    yield from _detection(metrics["detection"])
    for name, title, truth in main_rows(metrics["detection"]):
        yield from _per_label(title, metrics["detection"][name]["all"][truth]["per_label"])
    yield from _calibration(metrics["calibration"], first)
    yield from _localisation(metrics["localisation"])
    yield from _sides(metrics["sides"], first)
    yield from _walk(metrics["hypotheses"], metrics["critique"])
    yield from _int8(metrics["int8_loss"], source["variant"])
    yield from _gates(metrics.get("gates"))
    yield from report_lines(metrics.get("reports"))
    yield from _ablations(metrics.get("ablations"), metrics.get("ablation_facts"))


def _detection(detection: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for name, title, truth in detection_rows(detection):
        for subset in ("all", "abnormal"):
            found = detection[name][subset][truth]
            macro = (found["macro"] or {}).get("auroc", {})
            cells = [figure(macro.get(key)) for key in ("ours", "linear", "difference")]
            worse = ", ".join(found["significantly_worse"]) or "none"
            kind = f"{title}, {subset} ({found['films']})"
            rows.append((kind, TRUTHS[truth], str(found["labels"]), *cells, worse))
    head = ("films", "truth", "labels", "this model", "linear", "difference", "worse in")
    yield from table("Detection: macro AUROC", head, rows)
    yield from (
        "",
        "Over labels with at least 10 positives and 10 negatives; 'worse in' names those",
    )
    yield "whose interval of the difference lies below 0, without a correction for their number."


def _per_label(title: str, labels: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (
            name,
            str(row["positives"]),
            *(figure(row["auroc"][key], 2) for key in ("ours", "linear", "difference")),
            row["verdict"],
        )
        for name, row in labels.items()
    ]
    head = ("label", "positives", "AUROC", "linear", "difference", "")
    yield from table(f"Detection, {title}, label by label", head, rows)


def _calibration(calibration: Mapping[str, Any], films: str) -> Iterator[str]:
    keys = ("brier_skill", "slope", "intercept", "ece")
    rows = [
        (name, str(row["positives"]), *(figure(row[key], 2) for key in keys), row["verdict"])
        for name, row in calibration.items()
        if "slope" in row
    ]
    head = ("finding", "positives", "Brier skill", "slope", "intercept", "ECE", "verdict")
    yield from table(f"Calibration on {films}", head, rows)
    yield from ("", "All other findings have too few positives here and are not calibrated.")


def _localisation(localisation: Mapping[str, Any] | None) -> Iterator[str]:
    title = "Localisation on NIH boxes, teacher-forced"
    if localisation is None:
        yield from missing(title, "the data pack holds no boxes")
        return
    named = {
        **localisation["per_label"],
        "macro": localisation["macro"],
        "macro without cardiomegaly": localisation["macro_without_cardiomegaly"],
    }
    keys = (
        "pointing",
        "most_covered",
        "pointing_above_most_covered",
        "coarse",
        "pointing_above_coarse",
        "iou",
        "ap_30",
    )
    rows = [
        (name, *(figure(row.get(key), 2) for key in keys)) for name, row in named.items() if row
    ]
    head = (
        "label",
        "pointing",
        "image-blind point",
        "difference",
        "own map, 2 x 2 averaged",
        "difference",
        "IoU",
        "AP@0.3",
    )
    yield from table(title, head, rows)
    yield from ("", "Where every film hit or none did, an interval of no width says nothing.")


def _sides(sides: Mapping[str, Any], films: str) -> Iterator[str]:
    rows = [
        (f"{kind} ({row['coded_one_sided']})", *(percentage(row[key]) for key in SIDE_KEYS))
        for kind, row in sides.items()
    ]
    head = ("findings coded on one side", "a side was asserted", "and was right")
    yield from table(f"Sides on {films}", head, rows)


def _walk(hypotheses: Mapping[str, Any], critique: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (name, *(str(row[stage][key]) for stage in STAGES for key in STAGE_KEYS))
        for name, row in hypotheses.items()
    ]
    head = ("films", "raised", "precision", "recall", "after critique", "precision", "recall")
    yield from table("Hypotheses and critiques", head, rows)
    yield from table(
        "What is denied",
        ("films", "denials", "of what is there", "share of the positives so denied"),
        [(name, *_denied(row["denials"])) for name, row in hypotheses.items()],
    )
    yield ""
    yield f"Over {critique['films']} films with {critique['hypotheses']} hypotheses the critiques"
    yield f"changed the top sentence in {critique['top_sentence_changed']:.1%}, and"
    yield f"{critique['not_asserted']:.1%} were withdrawn or became 'cannot be excluded'."


def _denied(row: Mapping[str, Any]) -> tuple[str, ...]:
    return str(row["denied"]), str(row["denied_positives"]), percentage(row["of_positives"])


def _int8(loss: Mapping[str, Any] | None, variant: str) -> Iterator[str]:
    if loss is None:
        yield from missing("Quantisation", "the network read is no quantised one")
        return
    rows = []
    for name, found in loss.items():
        macro = (found["macro"] or {}).get("auroc", {})
        rows.append((name, *(figure(macro.get(key), 4) for key in (variant, "fp32", "difference"))))
    head = ("films", variant, "fp32", "difference")
    yield from table(f"Quantisation: macro AUROC of {variant} beside fp32", head, rows)


def _gates(gates: Mapping[str, Any] | None) -> Iterator[str]:
    if gates is None:
        yield from missing("Gate", ELSEWHERE)
        return
    rows = [
        (kind, row["should_be"] if row else "", percentage(row["right"] if row else None))
        for kind, row in gates.items()
    ]
    yield from table("Gate", ("pictures", "should be", "were"), rows)


def _ablations(
    ablations: Mapping[str, Any] | None, facts: Mapping[str, Any] | None
) -> Iterator[str]:
    if ablations is None or facts is None:
        return
    rows = [
        (
            variant,
            metric,
            figure(cell["own"]),
            figure(cell),
            "–" if cell["paper"] is None else f"{cell['paper']:.3f}",
            cell["verdict"] or "–",
        )
        for variant, row in ablations.items()
        for metric, cell in row.items()
    ]
    head = ("variant", "metric", "here", "change", "paper's change", "sign")
    title = f"Ablations on {facts['studies']} abnormal IU studies"
    yield from table(title, head, rows)
    yield ""
    whole = ", ".join(f"{metric} {figure(cell)}" for metric, cell in facts["full"].items())
    yield f"Whole heads: {whole}. Heads were trained anew on the frozen vision, {facts['epochs']}"
    yield f"epochs, means over {facts['seeds']} seeds; alphas and limits of withdrawal fitted on"
    yield "validation films. Supplements are never more than hedged, so that dropping C_Neg or the"
    yield "language model can move 'CE-Abn with hedges' alone. 'no LLM' is whole heads with the"
    yield f"plain decoder minus the same with {facts['decoder'] or 'none'}."
    yield f"The paper's changes are of {facts['paper']['data']}: other data and labelers. By"
    yield f"`{facts['command']}`."

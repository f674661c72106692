"""Report scores with paired bootstrap intervals: CE-Abn, CE-Organ, CheXpert-14, BLEU-4, ROUGE-L."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radscr_edge.ontology import FINDINGS, ORGANS
from radscr_export.evaluation.report_bootstrap import Numbers, draw_weights, interval_of
from radscr_export.evaluation.report_counts import (
    WORDS,
    Counts,
    class_names,
    count_codes,
    count_texts,
)
from radscr_export.evaluation.report_truth import SystemReports, Truth
from radscr_export.metrics import FEWEST_POSITIVES

METRICS: Final = (
    *("ce_abn_micro", "ce_abn_macro", "ce_organ_micro", "ce_organ_macro"),
    *("chexpert14_micro", "chexpert14_macro", "bleu4", "rouge_l"),
)
Rows = NDArray[np.int64]


def report_figures(systems: Sequence[SystemReports], truth: Truth) -> dict[str, Any]:
    """Every system's scores, and how far the first one is from each other: figures only, no text.

    Each is given with its 95 % interval on all studies, on the abnormal ones, and without repeated
    references (alone and among the abnormal). Systems that retrieve whole reports are scored a
    second time by the codes of the retrieved study, as '<name>, by its codes'. Only what a text
    affirms counts; 'hedged' gives CE-Abn where what it hedges counts, too. Raises TrainingError
    where a system has not one text a study.
    """
    counts = [
        *(count_texts(one, truth) for one in systems),
        *(_by_codes(one, truth) for one in systems if one.codes is not None),
    ]
    subsets = _subsets(truth)
    return {
        "studies": {name: len(rows) for name, rows in subsets.items()},
        "macro_over": {name: _macro_over(counts[0], rows) for name, rows in subsets.items()},
        "chexpert_classes": list(class_names()),
        "systems": {
            one.name: {name: scores_of(one, rows) for name, rows in subsets.items()}
            for one in counts
        },
        "hedged": {
            one.name: _ce_abn(count_texts(one, truth, hedged=True), subsets) for one in systems
        },
        "differences": {
            other.name: {
                name: differences(counts[0], other, rows) for name, rows in subsets.items()
            }
            for other in counts[1:]
        },
        "per_finding": {one.name: _per_finding(one) for one in counts},
    }


def scores_of(counts: Counts, rows: Rows) -> dict[str, Any]:
    """Metric -> value with its interval over the studies `rows`; {} where there are none."""
    return _told(_draws(counts, rows)) if len(rows) else {}


def differences(ours: Counts, theirs: Counts, rows: Rows) -> dict[str, Any]:
    """Metric -> ours minus theirs with its interval, both from the same draws of studies."""
    if not len(rows):
        return {}
    told = _told(_draws(ours, rows) - _draws(theirs, rows))
    for one in told.values():
        one["excludes_zero"] = one["low"] > 0 or one["high"] < 0
    return told


def _by_codes(reports: SystemReports, truth: Truth) -> Counts:
    named = SystemReports(f"{reports.name}, by its codes", reports.texts, reports.codes)
    return count_codes(named, truth)


def _subsets(truth: Truth) -> dict[str, Rows]:
    chosen = {
        "all": np.ones(len(truth.ids), np.bool_),
        "abnormal": truth.abnormal,
        "distinct": truth.distinct,
        "abnormal and distinct": truth.abnormal & truth.distinct,
    }
    return {name: np.flatnonzero(mask) for name, mask in chosen.items()}


def _draws(counts: Counts, rows: Rows) -> Numbers:
    """(1 + draws, metrics): each metric on the studies themselves, then on every draw of them."""
    weights = draw_weights(len(rows))
    columns = [
        score
        for graded in (counts.findings, counts.organs, counts.classes)
        for score in _f1(graded[:, rows], weights)
    ]
    nothing = np.full(len(weights), np.nan)
    columns.append(nothing if counts.words is None else _bleu(weights @ counts.words[rows]))
    columns.append(
        nothing if counts.longest is None else weights @ counts.longest[rows] / len(rows)
    )
    return np.column_stack(columns)


def _f1(graded: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Micro F1, and macro F1 over the columns with enough positives; graded is (3, n, C)."""
    totals = np.stack([weights @ one for one in graded])
    frequent = _frequent(graded)
    macro = np.full(len(weights), np.nan)
    if frequent.any():
        macro = _ratio(totals[:, :, frequent]).mean(axis=1)
    return _ratio(totals.sum(axis=2)), macro


def _frequent(graded: Numbers) -> NDArray[np.bool_]:
    enough: NDArray[np.bool_] = (graded[0] + graded[2]).sum(axis=0) >= FEWEST_POSITIVES
    return enough


def _ratio(totals: Numbers) -> Numbers:
    """F1 of true positives, false positives and false negatives along axis 0; 0 without any."""
    right, extra, missed = totals
    score: Numbers = 2 * right / np.maximum(2 * right + extra + missed, 1)
    return score


def _bleu(totals: Numbers) -> Numbers:
    """Corpus BLEU in 0..1, unsmoothed, of summed counts (B, 10); Papineni et al., ACL 2002."""
    matching, runs = totals[:, :WORDS], totals[:, WORDS : 2 * WORDS]
    written, wanted = totals[:, -2], totals[:, -1]
    with np.errstate(divide="ignore"):
        precision = np.log(matching / np.maximum(runs, 1)).mean(axis=1)
    brevity = np.minimum(0.0, 1.0 - wanted / np.maximum(written, 1))
    score: Numbers = np.exp(precision + brevity)
    return score


def _told(draws: Numbers) -> dict[str, Any]:
    """Metrics that apply, each with its interval, rounded for the file."""
    return {
        name: {key: round(value, 4) for key, value in asdict(interval_of(column)).items()}
        for name, column in zip(METRICS, draws.T, strict=True)
        if not np.isnan(column[0])
    }


def _ce_abn(counts: Counts, subsets: dict[str, Rows]) -> dict[str, Any]:
    wanted = METRICS[:2]
    scores = {name: scores_of(counts, rows) for name, rows in subsets.items()}
    return {
        name: {metric: one[metric] for metric in wanted if metric in one}
        for name, one in scores.items()
    }


def _macro_over(counts: Counts, rows: Rows) -> dict[str, list[str]]:
    """The columns with at least 10 positives: what each macro mean is taken over."""
    named = {"ce_abn": FINDINGS, "ce_organ": ORGANS, "chexpert14": class_names()}
    graded = (counts.findings, counts.organs, counts.classes)
    return {
        metric: [
            name for name, enough in zip(names, _frequent(one[:, rows]), strict=True) if enough
        ]
        for (metric, names), one in zip(named.items(), graded, strict=True)
    }


def _per_finding(counts: Counts) -> dict[str, Any]:
    """F1 and counts of every finding that is coded or said in some study."""
    totals = counts.findings.sum(axis=1)
    return {
        name: {
            "coded": int(right + missed),
            "said": int(right + extra),
            "f1": round(float(2 * right / (2 * right + extra + missed)), 3),
        }
        for name, (right, extra, missed) in zip(FINDINGS, totals.T, strict=True)
        if right + extra + missed
    }

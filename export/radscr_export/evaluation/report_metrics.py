"""Report scores with paired bootstrap intervals: CE-Abn, CE-Organ, CheXpert-14, BLEU-4, ROUGE-L."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from radscr_edge.ontology import FINDINGS, ORGANS
from radscr_export.evaluation.bootstrap import interval
from radscr_export.evaluation.report_bootstrap import Numbers, draw_weights
from radscr_export.evaluation.report_counts import (
    WORDS,
    Counts,
    class_names,
    count_codes,
    count_hedged,
    count_texts,
)
from radscr_export.evaluation.report_truth import SystemReports, Truth
from radscr_export.metrics import FEWEST_POSITIVES

METRICS: Final = (
    *("ce_abn_micro", "ce_abn_macro", "ce_organ_micro", "ce_organ_macro"),
    *("chexpert14_micro", "chexpert14_macro", "bleu4", "rouge_l"),
)
Rows = NDArray[np.int64]
Given = TypeVar("Given")


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
    draws = {one.name: each_subset(truth, partial(draws_of, one)) for one in counts}
    return {
        "studies": each_subset(truth, len),
        "macro_over": each_subset(truth, partial(_macro_over, counts[0])),
        "chexpert_classes": list(class_names()),
        **compared(draws),
        "hedged": {
            one.name: each_subset(truth, partial(_ce_abn, count_hedged(one, truth)))
            for one in systems
        },
        "per_finding": {one.name: _per_finding(one) for one in counts},
    }


def compared(
    draws: Mapping[str, Mapping[str, Numbers]], metrics: Sequence[str] = METRICS
) -> dict[str, Any]:
    """The scores of systems by subset, and how far the first is from each other.

    `draws` are of every system and subset, (1 + draws, metrics).
    """
    ours, *others = draws
    return {
        "systems": {
            name: {subset: scores(one, metrics) for subset, one in row.items()}
            for name, row in draws.items()
        },
        "differences": {
            name: {
                subset: difference(draws[ours][subset], one, metrics)
                for subset, one in draws[name].items()
            }
            for name in others
        },
    }


def draws_of(counts: Counts, rows: Rows) -> Numbers:
    """(1 + draws, metrics): each metric on the studies `rows`, then on every draw of them.

    Draws are the same for every system; nan where a metric does not apply.
    """
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


def each_subset(truth: Truth, figure: Callable[[Rows], Given]) -> dict[str, Given]:
    """A figure of the studies of every subset that has any, by its name."""
    return {name: figure(rows) for name, rows in _subsets(truth).items() if len(rows)}


def scores(draws: Numbers, metrics: Sequence[str] = METRICS) -> dict[str, Any]:
    """Metric -> value with its interval, where it applies; rounded for the file."""
    return {
        name: {key: round(value, 4) for key, value in asdict(interval(column)).items()}
        for name, column in zip(metrics, draws.T, strict=True)
        if not np.isnan(column[0])
    }


def difference(ours: Numbers, theirs: Numbers, metrics: Sequence[str] = METRICS) -> dict[str, Any]:
    """Metric -> ours minus theirs with its interval, and whether that excludes 0."""
    told = scores(ours - theirs, metrics)
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


def _ce_abn(counts: Counts, rows: Rows) -> dict[str, Any]:
    """CE-Abn alone."""
    told = scores(draws_of(counts, rows))
    return {name: told[name] for name in METRICS[:2] if name in told}


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

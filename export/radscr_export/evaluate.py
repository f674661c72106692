"""Measures a bundle as the clinic gets it: through the runtime, beside the linear model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from radscr_edge.contract import Bundle
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats, Side, Verdict
from radscr_export.baseline import linear_scores
from radscr_export.data.labels import State
from radscr_export.data.training_set import Studies, load_studies
from radscr_export.metrics import assessable, finding_aurocs, paired_macro
from radscr_export.walk import Walk, Walker

SETS = ("iu", "nih-PA", "nih-AP")
CRITIQUE_FILMS = 100


def evaluate(bundle_folder: Path, data: Path, split: str, out: Path) -> Path:
    """Writes metrics.json into `out` and returns its path."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "metrics.json"
    figures = measure(Bundle.open(bundle_folder), data, split)
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return path


def measure(bundle: Bundle, data: Path, split: str) -> dict[str, Any]:
    """Detection, hypotheses before and after critique, sides; per data set, never pooled."""
    studies = load_studies(data, split, bundle.shapes.image_size)
    walker = Walker.open(bundle, next(iter(bundle.variants)))
    rules = walker.networks.variant.rules
    walks = list(walker.walk(studies, rules, np.arange(len(studies.ids))))
    logits = np.stack([walk.logits for walk in walks])
    linear = linear_scores(data, split)
    return {
        "split": split,
        "variant": walker.networks.variant.name,
        "bundle": bundle.name,
        "detection": {name: _detection(logits, linear, studies, studies.of(name)) for name in SETS},
        "hypotheses": {name: _hypotheses(walks, studies, studies.of(name)) for name in SETS},
        "critique": _critique_effect(walks[:CRITIQUE_FILMS]),
        "sides": _sides(walks, studies),
    }


def _detection(ours: Floats, linear: Floats, studies: Studies, rows: np.ndarray) -> dict[str, Any]:
    states = studies.states[rows]
    findings = assessable(states)
    mine, theirs, difference = paired_macro(ours[rows], linear[rows], states)
    pairs = zip(
        findings,
        finding_aurocs(ours[rows], states, findings),
        finding_aurocs(linear[rows], states, findings),
        strict=True,
    )
    return {
        "films": len(rows),
        "findings": len(findings),
        "macro_auroc": asdict(mine),
        "linear_macro_auroc": asdict(theirs),
        "difference": asdict(difference),
        "per_finding": {
            FINDINGS[index]: {
                "positives": int((states[:, index] == State.POSITIVE).sum()),
                "auroc": round(float(own), 3),
                "linear_auroc": round(float(other), 3),
            }
            for index, own, other in pairs
        },
    }


def _hypotheses(walks: Sequence[Walk], studies: Studies, rows: np.ndarray) -> dict[str, Any]:
    """How many hypotheses were raised, and how many of the labelled ones were right."""
    raised = {"before critique": [0, 0], "after critique": [0, 0]}
    positives = int((studies.states[rows] == State.POSITIVE).sum())
    for row in rows:
        for finding in walks[int(row)].findings:
            state = studies.states[row, FINDINGS.index(finding.place.hypothesis.finding)]
            if state == State.UNKNOWN:
                continue
            kept = finding.verdict is not Verdict.WITHDRAWN
            for name in ("before critique", *(["after critique"] if kept else [])):
                raised[name][0] += 1
                raised[name][1] += int(state == State.POSITIVE)
    return {
        name: {
            "raised": count,
            "precision": round(right / max(1, count), 3),
            "recall": round(right / max(1, positives), 3),
        }
        for name, (count, right) in raised.items()
    }


def _critique_effect(walks: Sequence[Walk]) -> dict[str, Any]:
    """Share of hypotheses whose top sentence would have been another without critiques."""
    findings = [finding for walk in walks for finding in walk.findings]
    changed = sum(finding.evidence[0].rank_without_critique > 1 for finding in findings)
    standing = (Verdict.ASSERTED, Verdict.HEDGED)
    withdrawn = sum(finding.verdict not in standing for finding in findings)
    best = [finding.evidence[0] for finding in findings]
    return {
        "films": len(walks),
        "hypotheses": len(findings),
        "top_sentence_changed": round(changed / max(1, len(findings)), 3),
        "not_asserted": round(withdrawn / max(1, len(findings)), 3),
        "abnormality_score_deviation": _deviation([one.abnormality_score for one in best]),
        "image_score_deviation": _deviation([one.image_score for one in best]),
    }


def _deviation(scores: Sequence[float]) -> float:
    return round(float(np.std(scores)), 3) if scores else 0.0


def _sides(walks: Sequence[Walk], studies: Studies) -> dict[str, Any]:
    """Where a side was asserted of a finding coded on one side: how often it was that side."""
    right = asserted = coded = 0
    for row in studies.of("iu"):
        for finding in walks[int(row)].findings:
            index = FINDINGS.index(finding.place.hypothesis.finding)
            mention = studies.mentions[row].get(index)
            if mention is None or mention.side not in (Side.RIGHT, Side.LEFT):
                continue
            coded += 1
            if finding.place.side is not Side.NONE:
                asserted += 1
                right += int(finding.place.side is mention.side)
    return {"coded_one_sided": coded, "side_asserted": asserted, "side_right": right}

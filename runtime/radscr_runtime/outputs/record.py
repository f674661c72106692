"""report.json: a Report as plain values, in the shape that report.schema.json publishes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from radscr_edge.patches import outlines_of
from radscr_edge.records import Evidence, Finding, Hypothesis, Line, Missed, Report

SCHEMA = "radscr-edge report 1"
BANNER = (
    "Research use only. Not a medical device. Written by software without a radiologist; "
    "it may be wrong and may miss disease."
)
SECTIONS = ("findings", "impression", "limitations")


def to_record(report: Report, timing: Mapping[str, float] | None = None) -> dict[str, Any]:
    """The report as JSON values; boxes in pixels of the original image, seconds in `timing`."""
    film, composition = report.radiograph, report.composition
    return {
        "schema": SCHEMA,
        "banner": BANNER,
        "study": {
            "name": _printable(film.name),
            "digest": film.digest,
            "view": film.view,
            "side_known": film.side_known,
            "spacing_mm": film.spacing_mm,
            "width": film.geometry.original_width,
            "height": film.geometry.original_height,
            "upright": list(film.pixels.shape[::-1]),
            "quarter_turns": film.geometry.quarter_turns,
            "mirrored": film.geometry.mirrored,
            "notes": list(film.notes),
        },
        "report": {
            section: [_line(line) for line in composition.lines if line.section == section]
            for section in SECTIONS
        },
        "findings": [_finding(finding, film.pixels.shape) for finding in report.findings],
        "missed": _missed(report),
        "hypotheses": [_hypothesis(hypothesis) for hypothesis in report.hypotheses],
        "composition": {"decoder": composition.decoder, "remark": composition.remark},
        "provenance": asdict(report.provenance) | {"remarks": list(report.provenance.remarks)},
        "timing": {name: round(seconds, 6) for name, seconds in (timing or {}).items()},
    }


def to_json(record: Mapping[str, Any]) -> str:
    """The record as the text of report.json: the same study gives the same bytes, times aside."""
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def _line(line: Line) -> dict[str, Any]:
    values = asdict(line)
    del values["section"]
    return values


def _printable(name: str) -> str:
    """A file name as text; bytes that are no UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")


def _number(value: float) -> float:
    return round(float(value), 6)


def _hypothesis(hypothesis: Hypothesis) -> dict[str, Any]:
    return {
        "finding": hypothesis.finding,
        "probability": _number(hypothesis.probability),
        "calibrated": hypothesis.calibrated,
        "threshold": _number(hypothesis.threshold),
        "presence": hypothesis.presence,
        "validated": hypothesis.validated,
    }


def _finding(finding: Finding, shape: tuple[int, ...]) -> dict[str, Any]:
    place = finding.place
    return {
        "finding": place.hypothesis.finding,
        "verdict": finding.verdict,
        "reason": finding.reason,
        "probability": _number(place.hypothesis.probability),
        "calibrated": place.hypothesis.calibrated,
        "threshold": _number(place.hypothesis.threshold),
        "zones": list(place.zones),
        "side": place.side,
        "side_share": _number(place.side_share),
        "fallback": place.fallback,
        "boxes": [[box.x0, box.y0, box.x1, box.y1] for box in place.boxes],
        "region": {"outline": outlines_of(place.region, shape[0], shape[1])},
        "best_rival": finding.best_rival,
        "rival_score": _number(finding.rival_score),
        "margin": _number(finding.margin),
        "donors": list(finding.donors),
        "evidence": [_evidence(evidence) for evidence in finding.evidence],
        "hedge": None if finding.hedge is None else finding.hedge.id,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "sentence_id": evidence.sentence.id,
        "text": evidence.sentence.text,
        "score": _number(evidence.score),
        "similarity": _number(evidence.similarity),
        "abnormality_score": _number(evidence.abnormality_score),
        "image_score": _number(evidence.image_score),
        "rank_without_critique": evidence.rank_without_critique,
    }


def _missed(report: Report) -> list[dict[str, Any]]:
    decisions = {one.sentence_id: one for one in report.composition.decisions}
    return [_one_missed(one) | _decision(decisions, one) for one in report.missed]


def _one_missed(one: Missed) -> dict[str, Any]:
    return {
        "sentence_id": one.sentence.id,
        "text": one.sentence.text,
        "finding": one.sentence.finding,
        "score": _number(one.score),
        "probability": _number(one.probability),
    }


def _decision(decisions: Mapping[str, Any], one: Missed) -> dict[str, Any]:
    decision = decisions[one.sentence.id]
    odds = decision.log_odds
    return {
        "kept": decision.kept,
        "decided_by": decision.decided_by,
        "log_odds": None if odds is None else _number(odds),
    }

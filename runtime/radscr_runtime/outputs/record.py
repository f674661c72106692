"""report.json: a Report as plain values, in the shape that report.schema.json publishes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from radscr_edge.claims import Status
from radscr_edge.patches import outlines_of
from radscr_edge.prose import Prose
from radscr_edge.records import Evidence, Finding, Hypothesis, Line, Missed, Report
from radscr_runtime.outputs.words import Words, load_words

SCHEMA = "radscr-edge report 5"
SECTIONS = ("technique", "findings", "impression", "advice", "limitations")


def to_record(
    report: Report, timing: Mapping[str, float] | None = None, language: str = "en"
) -> dict[str, Any]:
    """The report as JSON values; boxes in pixels of the original image, seconds in `timing`.

    In another `language` than English every sentence stands beside its English original; codes
    (findings, zones, verdicts) stay as they are. LibraryError where the language is unknown.
    """
    film, composition, words = report.radiograph, report.composition, load_words(language)
    return {
        "schema": SCHEMA,
        "language": language,
        "banner": words.say("report", "banner"),
        "translation": None if language == "en" else words.say("report", "unreviewed"),
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
            section: [_line(line, report, words) for line in _of(report, section)]
            for section in SECTIONS
        },
        "findings": [_finding(one, film.pixels.shape, words) for one in report.findings],
        "missed": _missed(report, words),
        "hypotheses": [_hypothesis(hypothesis) for hypothesis in report.hypotheses],
        "composition": {
            "decoder": composition.decoder,
            "remark": composition.remark,
            "prose": _prose(composition.prose),
        },
        "provenance": asdict(report.provenance) | {"remarks": list(report.provenance.remarks)},
        "timing": {name: round(seconds, 6) for name, seconds in (timing or {}).items()},
    }


def to_json(record: Mapping[str, Any]) -> str:
    """The record as the text of report.json: the same study gives the same bytes, times aside."""
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def hash_of(sentence: str) -> str:
    """SHA-256 of an English sentence as it was said, slots filled; 64 hexadecimal digits."""
    return hashlib.sha256(sentence.encode()).hexdigest()


def _prose(prose: Prose | None) -> list[dict[str, Any]] | None:
    """The sentences of the prose with the ids that each came from; English in every language."""
    if prose is None:
        return None
    return [{"text": one.text, "sentence_ids": list(one.sentence_ids)} for one in prose.clauses]


def _of(report: Report, section: str) -> list[Line]:
    return [line for line in report.composition.lines if line.section == section]


def _line(line: Line, report: Report, words: Words) -> dict[str, Any]:
    return {
        **asdict(words.sentence(line.sentence_id, line.text, line.slots)),
        "sentence_id": line.sentence_id,
        "sha256": hash_of(line.text),
        "slots": dict(line.slots),
        "finding": line.finding,
        "source": line.source,
        "place": line.place,
        "lender": line.lender,
        "status": status_of(line.source, line.finding, report.hypotheses),
    }


def status_of(source: str, finding: str, hypotheses: Sequence[Hypothesis]) -> Status | None:
    """How well the finding is validated that a line of that source affirms, hedges or denies."""
    if source not in ("Q", "U", "negative") or not finding:
        return None
    return next(one.status for one in hypotheses if one.finding == finding)


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
        "affirmed": _affirmed(hypothesis),
        "presence": hypothesis.presence,
        "status": hypothesis.status,
    }


def _affirmed(hypothesis: Hypothesis) -> float | None:
    return None if hypothesis.affirmed is None else _number(hypothesis.affirmed)


def _finding(finding: Finding, shape: tuple[int, ...], words: Words) -> dict[str, Any]:
    place, reason = finding.place, finding.reason
    return {
        "finding": place.hypothesis.finding,
        "verdict": finding.verdict,
        "reason": words.sentence(reason.sentence_id, reason.text, reason.slots).text,
        "reason_id": reason.sentence_id,
        "reason_slots": dict(reason.slots),
        "probability": _number(place.hypothesis.probability),
        "calibrated": place.hypothesis.calibrated,
        "threshold": _number(place.hypothesis.threshold),
        "affirmed": _affirmed(place.hypothesis),
        "status": place.hypothesis.status,
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


def _missed(report: Report, words: Words) -> list[dict[str, Any]]:
    decisions = {one.sentence_id: one for one in report.composition.decisions}
    return [_one_missed(one, words) | _decision(decisions, one) for one in report.missed]


def _one_missed(one: Missed, words: Words) -> dict[str, Any]:
    return {
        **asdict(words.sentence(one.sentence.id, one.sentence.text)),
        "sentence_id": one.sentence.id,
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

"""Reads a report.json back as untrusted input: what can be replayed of it, its types checked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from radscr_edge.claims import Status
from radscr_edge.errors import RadscrError
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Hypothesis, Presence, Verdict, View
from radscr_runtime.outputs.record import SCHEMA, SECTIONS

T = TypeVar("T")


class ReportError(RadscrError):
    """A file that is no report, or one that this program cannot replay."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A sentence that does not replay."""

    where: str
    """Path in report.json."""
    sentence_id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}, {self.sentence_id!r}: {self.reason}."


@dataclass(frozen=True, slots=True)
class SavedSentence:
    """A sentence as the report gives it."""

    where: str
    """Path in the file, e.g. 'report.findings[2]'."""
    sentence_id: str
    text: str
    original: str | None
    translated: bool
    slots: dict[str, str]


@dataclass(frozen=True, slots=True)
class SavedLine:
    """A line of the report."""

    sentence: SavedSentence
    section: str
    sha256: str
    finding: str
    source: str
    place: int | None
    lender: str
    status: str | None


@dataclass(frozen=True, slots=True)
class SavedEvidence:
    """A retrieved sentence by its id, with the English text that the report shows for it."""

    where: str
    sentence_id: str
    text: str


@dataclass(frozen=True, slots=True)
class SavedFilm:
    """What the report says of the film itself."""

    digest: str
    """SHA-256 of its file."""
    view: View
    side_known: bool
    quarter_turns: int
    mirrored: bool


@dataclass(frozen=True, slots=True)
class SavedFinding:
    """A hypothesis that was raised, with its sentences."""

    where: str
    finding: str
    fallback: bool
    """Whether its location is uncertain."""
    status: str
    verdict: Verdict
    reason: str
    reason_id: str
    reason_slots: dict[str, str]
    evidence: tuple[SavedEvidence, ...]
    hedge: str | None

    @property
    def said(self) -> tuple[str, ...]:
        """Ids of what the report must say of it, unless it is withdrawn or implied."""
        return (self.hedge,) if self.hedge else tuple(one.sentence_id for one in self.evidence)


@dataclass(frozen=True, slots=True)
class SavedMissed:
    """A candidate of the missed-finding check and what was decided."""

    sentence: SavedSentence
    finding: str
    kept: bool
    decided_by: str
    log_odds: float | None


@dataclass(frozen=True, slots=True)
class SavedClause:
    """A sentence of the prose with the ids that it names."""

    where: str
    text: str
    sentence_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SavedReport:
    """What can be replayed of a report."""

    language: str
    banner: str
    translation: str | None
    bundle_digest: str
    film: SavedFilm
    lines: tuple[SavedLine, ...]
    findings: tuple[SavedFinding, ...]
    missed: tuple[SavedMissed, ...]
    hypotheses: tuple[Hypothesis, ...]
    """In ontology order, their numbers rounded."""
    decoder: str
    remark: str
    prose: tuple[SavedClause, ...] | None

    @property
    def presence(self) -> dict[str, Presence]:
        """Per finding of the ontology."""
        return {one.finding: one.presence for one in self.hypotheses}


def load_report(path: Path) -> SavedReport:
    """The report in a file; ReportError where it cannot be read or is no report of this schema."""
    try:
        record = json.loads(path.read_bytes())
    except OSError as problem:
        raise ReportError(f"{path} cannot be read ({problem.strerror}). Give a report.json.") from (
            problem
        )
    except (ValueError, RecursionError) as problem:
        raise ReportError(f"{path} is damaged: it is no JSON. Read the study again.") from problem
    try:
        schema = _take(record, "schema", str)
        if schema == SCHEMA:
            return _report(record)
    except (KeyError, OverflowError, TypeError, ValueError) as problem:
        raise ReportError(
            f"{path} is damaged or was altered: {problem}. Read the study again."
        ) from problem
    raise ReportError(
        f"{path} is {schema[:60]!r}; this program replays {SCHEMA!r}. "
        "Verify it with the program that wrote it."
    )


def _report(record: Any) -> SavedReport:
    body, composition = _take(record, "report", dict), _take(record, "composition", dict)
    hypotheses = tuple(map(_hypothesis, _rows(record, "hypotheses", "")))
    if tuple(one.finding for one in hypotheses) != tuple(FINDINGS):
        raise ValueError("it does not list the abnormalities of this program")
    return SavedReport(
        language=_take(record, "language", str),
        banner=_take(record, "banner", str),
        translation=_or_none(record, "translation", str),
        bundle_digest=_take(_take(record, "provenance", dict), "bundle_digest", str),
        film=_film(_take(record, "study", dict)),
        lines=tuple(
            _line(row, section, f"report.{section}[{number}]")
            for section in SECTIONS
            for number, row in enumerate(_rows(body, section, "report."))
        ),
        findings=tuple(
            _finding(row, f"findings[{number}]")
            for number, row in enumerate(_rows(record, "findings", ""))
        ),
        missed=tuple(
            _missed(row, f"missed[{number}]")
            for number, row in enumerate(_rows(record, "missed", ""))
        ),
        hypotheses=hypotheses,
        decoder=_take(composition, "decoder", str),
        remark=_take(composition, "remark", str),
        prose=_prose(composition),
    )


def _film(study: Any) -> SavedFilm:
    digest = _take(study, "digest", str)
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError("study.digest is no SHA-256")
    return SavedFilm(
        digest=digest,
        view=View(study["view"]),
        side_known=_take(study, "side_known", bool),
        quarter_turns=_take(study, "quarter_turns", int),
        mirrored=_take(study, "mirrored", bool),
    )


def _hypothesis(row: Any) -> Hypothesis:
    return Hypothesis(
        finding=_take(row, "finding", str),
        probability=_number(row, "probability"),
        calibrated=_take(row, "calibrated", bool),
        threshold=_number(row, "threshold"),
        affirmed=None if row["affirmed"] is None else _number(row, "affirmed"),
        presence=Presence(row["presence"]),
        status=Status(row["status"]),
    )


def _prose(composition: Any) -> tuple[SavedClause, ...] | None:
    if _or_none(composition, "prose", list) is None:
        return None
    return tuple(
        SavedClause(
            f"composition.prose[{number}]",
            _take(row, "text", str),
            tuple(map(str, _take(row, "sentence_ids", list))),
        )
        for number, row in enumerate(_rows(composition, "prose", "composition."))
    )


def _line(row: Any, section: str, where: str) -> SavedLine:
    return SavedLine(
        sentence=_sentence(row, where, _slots(row, "slots")),
        section=section,
        sha256=_take(row, "sha256", str),
        finding=_take(row, "finding", str),
        source=_take(row, "source", str),
        place=_or_none(row, "place", int),
        lender=_take(row, "lender", str),
        status=_or_none(row, "status", str),
    )


def _sentence(row: Any, where: str, slots: dict[str, str]) -> SavedSentence:
    return SavedSentence(
        where=where,
        sentence_id=_take(row, "sentence_id", str),
        text=_take(row, "text", str),
        original=_or_none(row, "original", str),
        translated=_take(row, "translated", bool),
        slots=slots,
    )


def _finding(row: Any, where: str) -> SavedFinding:
    finding = _take(row, "finding", str)
    if finding not in FINDINGS:
        raise ValueError(f"{where}.finding is none of the abnormalities")
    return SavedFinding(
        where=where,
        finding=finding,
        fallback=_take(row, "fallback", bool),
        status=_take(row, "status", str),
        verdict=Verdict(row["verdict"]),
        reason=_take(row, "reason", str),
        reason_id=_take(row, "reason_id", str),
        reason_slots=_slots(row, "reason_slots"),
        evidence=tuple(
            SavedEvidence(
                f"{where}.evidence[{number}]",
                _take(one, "sentence_id", str),
                _take(one, "text", str),
            )
            for number, one in enumerate(_rows(row, "evidence", f"{where}."))
        ),
        hedge=_or_none(row, "hedge", str),
    )


def _missed(row: Any, where: str) -> SavedMissed:
    odds = None if row["log_odds"] is None else _number(row, "log_odds")
    return SavedMissed(
        sentence=_sentence(row, where, {}),
        finding=_take(row, "finding", str),
        kept=_take(row, "kept", bool),
        decided_by=_take(row, "decided_by", str),
        log_odds=odds,
    )


def _rows(row: Any, key: str, within: str) -> list[Any]:
    rows = _take(row, key, list)
    for number, one in enumerate(rows):
        if not isinstance(one, dict):
            raise TypeError(f"{within}{key}[{number}] is no object")
    return rows


def _slots(row: Any, key: str) -> dict[str, str]:
    slots = _take(row, key, dict)
    if not all(isinstance(value, str) for value in slots.values()):
        raise TypeError(f"{key!r} holds what is no text")
    return slots


def _number(row: Any, key: str) -> float:
    return float(_take(row, key, (int, float)))


def _or_none(row: Any, key: str, kind: type[T]) -> T | None:
    return None if row[key] is None else _take(row, key, kind)


def _take(row: Any, key: str, kind: type[T] | tuple[type[T], ...]) -> T:
    if not isinstance(row, dict):
        raise TypeError("it is no JSON object")
    if key not in row:
        raise KeyError(f"{key} is missing")
    value = row[key]
    if not isinstance(value, kind):
        raise TypeError(f"{key!r} is a {type(value).__name__}")
    return value

"""Composes a saved report anew: what the last stage writes from what the record holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from radscr_edge.records import (
    Decision,
    Evidence,
    Finding,
    Framed,
    Geometry,
    Hypothesis,
    Line,
    Missed,
    Place,
    Radiograph,
    Sentence,
    Side,
)
from radscr_edge.wording import Role
from radscr_runtime.aggregate import Evidences, denials, lines_of
from radscr_runtime.library import Library
from radscr_runtime.saved_report import Fault, SavedFinding, SavedLine, SavedReport

ROUNDING: Final = 5e-7
"""By how much a number of the record may differ from the one that was read."""
BLURRED: Final = "frame.limitation.detail"


@dataclass(frozen=True, slots=True)
class _Outline:
    """What a line says and where, its wording aside."""

    section: str
    source: str
    sentence_id: str
    place: int | None
    slots: frozenset[tuple[str, str]]


def misplaced(
    report: SavedReport, library: Library, sentences: Mapping[str, Sentence]
) -> Iterator[Fault]:
    """Lines that the last stage does not write from this record, and those that are missing.

    Nothing where a sentence of the record is not in the library, or not about its finding. Advice
    is owed where the report gives any.
    """
    try:
        evidences = _evidences(report, sentences)
    except KeyError:
        return
    alike, lines = _composed(report, library, evidences)
    owed = Counter(_outline(one, alike) for one in lines)
    seen = Counter[_Outline]()
    for line in report.lines:
        outline = _outline(_as_line(line), alike)
        seen[outline] += 1
        if seen[outline] > owed[outline]:
            said = line.sentence
            yield Fault(said.where, said.sentence_id, "its record gives no such line here")
    for outline in (owed - seen).elements():
        where = f"report.{outline.section}"
        yield Fault(where, outline.sentence_id, "its record gives this line too, and it is missing")


def _composed(
    report: SavedReport, library: Library, evidences: Evidences
) -> tuple[Mapping[str, str], tuple[Line, ...]]:
    """Per sentence id the one that stands for all that may be said in its place; the lines."""
    decisions = [
        Decision(one.sentence.sentence_id, one.kept, one.decided_by, one.log_odds)
        for one in report.missed
    ]
    advice = any(one.section == "advice" for one in report.lines)
    choices = [*(some for _, some in denials(library, evidences, decisions)), *_advice(library)]
    alike = {one.id: some[0].id for some in choices for one in some}
    return alike, lines_of(library, evidences, decisions, advice)


def _outline(line: Line, alike: Mapping[str, str]) -> _Outline:
    said = alike.get(line.sentence_id, line.sentence_id)
    return _Outline(line.section, line.source, said, line.place, frozenset(line.slots))


def _as_line(saved: SavedLine) -> Line:
    said = saved.sentence
    return Line(
        text=said.original or said.text,
        sentence_id=said.sentence_id,
        section=saved.section,
        finding=saved.finding,
        source=saved.source,
        place=saved.place,
        slots=tuple(said.slots.items()),
    )


def _advice(library: Library) -> list[list[Sentence]]:
    every = library.composed[Role.ADVICE]
    return [[one for one in every if one.finding == name] for name in {x.finding for x in every}]


def _evidences(report: SavedReport, sentences: Mapping[str, Sentence]) -> Evidences:
    """What the last stage reads of it; KeyError where the library lacks a sentence."""
    hypotheses = _as_read(report)
    by_name = {one.finding: one for one in hypotheses}
    return Evidences(
        radiograph=_radiograph(report),
        hypotheses=hypotheses,
        findings=tuple(_finding(one, by_name, sentences) for one in report.findings),
        missed=tuple(
            Missed(_about(one.finding, one.sentence.sentence_id, sentences), 0.0, 0.0)
            for one in report.missed
        ),
    )


def _as_read(report: SavedReport) -> tuple[Hypothesis, ...]:
    """The hypotheses with the numbers, among those that round to the saved ones, it speaks for."""
    chosen = {one.finding for one in report.lines if one.section == "impression"}
    blurred = any(one.sentence.sentence_id == BLURRED for one in report.lines)
    return tuple(_unrounded(one, one.finding in chosen, blurred) for one in report.hypotheses)


def _unrounded(one: Hypothesis, chosen: bool, blurred: bool) -> Hypothesis:
    more = ROUNDING if chosen else -ROUNDING
    higher = -2 * ROUNDING if blurred else 2 * ROUNDING
    return replace(
        one,
        probability=one.probability + more,
        threshold=one.threshold - more,
        affirmed=None if one.affirmed is None else one.affirmed + higher,
    )


def _radiograph(report: SavedReport) -> Radiograph:
    """The film without its pixels, which the last stage does not read."""
    film = report.film
    return Radiograph(
        pixels=np.zeros((1, 1), np.uint8),
        geometry=Geometry(1, 1, film.quarter_turns, film.mirrored),
        view=film.view,
        name="",
        digest=film.digest,
        side_known=film.side_known,
        spacing_mm=None,
    )


def _finding(
    saved: SavedFinding, hypotheses: Mapping[str, Hypothesis], sentences: Mapping[str, Sentence]
) -> Finding:
    """A finding without its region and scores, which the last stage does not read."""
    return Finding(
        place=Place(
            hypothesis=hypotheses[saved.finding],
            region=np.ones(1, np.bool_),
            boxes=(),
            zones=(),
            side=Side.NONE,
            side_share=0.0,
            fallback=saved.fallback,
        ),
        verdict=saved.verdict,
        reason=Framed(saved.reason, saved.reason_id, ()),
        evidence=_evidence(saved, sentences),
        hedge=_about(saved.finding, saved.hedge, sentences) if saved.hedge else None,
        best_rival="",
        rival_score=0.0,
        margin=0.0,
        donors=(),
    )


def _evidence(saved: SavedFinding, sentences: Mapping[str, Sentence]) -> tuple[Evidence, ...]:
    if not saved.evidence:
        raise KeyError(saved.finding)
    known = [_about(saved.finding, one.sentence_id, sentences) for one in saved.evidence]
    return tuple(Evidence(one, 0.0, 0.0, 0.0, 0.0, 1) for one in known)


def _about(finding: str, sentence_id: str, sentences: Mapping[str, Sentence]) -> Sentence:
    """The sentence of that id; KeyError where there is none about that finding."""
    sentence = sentences[sentence_id]
    if not finding or sentence.finding != finding:
        raise KeyError(sentence_id)
    return sentence

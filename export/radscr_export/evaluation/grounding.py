"""What every line of a report rests on, and whether its lines can stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

from radscr_edge.records import Composition, Finding, Line, Sentence, Side, Verdict
from radscr_edge.relations import Relation, relate, worst_relation
from radscr_edge.sentences import frame_templates
from radscr_export.evaluation.composed import SECTIONS
from radscr_export.evaluation.report_bank import spoken_sentences
from radscr_export.evaluation.report_truth import SystemReports
from radscr_export.walk import Walk
from radscr_runtime.library import Library

ONE_SIDE = (Side.RIGHT, Side.LEFT)


def grounding_figures(
    library: Library, walks: Sequence[Walk], composed: Sequence[Composition]
) -> dict[str, Any]:
    """Shares of lines traced to library and region, sides, contradictions; None without a case.

    Lines are those of findings and impression. Only retrieved lines (Q) point at a region: a denial
    or a missed-finding candidate speaks of the film, a frame of the report. Walks and reports are
    in the same order.
    """
    sentences = {one.id: one for one in _every_sentence(library)}
    known = sentences.keys() | frame_templates().keys()
    lines = [line for one in composed for line in _scored(one)]
    placed = [
        (line, walk.findings[line.place] if line.place is not None else None)
        for walk, one in zip(walks, composed, strict=True)
        for line in _scored(one)
        if line.source == "Q"
    ]
    spoken = [
        one for walk in walks for one in walk.findings if one.verdict is not Verdict.WITHDRAWN
    ]
    relations = [list(_relations(one, sentences)) for one in composed]
    return {
        "reports": len(composed),
        "lines": len(lines),
        "traced_to_library": _share(line.sentence_id in known for line in lines),
        "retrieved_lines": len(placed),
        "retrieved_traced_to_region": _share(_has_region(one) for _, one in placed),
        "findings_said": len(spoken),
        "fallback_regions": _share(one.place.fallback for one in spoken),
        "side_agreement": _share(_agreements(placed, sentences)),
        "reports_with_contradiction": _with(Relation.CONTRADICTION, relations),
        "reports_with_tension": _with(Relation.TENSION, relations),
    }


def contradictions_of(reports: SystemReports) -> dict[str, Any]:
    """Reports of any system in which two sentences, as the labeler reads them, cannot both be true.

    Others' wording is read leniently (see radscr_edge.relations).
    """
    relations = [
        [
            worst_relation(one.mentions, other.mentions, strict=False)
            for one, other in combinations(spoken_sentences(text), 2)
        ]
        for text in reports.texts
    ]
    return {
        "reports": len(relations),
        "reports_with_contradiction": _with(Relation.CONTRADICTION, relations),
        "reports_with_tension": _with(Relation.TENSION, relations),
    }


def _every_sentence(library: Library) -> Iterator[Sentence]:
    yield from library.sentences
    for composed in library.composed.values():
        yield from composed


def _scored(composition: Composition) -> list[Line]:
    return [line for line in composition.lines if line.section in SECTIONS]


def _has_region(finding: Finding | None) -> bool:
    return finding is not None and bool(finding.place.region.any())


def _agreements(
    placed: Sequence[tuple[Line, Finding | None]], sentences: dict[str, Sentence]
) -> Iterator[bool]:
    """Of the retrieved lines that name one side: whether their region was asserted to lie there."""
    for line, finding in placed:
        side = sentences[line.sentence_id].side if line.sentence_id in sentences else Side.NONE
        if side in ONE_SIDE:
            yield finding is not None and finding.place.side is side


def _relations(composition: Composition, sentences: dict[str, Sentence]) -> Iterator[Relation]:
    said = [
        sentences[line.sentence_id]
        for line in _scored(composition)
        if line.sentence_id in sentences
    ]
    return (relate(one, other) for one, other in combinations(said, 2))


def _with(relation: Relation, reports: Sequence[Sequence[Relation]]) -> int:
    return sum(relation in found for found in reports)


def _share(cases: Iterable[bool]) -> float | None:
    found = list(cases)
    return round(sum(found) / len(found), 4) if found else None

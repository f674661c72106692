"""Lines are traced to the library and to a region; what cannot stand together is counted."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from stand_ins import library, place, sentence

from radscr_edge.records import Composition, Line, Polarity, Side, Verdict
from radscr_export.evaluation.grounding import contradictions_of, grounding_figures
from radscr_export.evaluation.report_truth import SystemReports

EFFUSION = "pleural effusion"
RIGHT = sentence(EFFUSION, side=Side.RIGHT)
LEFT = sentence(EFFUSION, side=Side.LEFT)
NONE_LEFT = sentence(EFFUSION, Polarity.NEGATIVE, side=Side.LEFT)
MAYBE = sentence(EFFUSION, Polarity.UNCERTAIN)


@pytest.fixture
def books():
    return library([RIGHT, LEFT, NONE_LEFT, MAYBE], [[1, 0]] * 4)


def said(one, at=0, source="Q", section="findings"):
    return Line(one.text, one.id, section, one.finding, source, at)


def finding(side=Side.NONE, fallback=False, verdict=Verdict.ASSERTED):
    return SimpleNamespace(place=place(side=side, fallback=fallback), verdict=verdict)


def film(*findings):
    return SimpleNamespace(findings=findings)


def report(*lines):
    return Composition(tuple(lines), (), "plain", "")


def test_a_line_that_is_not_in_the_library_lowers_the_share(books) -> None:
    foreign = Line("I made this up.", "nobody.1", "findings", EFFUSION, "Q", None)

    figures = grounding_figures(books, [film(finding(Side.RIGHT))], [report(said(RIGHT), foreign)])

    assert figures["traced_to_library"] == 0.5
    assert figures["retrieved_traced_to_region"] == 0.5


def test_technique_and_limitations_are_no_lines_and_frames_are_known(books) -> None:
    frame = Line("...", "frame.impression.none", "impression", "", "frame", None)
    technique = Line("...", "unknown", "technique", "", "frame", None)

    figures = grounding_figures(books, [film()], [report(frame, technique)])

    assert (figures["lines"], figures["traced_to_library"]) == (1, 1.0)
    assert figures["retrieved_traced_to_region"] is None
    assert figures["fallback_regions"] is None


def test_a_side_word_must_be_that_of_the_region(books) -> None:
    walks = [film(finding(Side.RIGHT)), film(finding(Side.RIGHT))]

    figures = grounding_figures(books, walks, [report(said(RIGHT)), report(said(LEFT))])

    assert figures["side_agreement"] == 0.5


def test_withdrawn_findings_have_no_region_in_the_report(books) -> None:
    walks = [
        film(finding(fallback=True), finding(), finding(fallback=True, verdict=Verdict.WITHDRAWN))
    ]

    figures = grounding_figures(books, walks, [report(said(RIGHT))])

    assert (figures["findings_said"], figures["fallback_regions"]) == (2, 0.5)


def test_reports_that_contradict_themselves_are_counted(books) -> None:
    walks = [film(finding(Side.LEFT))] * 3
    denial, unsure = said(NONE_LEFT, None, "negative"), said(MAYBE, None, "U")
    reports = [report(said(LEFT), denial), report(said(RIGHT), denial), report(unsure, said(RIGHT))]

    figures = grounding_figures(books, walks, reports)

    assert figures["reports_with_contradiction"] == 1


def test_texts_of_any_system_are_read_for_contradictions() -> None:
    texts = (
        "Left pleural effusion. No pleural effusion.",
        "Left pleural effusion. No pneumothorax.",
        "Possible pneumothorax. No pneumothorax.",
    )

    figures = contradictions_of(SystemReports("some", texts))

    assert figures == {
        "reports": 3,
        "reports_with_contradiction": 1,
        "reports_with_tension": 1,
    }

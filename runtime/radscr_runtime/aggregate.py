"""Stage 8: Q, U and negatives -> the lines of the report; Q verbatim, always."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from radscr_edge.errors import DecoderError
from radscr_edge.ontology import ORGANS, load_ontology
from radscr_edge.records import (
    Composition,
    Decision,
    Finding,
    Hypothesis,
    Line,
    Missed,
    Polarity,
    Presence,
    Sentence,
    Side,
    Verdict,
)
from radscr_edge.sentences import frame
from radscr_runtime.decoders import Decoder, PlainDecoder
from radscr_runtime.library import Library
from radscr_runtime.timing import stage

IMPRESSIONS = 3
"""Findings that the impression repeats: critical ones, then those farthest above threshold."""


@dataclass(frozen=True, slots=True)
class Evidences:
    """Everything that the report is composed from."""

    hypotheses: tuple[Hypothesis, ...]
    findings: tuple[Finding, ...]
    missed: tuple[Missed, ...]
    side_known: bool


@stage
def aggregate(decoder: Decoder, library: Library, evidences: Evidences) -> Composition:
    """The report's lines and the decoder's decisions; `plain` decides where the decoder fails."""
    spoken = [finding for finding in evidences.findings if _spoken(finding)]
    said = [sentence for finding in spoken for sentence in _sentences(finding)]
    try:
        decisions, name, remark = decoder.decide(said, evidences.missed), decoder.name, ""
    except DecoderError as problem:
        plain = PlainDecoder()
        decisions, name = plain.decide(said, evidences.missed), plain.name
        remark = f"{problem} The plain decoder decided instead."
    lines = [
        *_retrieved(evidences.findings),
        *_supplements(evidences.missed, decisions),
        *_negatives(library, evidences),
        *_impression(evidences),
        *_limitations(evidences, _said_of(spoken, decisions, evidences.missed)),
    ]
    return Composition(tuple(lines), decisions, name, remark)


def _spoken(finding: Finding) -> bool:
    return finding.verdict is not Verdict.WITHDRAWN


def _sentences(finding: Finding) -> tuple[Sentence, ...]:
    """What the report says of a finding that is not withdrawn, best first."""
    if finding.hedge is not None:
        return (finding.hedge,)
    return tuple(one.sentence for one in finding.evidence)


def _sentence(finding: Finding) -> Sentence:
    return _sentences(finding)[0]


def _said_of(
    spoken: Sequence[Finding], decisions: Sequence[Decision], missed: Sequence[Missed]
) -> frozenset[str]:
    """The findings that the report affirms or hedges, with all that they imply."""
    names = [one.place.hypothesis.finding for one in spoken]
    kept = zip(missed, decisions, strict=True)
    names += [one.sentence.finding for one, decision in kept if decision.kept]
    return load_ontology().roll_up(names)


def _retrieved(findings: Sequence[Finding]) -> Iterator[Line]:
    """Q, organ by organ as reports go; each line points at its region."""
    order = sorted(
        (index for index, finding in enumerate(findings) if _spoken(finding)),
        key=lambda index: (
            ORGANS.index(_sentence(findings[index]).organ),
            -findings[index].place.hypothesis.strength,
        ),
    )
    for index in order:
        for sentence in _sentences(findings[index]):
            yield _line(sentence, "findings", "Q", index)


def _supplements(missed: Sequence[Missed], decisions: Sequence[Decision]) -> Iterator[Line]:
    for one, decision in zip(missed, decisions, strict=True):
        if decision.kept:
            yield _line(one.sentence, "findings", "U", None)


def _negatives(library: Library, evidences: Evidences) -> Iterator[Line]:
    """One denial per finding whose absence is supported; none that touches an open question."""
    touched = _touched(evidences)
    for hypothesis in evidences.hypotheses:
        if hypothesis.presence is Presence.ABSENT and hypothesis.finding not in touched:
            rows = library.about[hypothesis.finding, Polarity.NEGATIVE]
            denials = [library.sentences[row] for row in rows.tolist()]
            plain = next(one for one in denials if one.side is Side.NONE and not one.zone)
            yield _line(plain, "findings", "negative", None)


def _touched(evidences: Evidences) -> set[str]:
    """Findings that may not be denied: what is open, contains it, or is often confused with it."""
    ontology = load_ontology()
    present = (Presence.PRESENT, Presence.INDETERMINATE)
    names = {one.finding for one in evidences.hypotheses if one.presence in present}
    names |= {one.sentence.finding for one in evidences.missed}
    return {other for name in names for other in ontology.kin(name) - ontology.descendants(name)}


def _impression(evidences: Evidences) -> Iterator[Line]:
    asserted = _asserted(evidences.findings)
    for index in asserted[:IMPRESSIONS]:
        yield _line(_sentence(evidences.findings[index]), "impression", "Q", index)
    doubtful = _names(evidences.findings, Verdict.CANNOT_BE_EXCLUDED)
    if doubtful:
        yield _frame("frame.impression.critical", "impression", findings=doubtful)
    if not asserted:
        # A withdrawn hypothesis was above its threshold: the other frame would deny that.
        kind = "frame.impression.unasserted" if evidences.findings else "frame.impression.none"
        assessed = [h for h in evidences.hypotheses if h.presence is not Presence.NOT_ASSESSED]
        yield _frame(kind, "impression", count=str(len(assessed)))


def _asserted(findings: Sequence[Finding]) -> list[int]:
    """Asserted findings, most urgent first; one that another of them implies is left to it."""
    indices = [index for index, one in enumerate(findings) if one.verdict is Verdict.ASSERTED]
    names = [findings[index].place.hypothesis.finding for index in indices]
    implied = set[str]().union(*(load_ontology().ancestors(name) for name in names))
    specific = [index for index, name in zip(indices, names, strict=True) if name not in implied]
    return sorted(specific, key=lambda index: _urgency(findings[index]))


def _urgency(finding: Finding) -> tuple[bool, float]:
    hypothesis = finding.place.hypothesis
    return not load_ontology()[hypothesis.finding].critical, -hypothesis.strength


def _limitations(evidences: Evidences, said: frozenset[str]) -> Iterator[Line]:
    spoken = [one.place for one in evidences.findings if _spoken(one)]
    unsaid = [one for one in evidences.hypotheses if one.finding not in said]
    listed = {
        "location": [one.hypothesis for one in spoken if one.fallback],
        "few_cases": [one.hypothesis for one in spoken if not one.hypothesis.validated],
        "indeterminate": [one for one in unsaid if one.presence is Presence.INDETERMINATE],
        "not_assessed": [one for one in unsaid if one.presence is Presence.NOT_ASSESSED],
    }
    for kind, hypotheses in listed.items():
        if hypotheses:
            findings = ", ".join(one.finding for one in hypotheses)
            yield _frame(f"frame.limitation.{kind}", "limitations", findings=findings)
    yield _frame("frame.limitation.outside", "limitations")
    if not evidences.side_known:
        yield _frame("frame.limitation.side", "limitations")


def _names(findings: Sequence[Finding], verdict: Verdict) -> str:
    return ", ".join(one.place.hypothesis.finding for one in findings if one.verdict is verdict)


def _line(sentence: Sentence, section: str, source: str, place: int | None) -> Line:
    return Line(sentence.text, sentence.id, section, sentence.finding, source, place)


def _frame(sentence_id: str, section: str, **slots: str) -> Line:
    return Line(frame(sentence_id, **slots), sentence_id, section, "", "frame", None)

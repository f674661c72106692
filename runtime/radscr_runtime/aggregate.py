"""Stage 8: Q, U and negatives -> the lines of the report; Q verbatim, always."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from radscr_edge.claims import Status
from radscr_edge.errors import DecoderError
from radscr_edge.labeler import Mention, label
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
    Radiograph,
    Sentence,
    Severity,
    Side,
    Verdict,
    View,
)
from radscr_edge.relations import Relation, covers, worst_relation
from radscr_edge.sentences import best_match, frame
from radscr_edge.wording import Role
from radscr_runtime.decoders.decoder import Decoder, Hearer, OnText, unheard
from radscr_runtime.decoders.fluent import with_prose
from radscr_runtime.decoders.plain import PlainDecoder
from radscr_runtime.library import Library
from radscr_runtime.timing import stage

ONE_SIDE = (Side.RIGHT, Side.LEFT)
IMPRESSIONS = 3
"""Findings that the impression repeats: critical ones, then those farthest above threshold."""
INSTEAD: Final = "The plain decoder decided instead."
"""How the remark ends where a decoder failed."""


@dataclass(frozen=True, slots=True)
class Evidences:
    """Everything that the report is composed from."""

    radiograph: Radiograph
    hypotheses: tuple[Hypothesis, ...]
    findings: tuple[Finding, ...]
    missed: tuple[Missed, ...]


@stage
def aggregate(
    decoder: Decoder,
    library: Library,
    evidences: Evidences,
    advice: bool = False,
    on_text: OnText = unheard,
) -> Composition:
    """The report's lines and the decoder's decisions; `plain` decides where the decoder fails.

    The report is complete before a fluent decoder writes; `on_text` hears it write.
    """
    hearer = Hearer(on_text)
    spoken = [evidences.findings[index] for index in _spoken(evidences.findings)]
    said = [sentence for finding in spoken for sentence in _sentences(finding)]
    try:
        decisions, name, remark = decoder.decide(said, evidences.missed), decoder.name, ""
    except DecoderError as problem:
        plain = PlainDecoder()
        decisions, name = plain.decide(said, evidences.missed), plain.name
        remark = f"{problem} {INSTEAD}"
    lines = lines_of(library, evidences, decisions, advice)
    composition = Composition(lines, decisions, name, remark)
    return composition if remark else with_prose(composition, decoder, hearer)


def lines_of(
    library: Library, evidences: Evidences, decisions: Sequence[Decision], advice: bool
) -> tuple[Line, ...]:
    """The report's lines, section by section, once U is decided: one decision each, in order."""
    spoken = [evidences.findings[index] for index in _spoken(evidences.findings)]
    lines = [
        *_technique(evidences.radiograph),
        *_findings(library, evidences, decisions),
        *_impression(library, evidences),
        *(_advice(library, evidences) if advice else ()),
        *_limitations(evidences, _said_of(spoken, decisions, evidences.missed)),
    ]
    return tuple(lines)


def _spoken(findings: Sequence[Finding]) -> list[int]:
    """All but the withdrawn ones; what an asserted finding says already is not hedged beside it."""
    asserted = [one for one in findings if one.verdict is Verdict.ASSERTED]
    return [
        index
        for index, one in enumerate(findings)
        if one.verdict is not Verdict.WITHDRAWN
        and not (one.verdict is Verdict.HEDGED and _covered(one, asserted))
    ]


def _covered(finding: Finding, others: Sequence[Finding]) -> bool:
    """Whether one of the others says all that the report would say of the finding, side too."""
    return any(covers(_sentence(one), _sentence(finding)) for one in others if one is not finding)


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


def _technique(film: Radiograph) -> Iterator[Line]:
    """How the film was taken and what was done to it before reading."""
    yield _frame(f"frame.technique.{film.view.lower()}", "technique")
    if film.view is View.AP:
        yield _frame("frame.technique.ap.heart", "technique")
    if film.geometry.quarter_turns:
        yield _frame("frame.technique.turned", "technique")
    if film.geometry.mirrored:
        yield _frame("frame.technique.mirrored", "technique")
    yield _frame("frame.technique.no_comparison", "technique")


def _findings(
    library: Library, evidences: Evidences, decisions: Sequence[Decision]
) -> Iterator[Line]:
    """Organ by organ, as reports go: what was retrieved, what was nearly missed, what is denied."""
    told = [
        *_retrieved(evidences.findings),
        *_supplements(evidences.missed, decisions),
        *_negatives(library, evidences, decisions),
    ]
    for organ in ORGANS:
        yield from (line for of_line, line in told if of_line == organ)


def _retrieved(findings: Sequence[Finding]) -> Iterator[tuple[str, Line]]:
    """Q with its organ, the farthest above threshold first; each line points at its region."""
    order = sorted(_spoken(findings), key=lambda index: -findings[index].place.hypothesis.strength)
    for index in order:
        for sentence in _sentences(findings[index]):
            yield sentence.organ, _line(sentence, "findings", "Q", index)


def _supplements(
    missed: Sequence[Missed], decisions: Sequence[Decision]
) -> Iterator[tuple[str, Line]]:
    for one, decision in zip(missed, decisions, strict=True):
        if decision.kept:
            yield one.sentence.organ, _line(one.sentence, "findings", "U", None)


def _negatives(
    library: Library, evidences: Evidences, decisions: Sequence[Decision]
) -> Iterator[tuple[str, Line]]:
    for organ, choices in denials(library, evidences, decisions):
        yield organ, _line(_pick(choices, evidences), "findings", "negative", None)


def denials(
    library: Library, evidences: Evidences, decisions: Sequence[Decision]
) -> Iterator[tuple[str, Sequence[Sentence]]]:
    """A denial per finding whose absence is supported, or of the whole organ where all are.

    Each with its organ and in all the wordings that fit.
    """
    touched = _touched(evidences)
    denied = {one.finding for one in evidences.hypotheses if one.presence is Presence.ABSENT}
    denied -= touched
    read = [one for sentence in _said(evidences, decisions) for one in _read(sentence.text)]
    for organ in ORGANS:
        about = [one for one in load_ontology().findings if organ in one.organs]
        if denied.issuperset(one.name for one in about):
            yield organ, [one for one in library.composed[Role.NORMAL] if one.organ == organ]
            continue
        for name in (one.name for one in about if one.organ == organ and one.name in denied):
            rows = library.about[name, Polarity.NEGATIVE].tolist()
            every = [library.sentences[row] for row in rows]
            plain = [one for one in every if one.side not in ONE_SIDE and not one.zone]
            yield organ, _at_peace(plain, read)


def _said(evidences: Evidences, decisions: Sequence[Decision]) -> Iterator[Sentence]:
    """What the report affirms or hedges."""
    for index in _spoken(evidences.findings):
        yield from _sentences(evidences.findings[index])
    for one, decision in zip(evidences.missed, decisions, strict=True):
        if decision.kept:
            yield one.sentence


def _at_peace(denials: Sequence[Sentence], said: Sequence[Mention]) -> Sequence[Sentence]:
    """Those whose words deny no more than their finding of what is said; all where none are.

    'Both pleural spaces are clear, with no effusion' has no place beside a pneumothorax.
    """
    if not said:
        return denials
    quiet = [one for one in denials if worst_relation(_read(one.text), said) < Relation.TENSION]
    return quiet or denials


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[Mention, ...]:
    """What the labeler reads in a sentence of the library."""
    return tuple(label(text))


def _pick(sentences: Sequence[Sentence], evidences: Evidences) -> Sentence:
    """One of several that say the same: another from film to film, the same for the same film."""
    return sentences[int(evidences.radiograph.digest[:8], 16) % len(sentences)]


def _touched(evidences: Evidences) -> set[str]:
    """Findings that may not be denied: what is open, contains it, or is often confused with it."""
    ontology = load_ontology()
    names = {
        one.finding
        for one in evidences.hypotheses
        if one.raised or one.presence is Presence.INDETERMINATE
    }
    names |= {one.sentence.finding for one in evidences.missed}
    return {other for name in names for other in ontology.kin(name) - ontology.descendants(name)}


def _impression(library: Library, evidences: Evidences) -> Iterator[Line]:
    standing = _standing(evidences.findings)
    asserted = any(evidences.findings[one].verdict is Verdict.ASSERTED for one in standing)
    for index in standing[:IMPRESSIONS]:
        short = in_short(library.composed[Role.IMPRESSION], _sentence(evidences.findings[index]))
        yield _line(short, "impression", "Q", index)
    doubtful = _names(evidences.findings, Verdict.CANNOT_BE_EXCLUDED)
    if doubtful:
        yield _frame("frame.impression.critical", "impression", findings=doubtful)
    if not asserted:
        # A withdrawn hypothesis was above its threshold: the other frame would deny that.
        kind = "frame.impression.unasserted" if evidences.findings else "frame.impression.none"
        assessed = [h for h in evidences.hypotheses if h.presence is not Presence.NOT_ASSESSED]
        yield _frame(kind, "impression", count=str(len(assessed)))


def in_short(impressions: Sequence[Sentence], sentence: Sentence) -> Sentence:
    """The impression's wording of a sentence, never saying more than it; else the sentence."""
    short = best_match(
        [one for one in impressions if not _adds(one, sentence)],
        sentence.finding,
        sentence.polarity,
        sentence.side,
        sentence.severity,
    )
    return short[0] if short else sentence


def _adds(short: Sentence, sentence: Sentence) -> bool:
    """Whether it is more severe or more certain than the sentence, or certain in another way."""
    severe = short.severity not in (Severity.NONE, sentence.severity)
    return severe or short.certainty is not sentence.certainty


def _standing(findings: Sequence[Finding]) -> list[int]:
    """What is asserted, then what is hedged, each most urgent first.

    One that another of at least its own certainty says too is left to it.
    """
    spoken = _spoken(findings)
    asserted = [index for index in spoken if findings[index].verdict is Verdict.ASSERTED]
    hedged = [index for index in spoken if findings[index].verdict is Verdict.HEDGED]
    specific = [
        index
        for group in (asserted, hedged)
        for index in group
        if not _covered(findings[index], [findings[other] for other in group])
    ]
    return sorted(specific, key=lambda index: _urgency(findings[index]))


def _urgency(finding: Finding) -> tuple[bool, bool, float]:
    hypothesis = finding.place.hypothesis
    critical = load_ontology()[hypothesis.finding].critical
    return finding.verdict is not Verdict.ASSERTED, not critical, -hypothesis.strength


def _advice(library: Library, evidences: Evidences) -> Iterator[Line]:
    """What may be done next about the findings of the impression."""
    for index in _standing(evidences.findings)[:IMPRESSIONS]:
        name = evidences.findings[index].place.hypothesis.finding
        about = [one for one in library.composed[Role.ADVICE] if one.finding == name]
        if about:
            yield _line(_pick(about, evidences), "advice", "advice", index)


def _limitations(evidences: Evidences, said: frozenset[str]) -> Iterator[Line]:
    spoken = [evidences.findings[index].place for index in _spoken(evidences.findings)]
    told = [one for one in evidences.hypotheses if one.finding in _told(evidences, said)]
    unsaid = [one for one in evidences.hypotheses if one.finding not in said]
    listed = {
        "location": [one.hypothesis for one in spoken if one.fallback],
        "weak": [one for one in told if one.status is Status.WEAK],
        "not_validated": [one for one in told if one.status is Status.NOT_VALIDATED],
        "indeterminate": [one for one in unsaid if one.presence is Presence.INDETERMINATE],
        "not_assessed": [one for one in unsaid if one.presence is Presence.NOT_ASSESSED],
    }
    for kind, hypotheses in listed.items():
        if hypotheses:
            findings = ", ".join(one.finding for one in hypotheses)
            yield _frame(f"frame.limitation.{kind}", "limitations", findings=findings)
    if any(_unfilmlike(one) for one in evidences.hypotheses):
        yield _frame("frame.limitation.detail", "limitations")
    always = ["outside", "lateral", *(["sizes", "zones"] if spoken else ["disease"])]
    for kind in always:
        yield _frame(f"frame.limitation.{kind}", "limitations")
    if not evidences.radiograph.side_known:
        yield _frame("frame.limitation.side", "limitations")


def _told(evidences: Evidences, said: frozenset[str]) -> frozenset[str]:
    """Findings that a sentence affirms or hedges, without what that implies."""
    spoken = [evidences.findings[index].place for index in _spoken(evidences.findings)]
    names = [one.hypothesis.finding for one in spoken]
    names += [one.sentence.finding for one in evidences.missed]
    return said.intersection(names)


def _unfilmlike(hypothesis: Hypothesis) -> bool:
    """Whether it would be affirmed, had the image as much detail as a film."""
    sure = hypothesis.affirmed is not None and hypothesis.probability >= hypothesis.affirmed
    return sure and hypothesis.presence is Presence.UNCERTAIN


def _names(findings: Sequence[Finding], verdict: Verdict) -> str:
    return ", ".join(one.place.hypothesis.finding for one in findings if one.verdict is verdict)


def _line(sentence: Sentence, section: str, source: str, place: int | None) -> Line:
    return Line(
        text=sentence.text,
        sentence_id=sentence.id,
        section=section,
        finding=sentence.finding,
        source=source,
        place=place,
        lender=sentence.lender,
    )


def _frame(sentence_id: str, section: str, **slots: str) -> Line:
    said = frame(sentence_id, **slots)
    return Line(said.text, sentence_id, section, "", "frame", None, said.slots)

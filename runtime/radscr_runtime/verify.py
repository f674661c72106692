"""Replays every sentence of a saved report from its library id, its hash and its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Final

from radscr_edge.contract import Bundle, Files
from radscr_edge.ontology import load_ontology
from radscr_edge.prose import Told
from radscr_edge.records import Polarity, Presence, Sentence, Verdict
from radscr_edge.relations import covers
from radscr_edge.sentences import frame_templates
from radscr_edge.wording import Role
from radscr_runtime.aggregate import IMPRESSIONS, in_short
from radscr_runtime.decoders.fluent_check import ProseError, check_prose
from radscr_runtime.decoders.rules import settle
from radscr_runtime.library import load_rows
from radscr_runtime.outputs.record import hash_of
from radscr_runtime.outputs.words import Words, load_words
from radscr_runtime.overlay import load_overlay
from radscr_runtime.saved_report import (
    SavedFinding,
    SavedLine,
    SavedMissed,
    SavedReport,
    SavedSentence,
)

CRITICAL: Final = "frame.impression.critical"


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
class Replay:
    """A report beside the library that it must come from."""

    report: SavedReport
    library: Mapping[str, Sentence]
    """By id, changes on site included."""
    words: Words

    @property
    def spoken(self) -> list[int]:
        """Findings of which the report must speak: none withdrawn, none hedged that is said."""
        findings = self.report.findings
        asserted = [self._first(one) for one in findings if one.verdict is Verdict.ASSERTED]
        return [
            index
            for index, one in enumerate(findings)
            if one.verdict is not Verdict.WITHDRAWN
            and not (one.verdict is Verdict.HEDGED and _said(self._first(one), asserted))
        ]

    def _first(self, finding: SavedFinding) -> Sentence | None:
        """What the report says of it first; None where the library does not hold that."""
        return self.library.get(finding.said[0]) if finding.said else None


def _said(hedge: Sentence | None, asserted: Sequence[Sentence | None]) -> bool:
    """Whether an asserted sentence says all that a hedge says."""
    return hedge is not None and any(one is not None and covers(one, hedge) for one in asserted)


def sayable(bundle: Bundle) -> dict[str, Sentence]:
    """Every sentence that a report may say with this bundle here, by id.

    Raises LibraryError where changes made on site were not signed off for this bundle.
    """
    changes = load_overlay(bundle)
    every = (*load_rows(bundle.path(Files.SENTENCES)), *changes.added)
    return {one.id: one for one in every if one.id not in changes.disabled}


def verify(report: SavedReport, bundle: Bundle) -> tuple[Fault, ...]:
    """What does not replay, in the report's order; LibraryError where its language is unknown."""
    replay = Replay(report, sayable(bundle), load_words(report.language))
    return tuple(_faults(replay, bundle.digest))


def _faults(replay: Replay, digest: str) -> Iterator[Fault]:
    if replay.report.bundle_digest != digest:
        said = replay.report.bundle_digest[:12]
        yield Fault(
            "provenance",
            "bundle",
            f"the report names bundle {said!r}, this is {digest[:12]}; give its own with --bundle",
        )
    for line in replay.report.lines:
        yield from _line(replay, line)
    for finding in replay.report.findings:
        yield from _finding(replay, finding)
    for missed in replay.report.missed:
        yield from _missed(replay, missed)
    yield from _left_out(replay)
    yield from _prose(replay.report)


def _line(replay: Replay, line: SavedLine) -> Iterator[Fault]:
    """The first thing wrong with a line: its words, then what it rests on."""
    known = replay.library.get(line.sentence.sentence_id)
    complaint = (
        _worded(replay, line.sentence, known)
        or _hashed(line)
        or (_framed(replay, line) if known is None else _grounded(replay, line, known))
    )
    if complaint:
        yield Fault(line.sentence.where, line.sentence.sentence_id, complaint)


def _worded(replay: Replay, said: SavedSentence, known: Sentence | None) -> str:
    """What is wrong with a sentence's words; empty: nothing."""
    english = _framing(said.sentence_id, said.slots) if known is None else known.text
    if english is None:
        return (
            "the library has no such sentence, or another number of slots; "
            "it may have been disabled on site since"
        )
    expected = replay.words.sentence(said.sentence_id, english, tuple(said.slots.items()))
    if (said.original or said.text) != english:
        return f"the library says {english!r}"
    if (said.text, said.original, said.translated) != (
        expected.text,
        expected.original,
        expected.translated,
    ):
        return f"its translation is {expected.text!r}"
    return ""


def _framing(sentence_id: str, slots: Mapping[str, str]) -> str | None:
    """A frame sentence with its slots filled; None where there is none with just these slots."""
    template = frame_templates().get(sentence_id, "")
    wanted = {name for _, name, _, _ in Formatter().parse(template) if name}
    return template.format(**slots) if template and wanted == set(slots) else None


def _hashed(line: SavedLine) -> str:
    if hash_of(line.sentence.original or line.sentence.text) != line.sha256:
        return "its hash is that of another text"
    return ""


def _framed(replay: Replay, line: SavedLine) -> str:
    """What is wrong with a frame's slots; only the list of critical findings rests on evidence."""
    if line.source != "frame" or line.finding or line.lender or line.place is not None:
        return "a frame sentence speaks of no finding and no place"
    named = line.sentence.slots.get("findings", "")
    if not set(named.split(", ")) - {""} <= set(load_ontology().names):
        return f"{named!r} are no abnormalities"
    if line.sentence.sentence_id == CRITICAL and named != _critical(replay.report):
        return f"what cannot be excluded is: {_critical(replay.report) or 'nothing'}"
    return ""


def _critical(report: SavedReport) -> str:
    doubtful = (one for one in report.findings if one.verdict is Verdict.CANNOT_BE_EXCLUDED)
    return ", ".join(one.finding for one in doubtful)


def _grounded(replay: Replay, line: SavedLine, known: Sentence) -> str:
    """What is wrong with the evidence of a library sentence; empty: nothing."""
    if (line.finding, line.lender) != (known.finding, known.lender):
        return f"the sentence is about {known.finding or known.organ!r}"
    if line.source == "negative":
        return _denied(replay.report, known)
    if line.source == "U":
        kept = [one for one in replay.report.missed if one.kept]
        ids = [one.sentence.sentence_id for one in kept]
        return "" if known.id in ids else "it is none of the kept supplements"
    if line.source not in ("Q", "advice") or line.place is None:
        return "a library sentence needs a source and a place"
    if line.place not in replay.spoken:
        return "the finding that it points at is not there, or was withdrawn"
    return _points(replay, line, known)


def _denied(report: SavedReport, known: Sentence) -> str:
    """A denial rests on hypotheses that are absent: of its finding, or of all of its organ."""
    if known.polarity is not Polarity.NEGATIVE:
        return "it denies nothing"
    organs = [one.name for one in load_ontology().findings if known.organ in one.organs]
    present = [
        name
        for name in ([known.finding] if known.finding else organs)
        if report.presence[name] is not Presence.ABSENT
    ]
    return f"it denies what is not absent: {', '.join(present)}" if present else ""


def _points(replay: Replay, line: SavedLine, known: Sentence) -> str:
    """A line of Q is evidence of the finding that it points at, or the short form of it."""
    finding = replay.report.findings[line.place or 0]
    if line.source == "advice":
        fitting = known.role is Role.ADVICE and known.finding == finding.finding
        return "" if fitting else f"it is no advice about {finding.finding!r}"
    if line.section != "impression":
        return "" if known.id in finding.said else "it is not among the evidence of its finding"
    long = replay.library.get(finding.said[0]) if finding.said else None
    impressions = [one for one in replay.library.values() if one.role is Role.IMPRESSION]
    if long is None or in_short(impressions, long).id != known.id:
        return "it is not the short form of its finding's sentence"
    return ""


def _finding(replay: Replay, finding: SavedFinding) -> Iterator[Fault]:
    reason = _framing(finding.reason_id, finding.reason_slots)
    slots = tuple(finding.reason_slots.items())
    if (
        reason is None
        or replay.words.sentence(finding.reason_id, reason, slots).text != finding.reason
    ):
        yield Fault(finding.where, finding.reason_id, "its reason is not that frame with its slots")
    for one in finding.evidence:
        known = replay.library.get(one.sentence_id)
        if known is None or known.text != one.text or known.finding != finding.finding:
            yield Fault(one.where, one.sentence_id, "the library says something else under this id")
    hedge = replay.library.get(finding.hedge or "")
    if finding.hedge and (hedge is None or hedge.polarity is not Polarity.UNCERTAIN):
        yield Fault(finding.where, finding.hedge, "it is no sentence that hedges")


def _missed(replay: Replay, missed: SavedMissed) -> Iterator[Fault]:
    """A supplement's words, and its decision wherever a rule makes it."""
    said = missed.sentence
    known = replay.library.get(said.sentence_id)
    complaint = _worded(replay, said, known)
    if known is not None and not complaint:
        complaint = _decided(replay, missed, known)
    if complaint:
        yield Fault(said.where, said.sentence_id, complaint)


def _decided(replay: Replay, missed: SavedMissed, known: Sentence) -> str:
    ids = [one for index in replay.spoken for one in replay.report.findings[index].said]
    q = [replay.library[one] for one in ids if one in replay.library]
    rule = settle(q, known)
    if rule is not None:
        same = (missed.kept, missed.decided_by) == (rule.kept, rule.decided_by)
        return "" if same else f"the rule decides: {'keep' if rule.kept else 'drop'}"
    if missed.decided_by == "phi":
        sound = missed.log_odds is not None and missed.kept == (missed.log_odds > 0)
        return "" if sound else "its log-odds do not give this decision"
    return "no rule keeps it" if missed.kept else ""


def _left_out(replay: Replay) -> Iterator[Fault]:
    """What the report owes its reader: every retrieved sentence and every kept supplement."""
    lines = replay.report.lines
    body = {(one.sentence.sentence_id, one.place) for one in lines if one.section == "findings"}
    for index in replay.spoken:
        finding = replay.report.findings[index]
        for sentence_id in finding.said:
            if (sentence_id, index) not in body:
                yield Fault(finding.where, sentence_id, "the report leaves it out")
    for missed in replay.report.missed:
        if missed.kept and (missed.sentence.sentence_id, None) not in body:
            yield Fault(missed.sentence.where, missed.sentence.sentence_id, "it was kept, not said")
    impression = [one for one in lines if one.section == "impression"]
    if not any(one.source == "Q" for one in impression) and _standing(replay):
        yield Fault("report.impression", "", f"it names none of {_standing(replay)} findings")
    if _critical(replay.report) and CRITICAL not in {
        one.sentence.sentence_id for one in impression
    }:
        yield Fault("report.impression", CRITICAL, "a critical finding is dropped in silence")


def _prose(report: SavedReport) -> Iterator[Fault]:
    """The running text passes its check again, and names the same sentences."""
    if report.prose is None:
        return
    told = [
        Told(one.sentence.sentence_id, one.sentence.original or one.sentence.text)
        for one in report.lines
        if one.section == "findings"
    ]
    try:
        checked = check_prose(" ".join(one.text for one in report.prose), told)
    except ProseError as problem:
        yield Fault("composition.prose", "", f"it does not pass the check. {problem}".rstrip("."))
        return
    said = [(one.text, one.sentence_ids) for one in report.prose]
    if said != [(one.text, one.sentence_ids) for one in checked.clauses]:
        yield Fault("composition.prose", "", "its sentences came from others than it names")


def _standing(replay: Replay) -> int:
    """How many findings the impression must choose from, at most IMPRESSIONS."""
    verdicts = (Verdict.ASSERTED, Verdict.HEDGED)
    findings = [replay.report.findings[index] for index in replay.spoken]
    return min(IMPRESSIONS, sum(one.verdict in verdicts for one in findings))

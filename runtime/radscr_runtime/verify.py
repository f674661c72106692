"""Replays every sentence of a saved report from its library id, its hash and its evidence.

Words, translations and hashes are read from the library; what Q, kept supplements and critical
findings owe the reader, and what a denial rests on, is checked by rules of its own; and the lines
must be those that the last stage writes from the record, none more, none less, each in its
section: frames with their counts and lists too. Prose passes its check again.

What needs the film, the networks or Phi is not replayed: numbers and verdicts (only whether they go
together), the status that the bundle gives a finding, the regions, which sentences were retrieved,
the log-odds. Nor are the notes on the film and the causes that remarks give, the order of lines in
a section, which of several fitting wordings denies or advises, whether advice was asked for, and
whether 'judge' or 'plain' wrote a report that left nothing open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from string import Formatter
from typing import Final

from radscr_edge.contract import Bundle
from radscr_edge.ontology import load_ontology
from radscr_edge.prose import Told
from radscr_edge.records import Hypothesis, Missed, Polarity, Presence, Sentence, Verdict
from radscr_edge.relations import covers
from radscr_edge.sentences import frame_templates
from radscr_edge.wording import Role
from radscr_runtime.aggregate import IMPRESSIONS, INSTEAD, in_short
from radscr_runtime.decoders.fluent import AS_SENTENCES
from radscr_runtime.decoders.fluent_check import ProseError, check_prose
from radscr_runtime.decoders.plain import PlainDecoder
from radscr_runtime.decoders.rules import settle
from radscr_runtime.library import open_library
from radscr_runtime.outputs.record import hash_of, status_of
from radscr_runtime.outputs.words import ENGLISH, Words, load_words
from radscr_runtime.recompose import ROUNDING, misplaced
from radscr_runtime.saved_report import (
    Fault,
    SavedFinding,
    SavedLine,
    SavedMissed,
    SavedReport,
    SavedSentence,
)

CRITICAL: Final = "frame.impression.critical"
SURVIVED: Final = "frame.reason.survived"
REMARKS: Final = {"plain": INSTEAD, "judge": AS_SENTENCES, "fluent": None}
"""Per decoder how its remark ends, where it may leave one."""


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


def verify(report: SavedReport, bundle: Bundle) -> tuple[Fault, ...]:
    """What does not replay; LibraryError where its language is unknown.

    So it is where changes made on site were not signed off for this bundle.
    """
    library = open_library(bundle)
    every = chain(library.sentences, *library.composed.values())
    replay = Replay(report, {one.id: one for one in every}, load_words(report.language))
    found = list(_faults(replay, bundle.digest))
    named = {one.sentence_id for one in found}
    found += [
        one for one in misplaced(report, library, replay.library) if one.sentence_id not in named
    ]
    return tuple(found)


def _faults(replay: Replay, digest: str) -> Iterator[Fault]:
    if replay.report.bundle_digest != digest:
        said = replay.report.bundle_digest[:12]
        yield Fault(
            "provenance",
            "bundle",
            f"the report names bundle {said!r}, this is {digest[:12]}; give its own with --bundle",
        )
    yield from _notices(replay)
    for line in replay.report.lines:
        yield from _line(replay, line)
    yield from _raised(replay.report)
    for finding in replay.report.findings:
        yield from _finding(replay, finding)
    for missed in replay.report.missed:
        yield from _missed(replay, missed)
    yield from _left_out(replay)
    yield from _decoder(replay.report)
    yield from _prose(replay.report)


def _notices(replay: Replay) -> Iterator[Fault]:
    """What stands above every report."""
    report, words = replay.report, replay.words
    unreviewed = None if words.language == ENGLISH else words.say("report", "unreviewed")
    if report.banner != words.say("report", "banner"):
        yield Fault("banner", "", "it is not the notice of this program")
    if report.translation != unreviewed:
        yield Fault("translation", "", "it is not the notice of this program")


def _line(replay: Replay, line: SavedLine) -> Iterator[Fault]:
    """The first thing wrong with a line: its words, then what it rests on."""
    known = replay.library.get(line.sentence.sentence_id)
    complaint = (
        _worded(replay, line.sentence, known)
        or _hashed(line)
        or (_framed(replay, line) if known is None else _grounded(replay, line, known))
        or _marked(line, replay.report)
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


def _marked(line: SavedLine, report: SavedReport) -> str:
    status = status_of(line.source, line.finding, report.hypotheses)
    return "" if line.status == status else f"its finding is {status or 'not of a status'}"


def _framed(replay: Replay, line: SavedLine) -> str:
    """What is wrong with a frame by itself; `misplaced` says whether it should stand there."""
    if line.source != "frame" or line.finding or line.lender or line.place is not None:
        return "a frame sentence speaks of no finding and no place"
    named = line.sentence.slots.get("findings", "")
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


def _raised(report: SavedReport) -> Iterator[Fault]:
    """Every hypothesis is what its numbers make it, and has its finding where it was raised."""
    for one in report.hypotheses:
        # Numbers of the record are rounded: those that differ by less may have been equal.
        over = one.probability - one.threshold
        sure = one.affirmed is not None and one.probability > one.affirmed - 2 * ROUNDING
        wrong = abs(over) > 2 * ROUNDING and (over > 0) != one.raised
        if wrong or (one.presence is Presence.PRESENT and not sure):
            yield Fault("hypotheses", one.finding, f"its numbers do not make it {one.presence}")
    raised = sorted(one.finding for one in report.hypotheses if one.raised)
    if raised != sorted(one.finding for one in report.findings):
        yield Fault("findings", "", f"raised were {', '.join(raised) or 'none'}")


def _finding(replay: Replay, finding: SavedFinding) -> Iterator[Fault]:
    reason = _framing(finding.reason_id, finding.reason_slots)
    slots = tuple(finding.reason_slots.items())
    if (
        reason is None
        or finding.reason_slots.get("finding") != finding.finding
        or replay.words.sentence(finding.reason_id, reason, slots).text != finding.reason
    ):
        yield Fault(finding.where, finding.reason_id, "its reason is not that frame with its slots")
    for one in finding.evidence:
        known = replay.library.get(one.sentence_id)
        if known is None or known.text != one.text or known.finding != finding.finding:
            yield Fault(one.where, one.sentence_id, "the library says something else under this id")
    hedge = replay.library.get(finding.hedge or "")
    about = (finding.finding, Polarity.UNCERTAIN)
    if finding.hedge and (hedge is None or (hedge.finding, hedge.polarity) != about):
        yield Fault(finding.where, finding.hedge, "it is no sentence that hedges this finding")
    (hypothesis,) = (one for one in replay.report.hypotheses if one.finding == finding.finding)
    if complaint := _judged(finding, hypothesis):
        yield Fault(finding.where, finding.finding, complaint)


def _judged(finding: SavedFinding, hypothesis: Hypothesis) -> str:
    """What does not go with a finding's verdict; empty: nothing."""
    verdict, survived = finding.verdict, finding.reason_id.startswith(SURVIVED)
    wanted = {Verdict.ASSERTED: Presence.PRESENT, Verdict.HEDGED: Presence.UNCERTAIN}
    if not finding.evidence:
        return "it has no evidence"
    if bool(finding.hedge) != (verdict in (Verdict.HEDGED, Verdict.CANNOT_BE_EXCLUDED)):
        return f"what is {verdict} {'needs no' if finding.hedge else 'needs a'} hedge"
    if wanted.get(verdict, hypothesis.presence) is not hypothesis.presence:
        return f"its hypothesis is {hypothesis.presence}, so it cannot be {verdict}"
    if finding.status != hypothesis.status:
        return f"its hypothesis is {hypothesis.status}"
    if verdict is not Verdict.CANNOT_BE_EXCLUDED and survived == (verdict is Verdict.WITHDRAWN):
        return f"its reason is not that of what is {verdict}"
    return ""


def _missed(replay: Replay, missed: SavedMissed) -> Iterator[Fault]:
    """A supplement's words, and its decision wherever a rule makes it."""
    said = missed.sentence
    known = replay.library.get(said.sentence_id)
    complaint = _worded(replay, said, known)
    if known is not None and not complaint:
        about = (known.finding, known.polarity) == (missed.finding, Polarity.UNCERTAIN)
        complaint = _decided(replay, missed, known) if about else "it hedges no such finding"
    if complaint:
        yield Fault(said.where, said.sentence_id, complaint)


def _decided(replay: Replay, missed: SavedMissed, known: Sentence) -> str:
    ids = [one for index in replay.spoken for one in replay.report.findings[index].said]
    q = [replay.library[one] for one in ids if one in replay.library]
    rule = settle(q, known)
    if rule is None and replay.report.decoder == PlainDecoder().name:
        (rule,) = PlainDecoder().decide(q, [Missed(known, 0.0, 0.0)])
    odds = missed.log_odds
    if rule is not None:
        same = (missed.kept, missed.decided_by, odds) == (rule.kept, rule.decided_by, None)
        return "" if same else f"the rule decides: {'keep' if rule.kept else 'drop'}"
    # Odds that round to zero may have been on either side of it.
    sound = odds is not None and (odds == 0.0 or missed.kept == (odds > 0.0))
    return "" if sound and missed.decided_by == "phi" else "its log-odds do not give this decision"


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


def _decoder(report: SavedReport) -> Iterator[Fault]:
    """Whether the decoder that is named leaves such a remark, and prose."""
    if report.decoder not in REMARKS:
        yield Fault("composition.decoder", "", f"{report.decoder!r} is no decoder")
        return
    ending = REMARKS[report.decoder]
    if report.remark and not (ending and report.remark.endswith(ending)):
        yield Fault("composition.remark", "", f"{report.decoder} leaves no such remark")
    told = any(one.section == "findings" for one in report.lines)
    if (report.prose is not None) != (told and report.decoder == "fluent"):
        yield Fault("composition.prose", "", "prose comes from 'fluent', and from no other decoder")


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

"""Label states of real films: positive, denied, merely unsaid, or unknown (method section 1)."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radscr_edge.errors import TrainingError
from radscr_edge.labeler import compares, label, split_sentences
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Polarity, Severity, Side

States = NDArray[np.int8]


class State(IntEnum):
    """What is known of one finding in one study."""

    UNKNOWN = -1
    """Not labelled, hedged, or the study was not coded."""
    NEGATIVE = 0
    """Denied in words, or the whole study was coded normal."""
    POSITIVE = 1
    ASSUMED = 2
    """A coded study, the finding neither coded nor mentioned: probably absent."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A coded finding with what its qualifiers say."""

    finding: str
    side: Side
    severity: Severity


@dataclass(frozen=True, slots=True)
class Said:
    """What one sentence of a report says of one finding of this film."""

    text: str
    finding: str
    polarity: Polarity
    usable: bool
    """False where the sentence compares with a prior or holds a de-identification mark."""
    side: Side = Side.NONE
    severity: Severity = Severity.NONE


@dataclass(frozen=True, slots=True)
class Coded:
    """What people, or a data set's own labels, say of one study."""

    positive: frozenset[str] = frozenset()
    negative: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    otherwise: State = State.UNKNOWN
    """What holds of all that is not named; NEGATIVE where the whole study is called normal."""


@dataclass(frozen=True, slots=True, eq=False)
class IuLabels:
    """Human MeSH codes of the IU studies, joined with explicit denials of their reports."""

    uids: tuple[str, ...]
    states: States
    """(n, N)."""
    mentions: tuple[tuple[Mention, ...], ...]
    split: tuple[str, ...]
    normal: NDArray[np.bool_]
    """(n,) coded normal."""
    implied: NDArray[np.bool_]
    """(n, N) negative only because the whole study was coded normal."""


@dataclass(frozen=True, slots=True, eq=False)
class NihLabels:
    """The 14 text-mined labels of NIH films, in the 37."""

    files: tuple[str, ...]
    states: States
    """(n, N)."""
    patient: tuple[str, ...]
    view: tuple[str, ...]
    split: tuple[str, ...]


def iu_states(data: Path) -> IuLabels:
    """Label states of every IU study; TrainingError where the tables are missing."""
    reports = list(read_table(data / "iu_xray" / "iu_reports.csv"))
    said = iu_sentences(data)
    coded = [_codes(row["mesh_major"]) for row in reports]
    mentions = tuple(tuple(_mentions(codes)) for codes in coded)
    settled = [
        settle(_iu_codes(codes, told), said[row["uid"]])
        for row, codes, told in zip(reports, coded, mentions, strict=True)
    ]
    return IuLabels(
        uids=tuple(row["uid"] for row in reports),
        states=np.stack([states for states, _ in settled]),
        mentions=mentions,
        split=tuple(row["split"] for row in reports),
        normal=np.array([("normal",) in codes for codes in coded]),
        implied=np.stack([implied for _, implied in settled]),
    )


def iu_sentences(data: Path) -> Mapping[str, tuple[Said, ...]]:
    """What each report says of the findings, sentence by sentence; the text never leaves memory."""
    reports = read_table(data / "iu_xray" / "iu_reports.csv")
    return {row["uid"]: read_report(f"{row['findings']} {row['impression']}") for row in reports}


def read_report(report: str) -> tuple[Said, ...]:
    """What an English report says of the findings of this film, sentence by sentence."""
    return tuple(_said(report))


def _said(report: str) -> Iterator[Said]:
    for sentence in split_sentences(report):
        usable = not compares(sentence)
        for one in label(sentence):
            if one.finding and not one.historical:
                yield Said(sentence, one.finding, one.polarity, usable, one.side, one.severity)


def affirmed(said: Iterable[Said]) -> tuple[Mention, ...]:
    """Side and severity of every finding that a report affirms."""
    return tuple(
        Mention(one.finding, one.side, one.severity)
        for one in said
        if one.polarity is Polarity.POSITIVE
    )


def reported(said: Iterable[Said]) -> Coded:
    """A report as the only witness: what it affirms, denies and hedges.

    Of what it is silent about, a report that speaks of findings at all makes an assumed negative.
    """
    by_polarity = {
        polarity: frozenset(one.finding for one in said if one.polarity is polarity)
        for polarity in Polarity
    }
    return Coded(
        positive=by_polarity[Polarity.POSITIVE],
        negative=by_polarity[Polarity.NEGATIVE],
        unsure=by_polarity[Polarity.UNCERTAIN],
        otherwise=State.ASSUMED if any(by_polarity.values()) else State.UNKNOWN,
    )


def nih_states(data: Path) -> NihLabels:
    """Label states of every NIH film: unlabelled findings stay unknown."""
    rows = list(read_table(data / "nih_cxr14" / "nih_images.csv"))
    return NihLabels(
        files=tuple(row["file"] for row in rows),
        states=np.stack([_nih_row(row) for row in rows]),
        patient=tuple(row["patient_id"] for row in rows),
        view=tuple(row["view"] for row in rows),
        split=tuple(row["split"] for row in rows),
    )


def read_table(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a table of the data pack; TrainingError where it is missing."""
    if not path.is_file():
        raise TrainingError(f"{path} is missing: give the folder of the data pack with --data.")
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _codes(major: str) -> list[tuple[str, ...]]:
    return [tuple(part.strip() for part in code.split("/")) for code in major.split(";") if code]


UNCODED = ("No Indexing", "Technical Quality of Image Unsatisfactory")
SEVERITIES = {
    **dict.fromkeys(("mild", "small", "minimal", "borderline"), Severity.MILD),
    "moderate": Severity.MODERATE,
    **dict.fromkeys(("severe", "large", "massive"), Severity.SEVERE),
}


def _iu_codes(codes: list[tuple[str, ...]], told: tuple[Mention, ...]) -> Coded:
    terms = {code[0] for code in codes}
    otherwise = State.ASSUMED
    if not codes or terms & set(UNCODED):
        otherwise = State.UNKNOWN
    if "normal" in terms:
        otherwise = State.NEGATIVE
    return Coded(frozenset(mention.finding for mention in told), otherwise=otherwise)


def settle(coded: Coded, said: Iterable[Said] = ()) -> tuple[States, NDArray[np.bool_]]:
    """States (N,) of codes joined with a report's words, and where a negative is only implied.

    Positive rolls up, negative rolls down. A finding that the report affirms or hedges and nobody
    coded is unknown, unless the whole study was coded normal: codes count more than words.
    """
    ontology = load_ontology()
    said = tuple(said)
    row = np.full(len(FINDINGS), coded.otherwise, np.int8)
    denied = {one.finding for one in said if one.polarity is Polarity.NEGATIVE}
    told = _columns(ontology.roll_down(coded.negative | denied))
    row[told] = State.NEGATIVE
    unsure = coded.unsure
    if coded.otherwise is not State.NEGATIVE:
        unsure |= {one.finding for one in said if one.polarity is not Polarity.NEGATIVE}
    # What may be there may be all that contains it, too: none of it can be assumed absent.
    row[_columns(ontology.roll_up(unsure))] = State.UNKNOWN
    row[_columns(ontology.roll_up(coded.positive))] = State.POSITIVE
    implied = (row == State.NEGATIVE) & (coded.otherwise is State.NEGATIVE)
    implied[told] = False
    return row, implied


def _columns(names: Iterable[str]) -> list[int]:
    return [load_ontology().index(name) for name in names]


def coded_findings(major: str) -> frozenset[str] | None:
    """What a `mesh_major` says, with all that follows from it; None where a study was not coded."""
    codes = _codes(major)
    if not codes or {code[0] for code in codes} & set(UNCODED):
        return None
    return load_ontology().roll_up(mention.finding for mention in _mentions(codes))


@dataclass(frozen=True, slots=True)
class _Rule:
    terms: frozenset[str]
    any_of: frozenset[str]
    also: frozenset[str]
    none_of: frozenset[str]
    findings: tuple[str, ...]

    def applies(self, code: tuple[str, ...]) -> bool:
        words = set(code[1:])
        wanted = not self.any_of or bool(words & self.any_of)
        return code[0] in self.terms and wanted and self.also <= words and not words & self.none_of


@cache
def _rules() -> tuple[_Rule, ...]:
    text = files("radscr_export.data").joinpath("mesh.toml").read_text(encoding="utf-8")
    return tuple(
        _Rule(
            frozenset(rule["terms"]),
            frozenset(rule.get("with", ())),
            frozenset(rule.get("also", ())),
            frozenset(rule.get("without", ())),
            tuple(rule["findings"]),
        )
        for rule in tomllib.loads(text)["rule"]
    )


def _mentions(codes: list[tuple[str, ...]]) -> Iterator[Mention]:
    for code in codes:
        words = set(code[1:])
        sides = [Side(word) for word in ("bilateral", "right", "left") if word in words]
        side = (
            Side.BILATERAL if {Side.RIGHT, Side.LEFT} <= set(sides) else (sides or [Side.NONE])[0]
        )
        severity = next((SEVERITIES[word] for word in code if word in SEVERITIES), Severity.NONE)
        for rule in _rules():
            if rule.applies(code):
                yield from (Mention(finding, side, severity) for finding in rule.findings)


def closed_codes(values: Mapping[str, State], names: Mapping[str, tuple[str, ...]]) -> Coded:
    """The labels of a set with a closed list of them, in the 37.

    `values` is the state of each label that was given one, `names` the labels that each finding
    goes by. A finding is absent where all labels at or below it are: that one of several is absent
    says nothing.
    """
    found: dict[State, set[str]] = {state: set() for state in State}
    for finding, below in _groups(tuple(names.items())).items():
        own = {values[label] for label in names[finding] if label in values}
        if State.POSITIVE in own:
            found[State.POSITIVE].add(finding)
        elif own and {values.get(label) for label in below} == {State.NEGATIVE}:
            found[State.NEGATIVE].add(finding)
        elif State.UNKNOWN in own:
            found[State.UNKNOWN].add(finding)
    return Coded(
        positive=frozenset(found[State.POSITIVE]),
        negative=frozenset(found[State.NEGATIVE]),
        unsure=frozenset(found[State.UNKNOWN]),
    )


@cache
def _groups(names: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, tuple[str, ...]]:
    """Finding -> the labels at or below it."""
    ontology, own = load_ontology(), dict(names)
    return {
        name: tuple(label for one in (name, *ontology.descendants(name)) for label in own[one])
        for name in ontology.names
    }


@cache
def _nih_names() -> Mapping[str, tuple[str, ...]]:
    return {finding.name: finding.nih for finding in load_ontology().findings}


NIH_VALUES: Mapping[str, State] = {"1": State.POSITIVE, "0": State.NEGATIVE}


def _nih_row(row: Mapping[str, str]) -> States:
    names = _nih_names()
    values = {
        label: NIH_VALUES.get(row[label], State.UNKNOWN)
        for labels in names.values()
        for label in labels
    }
    return settle(closed_codes(values, names))[0]

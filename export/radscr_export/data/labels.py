"""Label states of real films: positive, denied, merely unsaid, or unknown (method section 1)."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
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
    states = np.stack(
        [
            _iu_row(codes, told, said.get(row["uid"], ()))
            for row, codes, told in zip(reports, coded, mentions, strict=True)
        ]
    )
    return IuLabels(
        uids=tuple(row["uid"] for row in reports),
        states=states,
        mentions=mentions,
        split=tuple(row["split"] for row in reports),
        normal=np.array([("normal",) in codes for codes in coded]),
    )


def iu_sentences(data: Path) -> Mapping[str, tuple[Said, ...]]:
    """What each report says of the findings, sentence by sentence; the text never leaves memory."""
    reports = read_table(data / "iu_xray" / "iu_reports.csv")
    return {row["uid"]: tuple(_said(f"{row['findings']} {row['impression']}")) for row in reports}


def _said(report: str) -> Iterator[Said]:
    for sentence in split_sentences(report):
        usable = not compares(sentence)
        for one in label(sentence):
            if one.finding and not one.historical:
                yield Said(sentence, one.finding, one.polarity, usable)


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


def _iu_row(
    codes: list[tuple[str, ...]], told: tuple[Mention, ...], said: tuple[Said, ...]
) -> States:
    ontology = load_ontology()
    terms = {code[0] for code in codes}
    row = np.full(len(FINDINGS), State.ASSUMED, np.int8)
    if not codes or terms & set(UNCODED):
        row[:] = State.UNKNOWN
    if "normal" in terms:
        row[:] = State.NEGATIVE
    denied = ontology.roll_down(one.finding for one in said if one.polarity is Polarity.NEGATIVE)
    row[[ontology.index(name) for name in denied]] = State.NEGATIVE
    if "normal" not in terms:
        # What may be there may be all that contains it, too: none of it can be assumed absent.
        unsure = ontology.roll_up(
            one.finding for one in said if one.polarity is not Polarity.NEGATIVE
        )
        row[[ontology.index(name) for name in unsure]] = State.UNKNOWN
    positive = ontology.roll_up(mention.finding for mention in told)
    row[[ontology.index(name) for name in positive]] = State.POSITIVE
    return row


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


@cache
def _nih_groups() -> Mapping[str, tuple[str, ...]]:
    """Finding -> the NIH labels at or below it: all of them absent means the finding is absent."""
    ontology = load_ontology()
    groups = {}
    for name in ontology.names:
        line = (name, *ontology.descendants(name))
        groups[name] = tuple(label for one in line for label in ontology[one].nih)
    return groups


def _nih_row(row: Mapping[str, str]) -> States:
    ontology = load_ontology()
    states = np.full(len(FINDINGS), State.UNKNOWN, np.int8)
    direct = [name for name in FINDINGS if any(row[label] == "1" for label in ontology[name].nih)]
    absent = [
        name
        for name in FINDINGS
        if ontology[name].nih and all(row[label] == "0" for label in _nih_groups()[name])
    ]
    states[[ontology.index(name) for name in ontology.roll_down(absent)]] = State.NEGATIVE
    states[[ontology.index(name) for name in ontology.roll_up(direct)]] = State.POSITIVE
    return states

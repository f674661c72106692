"""Counts, study by study, that every report metric is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS, ORGANS, load_ontology
from radscr_edge.records import Mask
from radscr_export.data.labels import State, States
from radscr_export.evaluation.report_bootstrap import Numbers
from radscr_export.evaluation.report_truth import SystemReports, Truth
from radscr_export.label_scores import read_findings

NO_FINDING = "No Finding"
WORDS = 4
"""Longest run of words of BLEU-4."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What one system's reports got right and wrong, study by study."""

    name: str
    findings: Numbers
    """(3, n, N) true positives, false positives, false negatives; unknown states count nowhere."""
    organs: Numbers
    """(3, n, 6) likewise, of the abnormal flag."""
    classes: Numbers
    """(3, n, 12) likewise, of the CheXpert classes that the 37 findings cover."""
    words: Numbers | None = None
    """(n, 10) matching and all runs of 1 to 4 words, words written, words of the reference."""
    longest: Numbers | None = None
    """(n,) ROUGE-L; None, as `words`, where there is no text."""


def count_texts(reports: SystemReports, truth: Truth) -> Counts:
    """Counts of what the texts affirm to the labeler, and of their words.

    Raises TrainingError where there is not one text a study.
    """
    counts = count_affirmed(reports, truth)
    words = _words(reports.texts, truth.references)
    return replace(counts, words=words, longest=_longest(reports.texts, truth.references))


def count_affirmed(reports: SystemReports, truth: Truth) -> Counts:
    """Counts of what the texts affirm, without their words; TrainingError as `count_texts`."""
    _check_number(reports, truth)
    return _count(reports.name, _said(reports, hedged=False), truth)


def count_hedged(reports: SystemReports, truth: Truth) -> Counts:
    """Counts of what the texts affirm or hedge; TrainingError as `count_texts`."""
    _check_number(reports, truth)
    return _count(reports.name, _said(reports, hedged=True), truth)


def _check_number(reports: SystemReports, truth: Truth) -> None:
    if len(reports.texts) != len(truth.ids):
        raise TrainingError(
            f"{reports.name}: {len(reports.texts)} reports for {len(truth.ids)} studies. "
            "Give one report a study, in their order."
        )


def _said(reports: SystemReports, *, hedged: bool) -> Mask:
    """(n, N): what the labeler reads in each text."""
    read = [read_findings(text, hedged=hedged) for text in reports.texts]
    return np.array([[name in found for name in FINDINGS] for found in read], np.bool_)


def count_codes(reports: SystemReports, truth: Truth) -> Counts:
    """Counts of the human codes of the studies whose reports were retrieved.

    Raises TrainingError where the system retrieved no whole reports.
    """
    if reports.codes is None:
        raise TrainingError(f"{reports.name} has no codes: its reports are of no one study.")
    return _count(reports.name, reports.codes == State.POSITIVE, truth)


def _count(name: str, said: Mask, truth: Truth) -> Counts:
    return Counts(
        name=name,
        findings=_grade(said, _certain(truth.states)),
        organs=_grade(_any(said, _organs()), _joined(truth.states, _organs())),
        classes=_grade(
            _with_none(_any(said, _classes())),
            _with_no_finding(_joined(truth.states, _classes())),
        ),
    )


@cache
def class_names() -> tuple[str, ...]:
    """The CheXpert classes that are scored; Pneumonia and Support Devices are not in the 37."""
    named = dict.fromkeys(one.chexpert for one in load_ontology().findings if one.chexpert)
    return (*named, NO_FINDING)


@cache
def _organs() -> Mask:
    """(6, N): the findings that make an organ abnormal."""
    kinds = load_ontology().findings
    return np.array([[organ in one.organs for one in kinds] for organ in ORGANS], np.bool_)


@cache
def _classes() -> Mask:
    """(11, N): the findings of each CheXpert class."""
    kinds = load_ontology().findings
    rows = [[one.chexpert == name for one in kinds] for name in class_names()[:-1]]
    return np.array(rows, np.bool_)


def _certain(states: States) -> States:
    """1 positive, 0 not, -1 unknown: what is neither coded nor mentioned counts as absent."""
    return np.where(states == State.ASSUMED, np.int8(0), states)


def _any(said: Mask, groups: Mask) -> Mask:
    found: Mask = (said.astype(np.int64) @ groups.T.astype(np.int64)) > 0
    return found


def _joined(states: States, groups: Mask) -> States:
    """(n, G): a group is positive where a member is, unknown where none is but one may be."""
    positive, unknown = (_any(states == state, groups) for state in (State.POSITIVE, State.UNKNOWN))
    return np.where(positive, 1, np.where(unknown, -1, 0)).astype(np.int8)


def _with_none(said: Mask) -> Mask:
    return np.column_stack([said, ~said.any(axis=1)])


def _with_no_finding(states: States) -> States:
    """The classes with 'No Finding': unknown where nothing is positive but something unknown."""
    positive, unknown = (states == 1).any(axis=1), (states == -1).any(axis=1)
    none = np.where(positive, 0, np.where(unknown, -1, 1)).astype(np.int8)
    return np.column_stack([states, none])


def _grade(said: Mask, states: States) -> Numbers:
    return np.stack([said & (states == 1), said & (states == 0), ~said & (states == 1)]).astype(
        np.float64
    )


def _words(texts: Sequence[str], references: Sequence[str]) -> Numbers:
    # Runs are counted alike with and without this option; without it sacrebleu logs a warning.
    bleu = BLEU(lowercase=True, max_ngram_order=WORDS, effective_order=True)
    scores = [
        bleu.sentence_score(text, [reference])
        for text, reference in zip(texts, references, strict=True)
    ]
    rows = [[*one.counts, *one.totals, one.sys_len, one.ref_len] for one in scores]
    return np.array(rows, np.float64)


def _longest(texts: Sequence[str], references: Sequence[str]) -> NDArray[np.float64]:
    scorer = RougeScorer(["rougeL"])
    return np.array(
        [
            scorer.score(reference, text)["rougeL"].fmeasure
            for text, reference in zip(texts, references, strict=True)
        ]
    )

"""What the walk made of its hypotheses: raised, withdrawn, changed by critiques, put on a side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Place, Presence, Side, Verdict
from radscr_export.data.labels import State
from radscr_export.evaluation.readings import Readings
from radscr_export.evaluation.shares import share
from radscr_export.walk import Walk

CRITIQUE_FILMS: Final = 100


def hypotheses(readings: Readings, rows: NDArray[np.int64]) -> dict[str, Any]:
    """How many hypotheses were raised, how many of the labelled ones were right, and denials."""
    states = readings.studies.states
    raised = {"before critique": [0, 0], "after critique": [0, 0]}
    positives = int((states[rows] == State.POSITIVE).sum())
    for row in rows:
        for finding in readings.walks[int(row)].findings:
            state = states[row, FINDINGS.index(finding.place.hypothesis.finding)]
            if state == State.UNKNOWN:
                continue
            kept = finding.verdict is not Verdict.WITHDRAWN
            for name in ("before critique", *(["after critique"] if kept else [])):
                raised[name][0] += 1
                raised[name][1] += int(state == State.POSITIVE)
    told: dict[str, Any] = {
        name: {
            "raised": count,
            "precision": round(right / max(1, count), 3),
            "recall": round(right / max(1, positives), 3),
        }
        for name, (count, right) in raised.items()
    }
    return {**told, "denials": _denials(readings, rows)}


def _denials(readings: Readings, rows: NDArray[np.int64]) -> dict[str, Any]:
    """What was found absent, and how much of what is labelled as there was so denied.

    Of findings that are denied on some film; the others cannot be missed by a denial.
    """
    absent = np.array(
        [
            [one.presence is Presence.ABSENT for one in readings.walks[int(row)].hypotheses]
            for row in rows
        ]
    ).reshape(len(rows), len(FINDINGS))
    there = readings.studies.states[rows] == State.POSITIVE
    deniable = absent.any(axis=0)
    wrong = int((absent & there).sum())
    return {
        "denied": int(absent.sum()),
        "denied_positives": wrong,
        "of_positives": asdict(share(wrong, int(there[:, deniable].sum()))),
    }


def critique_effect(walks: Sequence[Walk]) -> dict[str, Any]:
    """Share of hypotheses whose top sentence would have been another without critiques.

    Over the first CRITIQUE_FILMS of `walks`.
    """
    walks = walks[:CRITIQUE_FILMS]
    findings = [finding for walk in walks for finding in walk.findings]
    changed = sum(finding.evidence[0].rank_without_critique > 1 for finding in findings)
    standing = (Verdict.ASSERTED, Verdict.HEDGED)
    withdrawn = sum(finding.verdict not in standing for finding in findings)
    best = [finding.evidence[0] for finding in findings]
    return {
        "films": len(walks),
        "hypotheses": len(findings),
        "top_sentence_changed": round(changed / max(1, len(findings)), 3),
        "not_asserted": round(withdrawn / max(1, len(findings)), 3),
        "abnormality_score_deviation": _deviation([one.abnormality_score for one in best]),
        "image_score_deviation": _deviation([one.image_score for one in best]),
    }


def _deviation(scores: Sequence[float]) -> float:
    return round(float(np.std(scores)), 3) if scores else 0.0


def sides(readings: Readings) -> dict[str, Any]:
    """Side of findings that the labels put on one side: how often asserted, how often right.

    On the first data set only, IU where it is there. 'hypothesised': of those that the bundle
    raised; 'teacher-forced': of all, each placed by the runtime as if it had been raised.
    Clopper-Pearson intervals; codes of one study are not independent, so the true intervals are
    somewhat wider.
    """
    raised = list(_raised(readings))
    forced = [(readings.place_of(row, index), side) for row, index, side in _one_sided(readings)]
    return {"hypothesised": _side_figures(raised), "teacher-forced": _side_figures(forced)}


def _one_sided(readings: Readings) -> Iterator[tuple[int, int, Side]]:
    """Row, finding and side of every code that names one side."""
    for row in readings.rows(readings.studies.first):
        for index, mention in readings.studies.mentions[int(row)].items():
            if mention.side in (Side.RIGHT, Side.LEFT):
                yield int(row), index, mention.side


def _raised(readings: Readings) -> Iterator[tuple[Place, Side]]:
    for row, index, side in _one_sided(readings):
        for finding in readings.walks[row].findings:
            if finding.place.hypothesis.finding == FINDINGS[index]:
                yield finding.place, side


def _side_figures(pairs: Sequence[tuple[Place, Side]]) -> dict[str, Any]:
    asserted = [(place.side, side) for place, side in pairs if place.side is not Side.NONE]
    right = sum(found is side for found, side in asserted)
    return {
        "coded_one_sided": len(pairs),
        "asserted": asdict(share(len(asserted), len(pairs))),
        "right": asdict(share(right, len(asserted))),
    }

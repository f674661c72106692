"""Scores the report labeler against the human codes of the IU reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from radscr_edge.labeler import label, split_sentences
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Polarity
from radscr_export.data.labels import coded_findings, read_table

FEWEST: Final = 10
"""Coded positives below which a finding does not count in the macro mean."""


@dataclass(slots=True)
class Counts:
    """How often both said a finding, only the labeler, and only the coder; by finding."""

    both: Counter[str] = field(default_factory=Counter)
    labeler_only: Counter[str] = field(default_factory=Counter)
    coder_only: Counter[str] = field(default_factory=Counter)

    def add(self, read: frozenset[str], coded: frozenset[str]) -> None:
        """Counts one report."""
        self.both.update(read & coded)
        self.labeler_only.update(read - coded)
        self.coder_only.update(coded - read)


def score_labeler(data: Path, splits: Sequence[str]) -> dict[str, Any]:
    """F1 of report-level labels against the codes, with and without what the report hedges.

    Coders code what a report calls possible; `hedged` counts an uncertain mention as a positive,
    `affirmed` does not. Raises TrainingError where the data pack is incomplete.
    """
    strict, lenient, reports = Counts(), Counts(), 0
    for text, coded in _coded_reports(data / "iu_xray" / "iu_reports.csv", splits):
        reports += 1
        strict.add(read_findings(text, hedged=False), coded)
        lenient.add(read_findings(text, hedged=True), coded)
    return {
        "splits": list(splits),
        "reports": reports,
        "affirmed": _scores(strict),
        "hedged": _scores(lenient),
    }


def read_findings(text: str, *, hedged: bool) -> frozenset[str]:
    """What a report affirms, with all that follows from it; with what it hedges, if wanted."""
    wanted = {Polarity.POSITIVE, Polarity.UNCERTAIN} if hedged else {Polarity.POSITIVE}
    return load_ontology().roll_up(
        one.finding
        for sentence in split_sentences(text)
        for one in label(sentence)
        if one.finding and one.polarity in wanted and not one.historical
    )


def _coded_reports(path: Path, splits: Sequence[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Text and coded findings of every report that was coded, or coded normal."""
    for row in read_table(path):
        coded = coded_findings(row["mesh_major"]) if row["split"] in splits else None
        if coded is not None:
            yield f"{row['findings']} {row['impression']}", coded


def _scores(counts: Counts) -> dict[str, Any]:
    rows = {name: _row(counts, [name]) for name in FINDINGS}
    frequent = [row["f1"] for row in rows.values() if row["coded"] >= FEWEST]
    return {
        "micro": _row(counts, FINDINGS),
        "macro_f1": round(sum(frequent) / max(len(frequent), 1), 4),
        "macro_over": len(frequent),
        "findings": rows,
    }


def _row(counts: Counts, names: Iterable[str]) -> dict[str, float]:
    names = list(names)
    both, extra, missed = (
        sum(counter[name] for name in names)
        for counter in (counts.both, counts.labeler_only, counts.coder_only)
    )
    return {
        "precision": round(both / max(both + extra, 1), 4),
        "recall": round(both / max(both + missed, 1), 4),
        "f1": round(2 * both / max(2 * both + extra + missed, 1), 4),
        "read": both + extra,
        "coded": both + missed,
    }

"""Checks a drafted table of the 37 against our own reading of the codes: it is not believed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_export.data.labels import coded_findings, read_table

DRAFT = Path("iu_xray") / "iu_labels37_mesh_draft.csv"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often draft and mapping say the same of one finding, over coded studies."""

    both: int
    draft_only: int
    ours_only: int
    neither: int


def compare_draft(data: Path) -> dict[str, Agreement]:
    """Agreement of the IU draft with our mapping of the same human codes, finding by finding.

    Uncoded studies and those of unsatisfactory quality are left out: we call all of them unknown.
    Raises TrainingError where a table is missing or the draft lacks a study.
    """
    draft = {row["uid"]: _named(row) for row in read_table(data / DRAFT)}
    reports = read_table(data / "iu_xray" / "iu_reports.csv")
    coded = {row["uid"]: coded_findings(row["mesh_major"]) for row in reports}
    ours = {uid: findings for uid, findings in coded.items() if findings is not None}
    lacking = len(ours.keys() - draft.keys())
    if lacking:
        raise TrainingError(f"{data / DRAFT} lacks {lacking} coded studies. Copy the pack again.")
    pairs = [(draft[uid], findings) for uid, findings in ours.items()]
    return {finding: _agreement(finding, pairs) for finding in FINDINGS}


def _named(row: dict[str, str]) -> frozenset[str]:
    return frozenset(finding for finding in FINDINGS if row[finding] == "1")


def _agreement(finding: str, pairs: list[tuple[frozenset[str], frozenset[str]]]) -> Agreement:
    counts = Counter((finding in draft, finding in ours) for draft, ours in pairs)
    return Agreement(
        both=counts[True, True],
        draft_only=counts[True, False],
        ours_only=counts[False, True],
        neither=counts[False, False],
    )


def draft_report(data: Path) -> dict[str, Any]:
    """The comparison as JSON: counts by finding and their sums."""
    found = {finding: asdict(one) for finding, one in compare_draft(data).items()}
    sums = {key: sum(one[key] for one in found.values()) for key in next(iter(found.values()))}
    return {"draft": DRAFT.name, "all": sums, "findings": found}

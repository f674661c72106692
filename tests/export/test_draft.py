"""The drafted table of the 37 is compared with our mapping, never believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from export.tiny_pack import Study, write_reports, write_table

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_export.data.draft import Agreement, compare_draft, draft_report


def write_draft(folder: Path, named: dict[str, tuple[str, ...]]) -> Path:
    rows = [
        dict.fromkeys(FINDINGS, "0") | dict.fromkeys(findings, "1") | {"uid": uid}
        for uid, findings in named.items()
    ]
    path = folder / "iu_xray" / "iu_labels37_mesh_draft.csv"
    write_table(path, ["uid", *FINDINGS], rows)
    return folder


def test_agreement_is_counted_finding_by_finding_over_coded_studies(tmp_path: Path) -> None:
    meshes = ("Scoliosis", "Scoliosis", "normal", "normal", "No Indexing")
    write_reports(tmp_path, [Study(str(i), mesh) for i, mesh in enumerate(meshes)])
    named = {"0": ("scoliosis",), "1": (), "2": ("scoliosis",), "3": (), "4": ("scoliosis",)}
    write_draft(tmp_path, named)

    found = compare_draft(tmp_path)

    assert found["scoliosis"] == Agreement(both=1, draft_only=1, ours_only=1, neither=1)
    assert found["hernia"] == Agreement(both=0, draft_only=0, ours_only=0, neither=4)


def test_a_draft_without_a_coded_study_is_refused(tmp_path: Path) -> None:
    write_reports(tmp_path, [Study("1", "normal")])

    with pytest.raises(TrainingError, match="lacks 1 coded studies"):
        compare_draft(write_draft(tmp_path, {"2": ()}))


def test_the_draft_of_the_pack_differs_from_the_codes_in_few_cells(data: Path) -> None:
    sums = draft_report(data)["all"]

    assert sum(sums.values()) % len(FINDINGS) == 0
    assert 0 < sums["draft_only"] + sums["ours_only"] < 0.1 * sums["both"]

"""Example cases: what a bundle writes of the synthetic samples, the only films ever shown."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from radscr_edge.contract import Bundle
from radscr_edge.records import Finding, Line, Report
from radscr_export.phantoms import SAMPLES, write_samples
from radscr_runtime import Reader
from radscr_runtime.options import Options


def read_examples(bundle: Bundle, variant: str) -> dict[str, Any]:
    """Sample -> its drawn lesions, the findings raised with their boxes, and the report's lines.

    The whole reader at work, decoder included; raises BundleError where this machine cannot compute
    the variant as its maker did.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_samples(folder)
        drawn = json.loads((folder / "lesions.json").read_text(encoding="utf-8"))
        with Reader.open(bundle.folder, Options(variant=variant)) as reader:
            return {
                name: _example(reader.read(folder / f"{name}.dcm"), drawn[f"{name}.dcm"])
                for name in SAMPLES
            }


def _example(report: Report, lesions: Sequence[Any]) -> dict[str, Any]:
    return {
        "drawn": lesions,
        "raised": [_raised(finding) for finding in report.findings],
        "report": _by_section(report.composition.lines),
        "decoder": report.composition.decoder,
    }


def _raised(finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "finding": place.hypothesis.finding,
        "verdict": finding.verdict.value,
        "side": place.side.value,
        "fallback": place.fallback,
        "boxes": [asdict(box) for box in place.boxes],
    }


def _by_section(lines: Sequence[Line]) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for line in lines:
        sections.setdefault(line.section, []).append(line.text)
    return sections

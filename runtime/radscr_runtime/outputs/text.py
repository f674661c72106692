"""The report as plain text, for the terminal and for pasting."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 96
TITLES = {"findings": "FINDINGS", "impression": "IMPRESSION", "limitations": "LIMITATIONS"}


def to_text(record: Mapping[str, Any]) -> str:
    """Banner, sections with the zones that a sentence points at, withdrawn hypotheses, sources."""
    return "\n".join(_lines(record)) + "\n"


def _lines(record: Mapping[str, Any]) -> Iterator[str]:
    study, provenance = record["study"], record["provenance"]
    yield from _wrap(record["banner"], "")
    yield ""
    yield f"STUDY  {study['name']}  ({study['view']} view, {study['width']} x {study['height']})"
    for note in study["notes"]:
        yield from _wrap(note, "  ")
    for section, title in TITLES.items():
        yield ""
        yield title
        for line in record["report"][section]:
            yield from _wrap(line["text"] + _where(line, record), "  ")
    yield from _withdrawn(record)
    yield ""
    yield (
        f"radscr-edge {provenance['package_version']}, bundle {provenance['bundle_name']} "
        f"{provenance['bundle_digest'][:12]}, network {provenance['network_variant']}, "
        f"search {provenance['search']}, decoder {record['composition']['decoder']}"
    )
    for remark in [*provenance["remarks"], record["composition"]["remark"]]:
        yield from _wrap(remark, "")


def _where(line: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    if line["place"] is None or line["source"] != "Q":
        return ""
    finding = record["findings"][line["place"]]
    zones = "location uncertain" if finding["fallback"] else ", ".join(finding["zones"])
    kind = "probability" if finding["calibrated"] else "uncalibrated score"
    said = f"{kind} {finding['probability']:.2f}, threshold {finding['threshold']:.2f}"
    return f"  [{zones + '; ' if zones else ''}{said}]"


def _withdrawn(record: Mapping[str, Any]) -> Iterator[str]:
    withdrawn = [one for one in record["findings"] if one["verdict"] == "withdrawn"]
    if withdrawn:
        yield ""
        yield "WITHDRAWN AFTER CRITIQUE"
    for one in withdrawn:
        yield from _wrap(f"{one['finding']}: {one['reason']}", "  ")


def _wrap(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")

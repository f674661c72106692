"""Says what this machine has, and whether it can read with the bundle at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radscr_edge.errors import RadscrError
from radscr_runtime.machine import machine_card
from radscr_runtime.options import Options
from radscr_runtime.reader import Reader

NEEDED_MB = 350
"""Free memory that reading with the plain decoder asks for, with some air."""
CODECS = {
    "uncompressed, deflated": "pydicom",
    "JPEG baseline, JPEG 2000": "pillow",
    "JPEG 2000, HTJ2K": "pylibjpeg-openjpeg",
    "RLE": "pylibjpeg-rle",
    "JPEG-LS": "pyjpegls",
    "JPEG Lossless, 12-bit JPEG (extra jpeg-gpl)": "pylibjpeg-libjpeg",
}


def examine(bundle: Path) -> dict[str, Any]:
    """Facts about the machine, codecs and decoders, and whether a Reader opens here."""
    card = machine_card()
    packages = card["packages"]
    problem, remarks, search = _try(bundle)
    if not problem and card["free_memory_mb"] < NEEDED_MB:
        problem = f"Only {card['free_memory_mb']} MB of memory are free; {NEEDED_MB} are needed."
    return {
        "can_run": not problem,
        "problem": problem,
        "remarks": remarks,
        "machine": card,
        "search": search,
        "decoders": ["plain", "judge"] if packages["llama_cpp_python"] else ["plain"],
        "codecs": {name: packages[package] is not None for name, package in CODECS.items()},
    }


def findings_table(facts: Mapping[str, Any]) -> str:
    """The facts for a person."""
    card = facts["machine"]
    lines = [
        f"processor   {card['processor']}, {card['cores']} cores, {card['threads']} threads",
        f"flags       {' '.join(card['flags']) or 'unknown'}",
        f"memory      {card['memory_mb']} MB, {card['free_memory_mb']} MB free",
        f"system      {card['system']}, Python {card['python']}",
        f"search      {facts['search']}",
        f"decoders    {', '.join(facts['decoders'])}",
    ]
    lines += [
        f"codec       {name}: {'yes' if there else 'no'}" for name, there in facts["codecs"].items()
    ]
    lines += [f"remark      {remark}" for remark in facts["remarks"]]
    verdict = facts["problem"] or "This machine can read with this bundle."
    return "\n".join([*lines, f"verdict     {verdict}"])


def _try(bundle: Path) -> tuple[str, list[str], str]:
    """The problem that keeps a Reader from opening, its remarks, and its search."""
    try:
        with Reader.open(bundle, Options()) as reader:
            return "", list(reader.provenance.remarks), reader.provenance.search
    except RadscrError as problem:
        return str(problem), [], "unknown"

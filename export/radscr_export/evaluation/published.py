"""Published figures of other systems, to be printed beside ours with what sets them apart."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class PublishedSystem:
    """One system's figures on MIMIC-CXR, in 0..1; None where none was published."""

    name: str
    chexbert_f1: float
    ce_abn: float | None = None
    ce_organ: float | None = None
    radgraph_c: float | None = None
    radnli_f1: float | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """All of them, and the sentence that must stand beside them."""

    data: str
    notice: str
    systems: tuple[PublishedSystem, ...]
    ablations: tuple[PublishedSystem, ...]
    """The method itself, whole and without its parts."""


@cache
def load_published() -> Published:
    """The figures of published.toml (source: the method's paper, peers and ablations)."""
    text = files("radscr_export.evaluation").joinpath("published.toml").read_text(encoding="utf-8")
    record = tomllib.loads(text)
    systems, ablations = (
        tuple(PublishedSystem(**row) for row in record[kind]) for kind in ("system", "ablation")
    )
    return Published(record["data"], record["notice"], systems, ablations)

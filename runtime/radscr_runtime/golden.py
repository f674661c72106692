"""Remembers per machine whether a network computes the bundle's golden images correctly."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay of the golden images."""

    difference: float
    """Largest absolute difference of a logit."""
    tolerance: float

    @property
    def good(self) -> bool:
        """Whether this machine may read with the network."""
        return self.difference <= self.tolerance


def cache_folder() -> Path:
    """Our only folder outside the output: XDG_CACHE_HOME/radscr-edge, or ~/.cache/radscr-edge."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "radscr-edge"


def recall(digest: str, variant: str, version: str) -> bool | None:
    """The result of an earlier replay here; None where there is none or it cannot be read."""
    try:
        record = json.loads(_path(digest, variant, version).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    good = record.get("good") if isinstance(record, dict) else None
    return good if isinstance(good, bool) else None


def remember(digest: str, variant: str, version: str, good: bool) -> None:
    """Keeps the result for the next start; a machine that cannot write just replays again."""
    path = _path(digest, variant, version)
    fresh = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({"good": good}), encoding="utf-8")
        fresh.replace(path)
    except OSError:
        return


def processor() -> str:
    """Model name of the processor, as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _path(digest: str, variant: str, version: str) -> Path:
    machine = hashlib.sha256(f"{processor()}|{version}".encode()).hexdigest()[:16]
    return cache_folder() / "golden" / f"{digest[:16]}-{variant}-{machine}.json"

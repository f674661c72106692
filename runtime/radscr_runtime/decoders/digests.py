"""SHA-256 of large files, remembered while the system says that they are as they were."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, Final

from radscr_edge.contract import sha256_of
from radscr_runtime.golden import cache_folder
from radscr_runtime.sealed import seal_of, write_sealed

FORMAT: Final = 1
SETTLED_NS: Final = 2 * 10**9
"""Age of its last change from which a file is remembered: a later one gets another time then.

No file system in use here counts in steps of more than two seconds.
"""


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits, read anew where anything about it changed.

    A GGUF of 2.3 GiB takes seconds. Remembered is what no program can put back: beside place, size
    and time of the content the inode's own time of change. OSError where the file cannot be read.
    """
    before = _state_of(path)
    known = _recall(path, before)
    if known is not None:
        return known
    begun_ns = time.time_ns()
    digest = sha256_of(path)
    settled = begun_ns - before["changed_ns"] > SETTLED_NS
    if settled and _state_of(path) == before:
        _remember(path, {"file": before, "sha256": digest})
    return digest


def _state_of(path: Path) -> dict[str, Any]:
    found = path.stat()
    return {
        "path": os.fspath(path.absolute()),
        "device": found.st_dev,
        "inode": found.st_ino,
        "size": found.st_size,
        "written_ns": found.st_mtime_ns,
        "changed_ns": found.st_ctime_ns,
    }


def _recall(path: Path, state: dict[str, Any]) -> str | None:
    try:
        record = json.loads(_place_of(path).read_text(encoding="utf-8"))
        held = {"file": record["file"], "sha256": record["sha256"]}
        sound = record["format"] == FORMAT and record["digest"] == seal_of(held)
    except (OSError, KeyError, TypeError, ValueError):
        return None
    return str(held["sha256"]) if sound and held["file"] == state else None


def _remember(path: Path, record: dict[str, Any]) -> None:
    place = _place_of(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_sealed(place, FORMAT, record)
    except OSError:  # a cache that cannot be written costs the next reading the same seconds
        return


def _place_of(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:32]
    return cache_folder() / "digests" / f"{name}.json"

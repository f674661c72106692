"""Files that a clinic keeps beside a bundle, each sealed by the digest of what it holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radscr_edge.contract import Bundle


def path_beside(bundle: Bundle, ending: str) -> Path:
    """The file of that ending beside the bundle's folder, which stays as it was verified."""
    folder = bundle.folder.resolve()
    return folder.with_name(f"{folder.name}.{ending}.json")


def seal_of(record: Mapping[str, Any]) -> str:
    """SHA-256 of a record, in whatever order its keys come."""
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_sealed(path: Path, layout: int, record: Mapping[str, Any]) -> None:
    """Writes a record with its layout's number and its seal, whole or not at all."""
    sealed = {"format": layout, **record, "digest": seal_of(record)}
    fresh = path.with_suffix(".part")
    fresh.write_text(json.dumps(sealed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(path)

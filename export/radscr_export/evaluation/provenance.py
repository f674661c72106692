"""What was measured by what: enough to measure it again, and to know a bundle's own figures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from platform import python_version
from typing import Any, Final

from radscr_edge.contract import MANIFEST, Bundle, Files, sha256_of
from radscr_export.evaluation.readings import Readings

PACKAGES: Final = (
    *("radscr-edge", "numpy", "scipy", "scikit-learn", "opencv-python-headless", "onnxruntime"),
    *("pydicom", "pillow"),
)


def provenance(readings: Readings, command: str) -> dict[str, Any]:
    """The bundle, variant, split, `command`, versions and date behind figures of these readings.

    The digest is that of the manifest; it is empty of a bundle that is only being built.
    """
    bundle, variant = readings.bundle, readings.variant.name
    return {
        "bundle": bundle.name,
        "digest": bundle.digest,
        "fingerprint": fingerprint(bundle),
        "preset": bundle.preset,
        "built": bundle.created,
        "variant": variant,
        "split": readings.split,
        **stamp(command),
    }


def stamp(command: str) -> dict[str, Any]:
    """A command with today's date and the versions that answer it."""
    return {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "packages": {"python": python_version(), **{name: version(name) for name in PACKAGES}},
    }


def fingerprint(bundle: Bundle) -> str:
    """SHA-256 of all that decides a reading: every file but manifest and card, rules, settings.

    Unlike the manifest's digest it stays the same when figures are written into the card.
    """
    files = {
        path.name: sha256_of(path)
        for path in sorted(bundle.folder.iterdir())
        if path.name not in (MANIFEST, Files.CARD)
    }
    record = asdict(bundle)
    decisive = {name: record[name] for name in ("variants", "settings", "decoder")}
    text = json.dumps({**decisive, "files": files}, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()

"""Thresholds that a clinic refitted to its own studies: a file beside the untouched bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from radscr_edge.contract import Bundle, Files, FindingRule, Variant, rule_of, sha256_of
from radscr_edge.errors import CalibrationError
from radscr_runtime.sealed import path_beside, seal_of, write_sealed

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Site:
    """What was refitted, on how many studies and to which networks."""

    studies: int
    on: str
    """Date, ISO 8601."""
    vision: Mapping[str, str]
    """Per network variant the SHA-256 of its vision network."""
    rules: Mapping[str, Mapping[str, FindingRule]]
    """Per network variant the rules of the findings that had studies enough."""


def site_path(bundle: Bundle) -> Path:
    """The file of a bundle's refitted thresholds; it lies beside the folder."""
    return path_beside(bundle, "site-thresholds")


def vision_of(bundle: Bundle) -> dict[str, str]:
    """Per network variant the SHA-256 of its vision network."""
    return {name: sha256_of(bundle.path(Files.VISION[name])) for name in bundle.variants}


def at_site(bundle: Bundle, variant: Variant) -> tuple[Variant, str]:
    """The variant with the rules refitted on site, and a remark for the report; else as it came.

    Raises CalibrationError where the file is damaged, or was made for another vision network.
    """
    path = site_path(bundle)
    if not path.is_file():
        return variant, ""
    site = _load(path)
    if site.vision.get(variant.name) != vision_of(bundle)[variant.name]:
        raise CalibrationError(
            f"{path} was fitted to another vision network than that of {bundle.folder}. Refit it: "
            "radscr-edge calibrate --studies CSV, or remove it to use the thresholds as shipped."
        )
    # tau_w belongs to the heads, which may have changed while the vision network stayed.
    refitted = {
        finding: replace(rule, withdraw=variant.rules[finding].withdraw)
        for finding, rule in site.rules[variant.name].items()
    }
    remark = (
        f"Thresholds of {len(refitted)} findings were refitted on site, to {site.studies} studies "
        f"on {site.on} ({seal_of(asdict(site))[:12]})."
    )
    return replace(variant, rules={**variant.rules, **refitted}), remark


def save_site(bundle: Bundle, site: Site) -> Path:
    """Writes the refitted thresholds, whole or not at all; returns the file."""
    path = site_path(bundle)
    write_sealed(path, FORMAT, asdict(site))
    return path


def _load(path: Path) -> Site:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        rules = {
            variant: {finding: rule_of(rule) for finding, rule in refitted.items()}
            for variant, refitted in record["rules"].items()
        }
        site = Site(record["studies"], record["on"], record["vision"], rules)
        sound = record["digest"] == seal_of(asdict(site))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise CalibrationError(_damaged(path)) from problem
    if not sound:
        raise CalibrationError(_damaged(path))
    return site


def _damaged(path: Path) -> str:
    return (
        f"{path} is damaged or was altered. Refit it: radscr-edge calibrate --studies CSV, or "
        "remove it to use the thresholds as shipped."
    )

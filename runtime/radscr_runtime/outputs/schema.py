"""The published JSON Schema of report.json."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def report_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) that every report.json fulfils."""
    text = files("radscr_runtime.outputs").joinpath("report.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema

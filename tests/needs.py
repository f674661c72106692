"""Packages that some tests need: where they are missing, CI fails and a developer's run skips."""

import importlib
import os
from types import ModuleType

import pytest


def needs(module: str) -> ModuleType:
    """The module; where it cannot be imported, the calling tests are skipped, or fail in CI."""
    if os.environ.get("CI") == "true":
        return importlib.import_module(module)
    return pytest.importorskip(module, exc_type=Exception)

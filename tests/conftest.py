"""Shared ground of the tests: the shipped bundle, the samples, and the real data where it lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples every time, however busy the machine: a slow one is no failure.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def bundle_folder() -> Path:
    return ROOT / "models" / "default"


@pytest.fixture(scope="session")
def samples() -> Path:
    return ROOT / "samples"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the data packs; its absence fails in CI and skips elsewhere."""
    folder = Path(os.environ.get("RADSCR_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        missing = f"no data packs at {folder}; set RADSCR_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

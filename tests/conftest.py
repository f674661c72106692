"""Shared ground of the tests: the shipped bundle, the samples, and the real data where it lies."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from stand_ins import zones

from radscr_edge.claims import Status
from radscr_edge.contract import Bundle

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


@pytest.fixture(scope="session")
def busy_bundle(bundle_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped networks under thresholds that bring about every kind of statement."""
    folder = tmp_path_factory.mktemp("busy") / "bundle"
    bundle = Bundle.open(shutil.copytree(bundle_folder, folder))
    quiet = {"thresholds": zones(1.0, 1.0), "denied": None, "withdraw": -9.0}
    always = zones(0.0, 0.0)
    loud = {
        "pleural effusion": {"thresholds": always},
        "enlarged cardiac silhouette": {"thresholds": always},
        "consolidation": {"thresholds": always, "withdraw": 9.0},
        "pneumothorax": {"thresholds": always, "withdraw": 9.0},
        "tortuous aorta": {"thresholds": zones(0.0, None), "status": Status.NOT_VALIDATED},
        "hernia": {"denied": 1.0},
        "scoliosis": {"denied": 0.0},
    }
    variants = {
        name: replace(
            variant,
            rules={
                finding: replace(rule, **(quiet | loud.get(finding, {})))
                for finding, rule in variant.rules.items()
            },
        )
        for name, variant in bundle.variants.items()
    }
    open_handed = {"supplement_share": 0.0, "supplement_score": -9.0, "rival_margin": 9.0}
    open_settings = replace(bundle.settings, **open_handed)
    replace(bundle, variants=variants, settings=open_settings).save()
    return folder

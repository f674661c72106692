"""One reader, without a language model, and one report of every sample."""

import shutil
from dataclasses import replace

import pytest
from stand_ins import zones

from radscr_edge.claims import Status
from radscr_edge.contract import Bundle
from radscr_runtime import Options, Reader

SAMPLES = (
    "normal.dcm",
    "enlarged-heart.dcm",
    "effusion.dcm",
    "pneumothorax.dcm",
    "nodule.dcm",
    "consolidation.dcm",
)


@pytest.fixture(scope="session")
def reader(bundle_folder):
    with Reader.open(bundle_folder, Options(decoder="plain")) as opened:
        yield opened


@pytest.fixture(scope="session")
def reports(reader, samples):
    return {name: reader.read(samples / name) for name in SAMPLES}


@pytest.fixture(params=SAMPLES)
def report(reports, request):
    return reports[request.param]


@pytest.fixture(scope="session")
def busy_bundle(bundle_folder, tmp_path_factory):
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
    settings = replace(bundle.settings, **open_handed)
    replace(bundle, variants=variants, settings=settings).save()
    return folder


@pytest.fixture(scope="session")
def busy_report(busy_bundle, samples):
    with Reader.open(busy_bundle, Options(decoder="plain")) as reader:
        return reader.read(samples / "effusion.dcm")

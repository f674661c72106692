"""One reader, without a language model, and one report of every sample."""

import pytest

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
def busy_report(busy_bundle, samples):
    with Reader.open(busy_bundle, Options(decoder="plain")) as reader:
        return reader.read(samples / "effusion.dcm")

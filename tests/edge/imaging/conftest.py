"""One decoding worker and the unpacked DICOM corpora, shared by the imaging tests."""

import tarfile

import pytest

from radscr_edge.imaging import DecodingWorker


@pytest.fixture(scope="session")
def worker():
    with DecodingWorker() as worker:
        yield worker


@pytest.fixture(scope="session")
def corpora(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dicom")
    for name in ("dicom_chest.tar", "dicom_conformance.tar", "dicom_fuzz.tar.gz"):
        with tarfile.open(data / "dicom" / name) as archive:
            archive.extractall(folder, filter="data")
    return folder

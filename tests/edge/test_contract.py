"""A bundle is verified before anything of it becomes an object."""

import json
import shutil

import pytest

from radscr_edge.contract import MANIFEST, Bundle
from radscr_edge.errors import BundleError
from radscr_edge.ontology import FINDINGS


@pytest.fixture
def copied(bundle_folder, tmp_path):
    return shutil.copytree(bundle_folder, tmp_path / "bundle")


def test_the_shipped_bundle_opens_with_rules_for_every_finding(bundle_folder):
    bundle = Bundle.open(bundle_folder)

    for variant in bundle.variants.values():
        assert set(variant.rules) == set(FINDINGS)


def test_saving_and_opening_gives_the_same_bundle(copied):
    bundle = Bundle.open(copied)

    assert bundle.save() == bundle


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match=r"is no bundle: it holds no bundle\.json"):
        Bundle.open(tmp_path)


def test_a_changed_byte_is_noticed(copied):
    path = copied / "donors.npz"
    raw = bytearray(path.read_bytes())
    raw[100] ^= 1
    path.write_bytes(raw)

    with pytest.raises(BundleError, match=r"donors\.npz is damaged"):
        Bundle.open(copied)


def test_a_missing_file_is_named(copied):
    (copied / "proposal.onnx").unlink()

    with pytest.raises(BundleError, match=r"proposal\.onnx is missing"):
        Bundle.open(copied)


def test_a_stranger_in_the_folder_is_refused(copied):
    (copied / "notes.txt").write_text("hello")

    with pytest.raises(BundleError, match=r"notes\.txt is not part of the bundle"):
        Bundle.open(copied)


def test_an_unreadable_manifest_is_damaged(copied):
    (copied / MANIFEST).write_text("{")

    with pytest.raises(BundleError, match="is damaged"):
        Bundle.open(copied)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", 99, "reads bundle format 3 only"),
        ("findings", ["flu"], "its findings are not those of this program"),
        ("shapes", {}, "is missing or unknown"),
    ],
)
def test_a_foreign_manifest_is_refused(copied, key, value, message):
    record = json.loads((copied / MANIFEST).read_text())
    record[key] = value
    (copied / MANIFEST).write_text(json.dumps(record))

    with pytest.raises(BundleError, match=message):
        Bundle.open(copied)

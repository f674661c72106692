"""A reader opens once, reads many, ends its worker, and trusts no network unseen."""

import os
import shutil
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from made import film, put, saved

import radscr_runtime
from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import BundleError, StudyCause, StudyError
from radscr_runtime import Options, Reader
from radscr_runtime.golden import Replay, cache_folder, recall, remember

PLAIN = Options(decoder="plain")


def alive(pid):
    return Path(f"/proc/{pid}").exists()


def children():
    """Living children of this process."""
    listing = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return set(listing.read_text().split())


@pytest.fixture
def copied(bundle_folder, tmp_path):
    return shutil.copytree(bundle_folder, tmp_path / "bundle")


def off_tolerance(folder, *variants):
    """Signs a bundle whose golden logits no machine computes."""
    bundle = Bundle.open(folder)
    with np.load(folder / Files.GOLDEN) as stored:
        golden = dict(stored)
    for name in variants:
        golden[f"logits.{name}"] = golden[f"logits.{name}"] + 9.0
    np.savez(folder / Files.GOLDEN, **golden)
    return bundle.save().folder


def test_the_public_names_are_few_and_all_there():
    assert radscr_runtime.__all__ == [
        "BundleError",
        "DecoderError",
        "Options",
        "RadscrError",
        "Reader",
        "StopWriting",
        "StudyError",
    ]
    assert all(hasattr(radscr_runtime, name) for name in radscr_runtime.__all__)


def test_leaving_the_context_ends_the_worker(bundle_folder):
    with Reader.open(bundle_folder, PLAIN) as reader:
        pid = reader.worker.pid
        assert alive(pid)

    assert not alive(pid)


def test_a_bundle_that_cannot_be_opened_leaves_no_worker(tmp_path):
    before = children()

    with pytest.raises(BundleError, match="is no bundle"):
        Reader.open(tmp_path, PLAIN)

    assert children() == before


def test_a_reader_survives_a_study_that_it_refuses(reader, samples, tmp_path):
    (tmp_path / "empty.dcm").touch()

    with pytest.raises(StudyError, match=r"empty\.dcm is empty") as refusal:
        reader.read(tmp_path / "empty.dcm")

    assert refusal.value.cause is StudyCause.EMPTY
    assert reader.read(samples / "normal.dcm").hypotheses


def test_a_relative_path_is_read_from_where_the_caller_stands(reader, samples, monkeypatch):
    monkeypatch.chdir(samples)

    report = reader.read("normal.dcm")

    assert report.radiograph.name == "normal.dcm"


def test_the_time_limit_of_decoding_is_kept(bundle_folder, samples):
    hurried = replace(PLAIN, decoding_seconds=0.0)

    with (
        Reader.open(bundle_folder, hurried) as reader,
        pytest.raises(StudyError, match="was not decoded within 0 s") as refusal,
    ):
        reader.read(samples / "normal.dcm")

    assert refusal.value.cause is StudyCause.TIME_LIMIT


def test_the_memory_limit_of_decoding_is_kept(bundle_folder, samples, tmp_path):
    large = film(samples)
    put(large, np.tile(large.pixel_array, (8, 9)))
    cramped = replace(PLAIN, decoding_memory_mb=64)

    with (
        Reader.open(bundle_folder, cramped) as reader,
        pytest.raises(StudyError, match="needs more than 64 MB to decode") as refusal,
    ):
        reader.read(saved(large, tmp_path))

    assert refusal.value.cause is StudyCause.MEMORY_LIMIT


def test_options_cannot_change_under_a_reader():
    with pytest.raises(AttributeError):
        PLAIN.threads = 2


@pytest.mark.parametrize("variant", ["int8", "fp32"])
def test_a_variant_can_be_asked_for(bundle_folder, samples, variant):
    with Reader.open(bundle_folder, replace(PLAIN, variant=variant)) as reader:
        report = reader.read(samples / "normal.dcm")

    assert report.provenance.network_variant == variant


def test_an_unknown_variant_is_refused_with_the_known_ones(bundle_folder):
    with pytest.raises(BundleError, match=r"has no network variant 'int4'; it has int8, fp32\."):
        Reader.open(bundle_folder, replace(PLAIN, variant="int4"))


def test_provenance_names_bundle_network_and_search(reader, bundle_folder):
    bundle, made = Bundle.open(bundle_folder), reader.provenance

    assert (made.bundle_name, made.bundle_digest) == (bundle.name, bundle.digest)
    assert made.network_variant in bundle.variants
    assert made.package_version == version("radscr-edge")


def test_the_search_is_exact_and_says_so_or_is_the_index(reader):
    said = "hnswlib is not installed; sentences were searched exactly instead."

    assert reader.provenance.search in ("hnsw", "exact")
    assert (said in reader.provenance.remarks) == (reader.provenance.search == "exact")


def test_a_network_that_this_machine_computes_differently_gives_way(copied, samples):
    folder = off_tolerance(copied, "int8")

    with Reader.open(folder, PLAIN) as reader:
        report = reader.read(samples / "normal.dcm")

    assert report.provenance.network_variant == "fp32"
    assert (
        "This processor computes the int8 network differently; it was not used."
        in report.provenance.remarks
    )


def test_without_one_trusted_network_nothing_is_read(copied):
    folder = off_tolerance(copied, "int8", "fp32")

    with pytest.raises(BundleError, match="computes none of its networks as their maker did"):
        Reader.open(folder, PLAIN)


def test_the_replay_is_remembered_for_the_next_start(bundle_folder):
    with Reader.open(bundle_folder, PLAIN):
        (kept,) = (cache_folder() / "golden").iterdir()
        made = kept.stat().st_mtime_ns
    time.sleep(0.02)

    with Reader.open(bundle_folder, PLAIN):
        assert kept.stat().st_mtime_ns == made


def test_a_verdict_holds_for_one_bundle_variant_and_version():
    remember("a" * 64, "int8", "1.0", good=False)

    assert recall("a" * 64, "int8", "1.0") is False
    assert recall("b" * 64, "int8", "1.0") is None
    assert recall("a" * 64, "fp32", "1.0") is None
    assert recall("a" * 64, "int8", "2.0") is None


def test_a_spoilt_memory_is_no_memory():
    remember("a" * 64, "int8", "1.0", good=True)
    (path,) = (cache_folder() / "golden").iterdir()

    for spoilt in ("{", "[]", '{"good": "yes"}'):
        path.write_text(spoilt)
        assert recall("a" * 64, "int8", "1.0") is None


def test_a_cache_that_cannot_be_written_does_not_stop_the_reading(
    bundle_folder, samples, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")

    with Reader.open(bundle_folder, PLAIN) as reader:
        assert reader.read(samples / "normal.dcm").hypotheses


@pytest.mark.parametrize(
    ("difference", "good"), [(0.25, True), (0.26, False), (float("nan"), False)]
)
def test_a_replay_is_good_within_its_tolerance(difference, good):
    assert Replay(difference, 0.25).good is good

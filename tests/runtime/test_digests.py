"""A digest is remembered only for the very file that it was taken of."""

import hashlib
import os

import pytest

from radscr_edge.contract import sha256_of
from radscr_runtime.decoders import digests
from radscr_runtime.decoders.digests import digest_of_file
from radscr_runtime.golden import cache_folder

WEIGHTS = hashlib.sha256(b"weights").hexdigest()


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file that nobody changed for long enough."""
    monkeypatch.setattr(digests, "SETTLED_NS", -1)
    path = tmp_path / "own.gguf"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def read(monkeypatch):
    """The files that were read whole."""
    files = []

    def reading(path):
        files.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(digests, "sha256_of", reading)
    return files


def remembered():
    (place,) = (cache_folder() / "digests").iterdir()
    return place


def test_a_file_that_stays_is_read_once(file, read):
    digest = digest_of_file(file)

    assert digest_of_file(file) == digest == sha256_of(file)
    assert read == ["own.gguf"]


def test_another_content_of_the_same_size_and_time_is_read_anew(file, read):
    digest_of_file(file)
    before = file.stat()
    while file.stat().st_ctime_ns == before.st_ctime_ns:  # until the system's clock has moved on
        file.write_bytes(b"poisons")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert digest_of_file(file) == sha256_of(file)
    assert len(read) == 2


def test_another_file_in_its_place_is_read_anew(file, read, tmp_path):
    digest_of_file(file)
    before = file.stat()
    other = tmp_path / "other.gguf"
    other.write_bytes(b"poisons")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)

    assert digest_of_file(file) == sha256_of(file)
    assert len(read) == 2


def test_a_file_that_was_changed_just_now_is_not_remembered(file, read, monkeypatch):
    monkeypatch.setattr(digests, "SETTLED_NS", 10**15)
    digest_of_file(file)

    assert not (cache_folder() / "digests").exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(WEIGHTS, "0" * 64),
        lambda text: text[:40],
        lambda text: text.replace('"format": 1', '"format": 2'),
        lambda text: "[]",
    ],
)
def test_a_memory_that_was_altered_is_not_believed(file, read, spoil):
    digest_of_file(file)
    place = remembered()
    place.write_text(spoil(place.read_text()))

    assert digest_of_file(file) == sha256_of(file)
    assert len(read) == 2


def test_without_a_cache_it_is_read_every_time(file, read, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    digest_of_file(file)

    assert digest_of_file(file) == sha256_of(file)
    assert len(read) == 2

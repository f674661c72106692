"""A saved state is used only where it is byte for byte what was saved."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from radscr_runtime.decoders.states import KEPT, States


@pytest.fixture
def states(tmp_path):
    return States(tmp_path / "phi", "a" * 64)


def writing(text):
    def write(path):
        path.write_text(text)
        return True

    return write


def test_a_state_that_was_saved_is_sound(states):
    path = states.path("prompt")

    states.save(path, writing("keys and values"))

    assert states.sound(path)
    assert path.read_text() == "keys and values"


def test_a_state_belongs_to_one_model_prompt_build_and_context(states, tmp_path):
    paths = {
        states.path("prompt", "build", True),
        states.path("prompt", "build", False),
        states.path("prompt", "later build", True),
        states.path("another prompt", "build", True),
        States(tmp_path / "phi", "b" * 64).path("prompt", "build", True),
    }

    assert len(paths) == 5


@pytest.mark.parametrize("suffix", [".state", ".sha256"])
def test_a_changed_state_or_seal_is_removed(states, suffix):
    path = states.path("prompt")
    states.save(path, writing("keys and values"))
    path.with_suffix(suffix).write_text("changed")

    assert not states.sound(path)
    assert list(path.parent.iterdir()) == []


def test_a_state_without_its_seal_is_removed(states):
    path = states.path("prompt")
    states.save(path, writing("keys and values"))
    path.with_suffix(".sha256").unlink()

    assert not states.sound(path)
    assert not path.exists()


def test_what_could_not_be_written_leaves_nothing(states):
    path = states.path("prompt")

    states.save(path, lambda fresh: False)

    assert not states.sound(path)
    assert list(path.parent.iterdir()) == []


def test_only_the_newest_states_stay(states):
    paths = [states.path(number) for number in range(KEPT + 1)]

    for age, path in enumerate(paths):
        states.save(path, writing(str(age)))
        os.utime(path, (age, age))
    states.save(states.path("newest"), writing("newest"))

    assert [states.sound(one) for one in paths] == [False, False, True]
    assert states.sound(states.path("newest"))


def test_what_a_killed_process_left_is_removed_and_what_another_writes_stays(states):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    states.folder.mkdir()
    left, lonely, written, foreign = (
        states.folder / name
        for name in (f"ab.{gone.pid}", "ab.sha256", f"ab.{os.getppid()}", "notes.txt")
    )
    for path in (left, lonely, written, foreign):
        path.write_text("half a state")

    states.save(states.path("prompt"), writing("keys and values"))

    assert [one.exists() for one in (left, lonely, written, foreign)] == [False, False, True, True]
    assert states.sound(states.path("prompt"))


def test_a_cache_that_cannot_be_written_keeps_nothing():
    states = States(Path("/proc/nowhere"), "a" * 64)
    path = states.path("prompt")

    states.save(path, writing("keys and values"))

    assert not states.sound(path)

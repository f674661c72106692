"""Figures count the decoding worker, and the card beside them says nothing about persons."""

import getpass
import json
import socket
from pathlib import Path

import pytest

from radscr_runtime import Options
from radscr_runtime.bench import bench
from radscr_runtime.machine import machine_card
from radscr_runtime.timing import listen, stage


@pytest.fixture(scope="module")
def figures(bundle_folder, samples):
    return bench(bundle_folder, [samples / "normal.dcm"], Options(decoder="plain"), 2)


def test_memory_is_the_readers_and_the_workers(figures):
    peaks = figures["peak_memory_mb"]

    assert peaks["together"] == peaks["reader"] + peaks["worker"]
    assert peaks["reader"] > 30
    assert peaks["worker"] > 30


def test_every_stage_of_the_walk_is_timed(figures):
    assert list(figures["stages_ms"]) == [
        "load", "encode", "classify", "localise", "propose", "critique", "retrieve", "recheck",
        "aggregate", "report",
    ]  # fmt: skip


def test_the_whole_takes_at_least_as_long_as_its_stages(figures):
    stages = {name: spread["p50"] for name, spread in figures["stages_ms"].items()}

    whole = stages.pop("report")
    assert max(stages.values()) <= whole


def test_the_figures_name_no_study(figures, samples):
    text = json.dumps(figures)

    assert "normal" not in text
    assert str(samples) not in text


def test_the_machine_card_names_no_user_and_no_host():
    text = json.dumps(machine_card()).lower()

    words = text.replace('"', " ").replace(",", " ").split()
    for name in (getpass.getuser(), socket.gethostname(), str(Path.home())):
        assert name.lower() not in words


def test_a_stage_is_timed_only_while_somebody_listens():
    @stage
    def knock():
        return "who"

    knock()
    with listen() as seconds:
        knock()
        knock()
    knock()

    assert list(seconds) == ["knock"]
    assert seconds["knock"] >= 0


def test_a_stage_that_fails_is_timed_and_still_fails():
    @stage
    def trip():
        raise ValueError("stone")

    with listen() as seconds, pytest.raises(ValueError, match="stone"):
        trip()

    assert list(seconds) == ["trip"]

"""A report is complete before Phi is asked, and whoever leaves early keeps that one."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from stand_ins import Oracle

from radscr_runtime import Options, Reader
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.saved_report import load_report

INTERRUPTED = """
import signal
from radscr_runtime.cli import main
from radscr_runtime.decoders.judge import JudgeDecoder

JudgeDecoder.decide = lambda *_: signal.raise_signal(signal.SIGINT)
main()
"""


@pytest.fixture
def judged(busy_bundle):
    with Reader.open(busy_bundle, Options(decoder="plain")) as reader:
        yield replace(reader, decoder=JudgeDecoder(Oracle(1.0)))


def test_the_rules_report_comes_first_and_the_one_with_phi_last(judged, samples):
    first, last = judged.tiers(samples / "effusion.dcm")

    assert (first.composition.decoder, last.composition.decoder) == ("plain", "judge")
    assert first.composition.lines
    assert [one for one in first.composition.lines if one.source == "Q"] == [
        one for one in last.composition.lines if one.source == "Q"
    ]


def test_without_phi_there_is_one(reader, samples):
    (report,) = reader.tiers(samples / "effusion.dcm")

    assert report.composition.decoder == "plain"


def test_phi_is_not_asked_where_nobody_waits_for_it(judged, samples):
    for report in judged.tiers(samples / "effusion.dcm"):
        assert report.composition.decoder == "plain"
        break

    assert judged.decoder.phi.asked == []


def test_cancelling_the_reader_reaches_phi(judged):
    judged.cancel()

    assert judged.decoder.phi.cancelled


def test_a_reading_without_phi_may_be_cancelled(reader, samples):
    reader.cancel()

    assert reader.read(samples / "effusion.dcm").composition.lines


def test_a_program_that_is_stopped_has_written_the_rules_report(busy_bundle, samples, tmp_path):
    out = tmp_path / "out"
    command = ["read", samples / "effusion.dcm", "--decoder", "judge", "--out", out]

    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, *map(str, command), "--bundle", str(busy_bundle)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=dict(os.environ),
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Stopped.\n")
    (written,) = out.glob("*/report.json")
    assert json.loads(written.read_text())["composition"]["decoder"] == "plain"
    assert load_report(written)

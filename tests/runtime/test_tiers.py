"""A report is complete before Phi is asked, and whoever leaves early keeps that one."""

from dataclasses import replace

import pytest
from stand_ins import Oracle

from radscr_runtime import Options, Reader
from radscr_runtime.decoders.judge import JudgeDecoder


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


def test_cancelling_the_reader_reaches_phi_and_the_next_reading_begins_anew(judged, samples):
    judged.cancel()
    assert judged.decoder.phi.cancelled

    assert judged.read(samples / "effusion.dcm").composition.decoder == "judge"
    assert not judged.decoder.phi.cancelled


def test_a_reading_without_phi_may_be_cancelled(reader, samples):
    reader.cancel()

    assert reader.read(samples / "effusion.dcm").composition.lines

"""Lesions drawn into samples are raised at their place; a normal chest raises none of them."""

import json

import pytest
from golden import DRAWN, LESIONS, caught, lesion_of


@pytest.fixture(scope="module")
def lesions(samples):
    return json.loads((samples / "lesions.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("sample", "finding"), LESIONS)
def test_the_lesion_of_a_sample_is_found_at_its_place(reports, lesions, sample, finding):
    lesion = lesion_of(lesions, sample, finding)

    assert caught(reports[sample], finding, lesion), found_in(reports[sample])


def found_in(report):
    """What a report raised, for the message of a failure."""
    return [
        (one.place.hypothesis.finding, one.verdict.value, one.place.boxes)
        for one in report.findings
    ]


def test_the_normal_phantom_raises_none_of_the_samples_findings(reports):
    present = {one.finding for one in reports["normal.dcm"].hypotheses if one.raised}

    assert present & DRAWN == set()

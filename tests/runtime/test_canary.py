"""The shipped networks look at their image; one that does not is found out."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from radscr_edge.contract import Bundle, Files
from radscr_runtime.canary import Canary, run_canary


@pytest.fixture
def own(bundle_folder, tmp_path):
    return Bundle.open(shutil.copytree(bundle_folder, tmp_path / "bundle"))


@pytest.mark.parametrize("variant", ["int8", "fp32"])
def test_the_shipped_networks_depend_on_the_image(bundle_folder, variant):
    canary = run_canary(Bundle.open(bundle_folder), variant)

    assert canary.swap > canary.shift > 0
    assert canary.complaints == ()


def test_a_network_that_answers_all_images_alike_is_found_out(own):
    with np.load(own.path(Files.GOLDEN)) as stored:
        golden = dict(stored)
    golden["image"] = np.repeat(golden["image"][:1], 2, axis=0)
    np.savez(own.path(Files.GOLDEN), **golden)

    canary = run_canary(own.save(), "int8")

    assert canary.swap == 0
    assert (
        "Another image changes the int8 network's probabilities by 0.0000" in (canary.complaints[0])
    )


def test_without_the_guard_of_detail_a_blank_image_has_findings_affirmed(own):
    variants = {name: replace(one, least_detail=0.0) for name, one in own.variants.items()}

    canary = run_canary(replace(own, variants=variants), "int8")

    assert "black" in canary.confident
    assert "The int8 network is sure of a finding on an image of black." in canary.complaints


def test_a_gate_that_lets_noise_through_is_told():
    canary = Canary("int8", swap=1.0, shift=0.5, accepted=("even noise",), confident=())

    assert canary.complaints == ("The gate lets an image of even noise through.",)

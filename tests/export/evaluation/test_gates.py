"""Counts of what the reading of files accepts, with exact intervals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.stats import beta

from radscr_edge.imaging import DecodingWorker
from radscr_export.evaluation.gates import KINDS, gates, outcome_of
from radscr_export.evaluation.shares import share


@pytest.mark.parametrize(("hits", "count"), [(0, 20), (7, 20), (104, 105), (20, 20)])
def test_intervals_are_those_of_clopper_and_pearson(hits: int, count: int) -> None:
    found = share(hits, count)

    low = beta.ppf(0.025, hits, count - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, count - hits) if hits < count else 1.0
    assert (found.value, found.low, found.high) == pytest.approx((hits / count, low, high))


def test_nothing_counted_is_nothing_known() -> None:
    found = share(0, 0)

    assert np.isnan(found.value)
    assert (found.low, found.high) == (0.0, 1.0)


@pytest.fixture(scope="module")
def worker() -> Iterator[DecodingWorker]:
    with DecodingWorker() as worker:
        yield worker


def test_a_sample_is_accepted(samples: Path, worker: DecodingWorker) -> None:
    raw = (samples / "effusion.dcm").read_bytes()

    assert outcome_of(raw, "effusion.dcm", worker) == "accepted"


def test_noise_and_damage_are_refused_with_their_causes(worker: DecodingWorker) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300), dtype=np.uint8)
    picture = cv2.imencode(".png", noise)[1].tobytes()

    outcomes = {outcome_of(picture, "noise.png", worker), outcome_of(b"x", "film.png", worker)}

    assert len(outcomes) == 2
    assert not any(one.startswith("accepted") for one in outcomes)


def test_only_the_asked_split_is_counted_and_what_lacks_is_not_measured(pack: Path) -> None:
    found = gates(pack, "val")

    assert list(found) == list(KINDS)
    assert found["iu frontal"]["right"]["count"] == 24
    assert found["nih frontal"]["right"]["count"] == 48
    assert sum(found["nih frontal"]["outcomes"].values()) == 48
    assert found["hannover frontal"] is None
    assert found["not a chest"] is None

"""Areas of made scores, what counts as negative, and who is better on the same films."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from export.evaluation.made_readings import made_readings

from radscr_edge.ontology import FINDINGS
from radscr_export.data.labels import State
from radscr_export.data.nih_boxes import nih_columns
from radscr_export.evaluation.detection import detection, finding_panel, int8_loss
from radscr_export.evaluation.paired import Panel, compare

HEART = FINDINGS.index("enlarged cardiac silhouette")
COUNT = 60


def panel(ours: np.ndarray, theirs: np.ndarray, truth: np.ndarray) -> Panel:
    column = truth[:, None].astype(bool)
    scores = (ours[:, None].astype(np.float32), theirs[:, None].astype(np.float32))
    groups = tuple(str(row) for row in range(len(truth)))
    return Panel(("heart",), column, np.ones_like(column), scores, groups)


def test_a_known_area_and_its_curve() -> None:
    truth = np.arange(40) % 2
    scores = np.where(truth == 1, 1.0, np.where(np.arange(40) < 20, 2.0, 0.0))

    row = compare(panel(scores, scores, truth), ("ours", "linear"), curves=True)["per_label"]

    assert row["heart"]["auroc"]["ours"]["value"] == pytest.approx(0.5)
    assert row["heart"]["positives"] == row["heart"]["negatives"] == 20
    assert row["heart"]["roc"] == [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [1.0, 1.0]]


@pytest.mark.parametrize(("sign", "verdict"), [(1, "better"), (-1, "worse"), (0, "undecided")])
def test_the_sign_of_a_clear_difference_is_told(sign: int, verdict: str) -> None:
    truth = np.arange(COUNT) % 2

    found = compare(panel(sign * truth, 0 * truth, truth), ("ours", "linear"))

    assert found["per_label"]["heart"]["verdict"] == verdict
    assert found["significantly_worse"] == (["heart"] if verdict == "worse" else [])
    assert found["macro"]["auroc"]["difference"]["value"] == pytest.approx(sign / 2)


def noisy(count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    """Scores that follow the truth loosely, and the truth."""
    truth = np.arange(count) < count // 3
    return np.random.default_rng(0).normal(size=count) + truth, truth


def test_a_model_does_not_differ_from_itself() -> None:
    scores, truth = noisy()

    found = compare(panel(scores, scores.copy(), truth), ("ours", "linear"))

    difference = found["macro"]["auroc"]["difference"]
    assert (difference["value"], difference["low"], difference["high"]) == (0, 0, 0)


def test_a_better_model_is_better_in_nearly_every_draw() -> None:
    scores, truth = noisy(240)

    found = compare(panel(scores + 2 * truth, scores, truth), ("ours", "linear"))["macro"]["auroc"]

    assert found["linear"]["value"] < found["ours"]["value"]
    difference = found["difference"]
    assert 0 < difference["low"] < difference["value"] < difference["high"]


def test_the_same_films_give_the_same_interval() -> None:
    scores, truth = noisy()

    first, second = (compare(panel(scores, -scores, truth), ("ours", "linear")) for _ in range(2))

    assert first == second


def test_nine_positives_are_too_few() -> None:
    truth = np.arange(COUNT) < 9

    found = compare(panel(truth, truth, truth), ("ours", "linear"))

    assert found["labels"] == 0
    assert found["macro"] is None


@pytest.fixture
def states() -> np.ndarray:
    """IU films whose hearts are coded, denied, merely unnamed, or hedged in equal parts."""
    states = np.full((COUNT, len(FINDINGS)), State.UNKNOWN, np.int8)
    kinds = (State.POSITIVE, State.NEGATIVE, State.ASSUMED, State.UNKNOWN)
    states[:, HEART] = np.resize(kinds, COUNT)
    return states


def test_both_definitions_of_negative_count_other_films(
    bundle_folder: Path, states: np.ndarray
) -> None:
    logits = np.zeros((COUNT, len(FINDINGS)))
    readings = made_readings(bundle_folder, states, logits, ["iu"] * COUNT)

    known = {
        name: finding_panel(readings, (logits, logits), name).known[:4, HEART].tolist()
        for name in ("uncoded", "explicit")
    }

    assert known["uncoded"] == [True, True, True, False]
    assert known["explicit"] == [True, True, False, False]


def test_data_sets_and_views_are_told_apart(bundle_folder: Path, pack: Path) -> None:
    ids = [f"{row:08d}_000.jpg" for row in range(90_025, 90_049)]
    ids += [f"{row:08d}_000.jpg" for row in range(90_113, 90_137)]
    ill = np.arange(48) % 2 == 0
    states = np.full((48, len(FINDINGS)), State.NEGATIVE, np.int8)
    effusion = nih_columns()["Effusion"]
    states[ill, effusion] = State.POSITIVE
    logits = np.zeros((48, len(FINDINGS)), np.float32)
    logits[:, effusion] = np.where(np.arange(48) < 24, ill, ~ill)
    sources = ["nih-PA"] * 24 + ["nih-AP"] * 24
    readings = made_readings(bundle_folder, states, logits, sources, ids=ids)

    found = detection(readings, np.zeros_like(logits), pack)

    areas = {
        name: found[name]["all"]["nih14"]["per_label"]["Effusion"]["auroc"]["ours"]["value"]
        for name in ("nih", "nih-PA", "nih-AP")
    }
    assert areas == pytest.approx({"nih": 0.5, "nih-PA": 1.0, "nih-AP": 0.0})
    assert list(found) == ["nih", "nih-PA", "nih-AP"]
    assert found["nih"]["abnormal"]["nih14"]["films"] == 24
    assert found["nih"]["abnormal"]["nih14"]["labels"] == 0


def test_other_sets_have_their_views_and_no_labels_of_nih(
    bundle_folder: Path, states: np.ndarray
) -> None:
    logits = np.zeros((COUNT, len(FINDINGS)), np.float32)
    sources = [("iu", "nih-PA", "nih-AP")[row // 4 % 3] for row in range(COUNT)]
    readings = made_readings(bundle_folder, states, logits, sources)
    own = replace(readings.studies, sources=("own", "own-PA", "own-AP", "phantom"))

    found = detection(replace(readings, studies=own), logits, None)

    films = {name: row["all"]["uncoded"]["films"] for name, row in found.items()}
    assert films == {"own": 60, "own-PA": 20, "own-AP": 20}
    assert all(list(row["all"]) == ["uncoded"] for row in found.values())


def test_the_loss_of_quantisation_is_paired(bundle_folder: Path, states: np.ndarray) -> None:
    logits = np.zeros((COUNT, len(FINDINGS)), np.float32)
    exact = logits.copy()
    exact[states == State.POSITIVE] = 1
    readings = made_readings(bundle_folder, states, logits, ["iu"] * COUNT)

    found = int8_loss(readings, exact)["iu"]["macro"]["auroc"]

    assert found["fp32"]["value"] == 1.0
    assert found["difference"]["value"] == pytest.approx(-0.5)


def test_every_nih_label_is_scored_by_one_finding() -> None:
    columns = nih_columns()

    assert len(columns) == 14
    assert columns["Cardiomegaly"] == HEART

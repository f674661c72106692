"""Hypotheses and their alternatives: lawful whatever the labels, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_export.data.labels import State
from radscr_export.data.training_set import patient_of
from radscr_export.sampling import (
    POSITIVES_PER_STUDY,
    Batch,
    Hypothesis,
    hypothesise,
    other_findings,
    other_studies,
)

STUDIES, N = 6, len(FINDINGS)
states = arrays(np.int8, (STUDIES, N), elements=st.sampled_from([int(one) for one in State]))
seeds = st.integers(0, 2**32 - 1)


def batch_of(labels: np.ndarray, seed: int = 0) -> Batch:
    rng = np.random.default_rng(seed)
    count = len(labels)
    return Batch(
        states=labels,
        logits=rng.normal(size=(count, N)).astype(np.float32),
        pooled=rng.normal(size=(count, 4)).astype(np.float32),
        source=rng.integers(0, 2, count),
        patient=np.array([f"patient {index // 2}" for index in range(count)]),
    )


@given(labels=states, finding=st.integers(0, N - 1), seed=seeds)
@settings(max_examples=60, deadline=None)
def test_another_abnormality_is_denied_in_the_study_and_no_kin(
    labels: np.ndarray, finding: int, seed: int
) -> None:
    kin = {FINDINGS.index(name) for name in load_ontology().kin(FINDINGS[finding])}

    rng = np.random.default_rng(seed)
    chosen = other_findings(Hypothesis(0, finding, True), batch_of(labels), 2, rng)

    assert not set(chosen) & kin
    assert len(set(chosen)) == len(chosen) <= 2
    assert all(labels[0, one] in (State.NEGATIVE, State.ASSUMED) for one in chosen)


@given(labels=states, finding=st.integers(0, N - 1), seed=seeds)
@settings(max_examples=60, deadline=None)
def test_another_image_is_of_the_same_source_without_the_finding_and_of_another_patient(
    labels: np.ndarray, finding: int, seed: int
) -> None:
    batch = batch_of(labels)

    rng = np.random.default_rng(seed)
    chosen = other_studies(Hypothesis(0, finding, True), batch, 2, rng)

    assert all(batch.source[one] == batch.source[0] for one in chosen)
    assert all(batch.patient[one] != batch.patient[0] for one in chosen)
    assert all(labels[one, finding] in (State.NEGATIVE, State.ASSUMED) for one in chosen)


KINDS = ["mixed", "random", "hard", "easy"]


def denied_in_one_film() -> tuple[Hypothesis, Batch, list[int]]:
    """A hernia in a film of nothing else, and all else from the most to the least believed."""
    batch = batch_of(sick_films(1, "hernia"))
    row = Hypothesis(0, FINDINGS.index("hernia"), True)
    believed = [int(one) for one in np.argsort(-batch.logits[0]) if one != row.finding]
    return row, batch, believed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_as_many_alternatives_as_are_wanted_are_chosen_once_each(kind: str, count: int) -> None:
    row, batch, believed = denied_in_one_film()

    chosen = other_findings(row, batch, count, np.random.default_rng(0), kind)

    assert len(chosen) == len(set(chosen)) == count
    assert set(chosen) <= set(believed)


@pytest.mark.parametrize("kind", KINDS)
def test_where_only_one_is_eligible_it_is_chosen_alone(kind: str) -> None:
    labels = np.full((3, N), State.NEGATIVE, np.int8)
    labels[2] = State.UNKNOWN
    batch = batch_of(labels)
    batch.source[:], batch.patient[:] = 0, ["one", "other", "third"]

    chosen = other_studies(Hypothesis(0, 0, True), batch, 4, np.random.default_rng(0), kind)

    assert chosen == [1]


def test_hard_ones_are_believed_most_and_easy_ones_least() -> None:
    row, batch, believed = denied_in_one_film()

    hard, easy = (other_findings(row, batch, 2, np.random.default_rng(0), k) for k in KINDS[2:])

    assert hard == believed[:2]
    assert easy == believed[:-3:-1]


def test_random_ones_are_the_ones_of_the_dice() -> None:
    row, batch, believed = denied_in_one_film()

    firsts = {
        other_findings(row, batch, 1, np.random.default_rng(seed), "random")[0]
        for seed in range(300)
    }

    assert firsts == set(believed)


def test_mixed_are_the_hardest_a_random_one_and_the_easiest() -> None:
    row, batch, believed = denied_in_one_film()

    drawn = [other_findings(row, batch, 4, np.random.default_rng(seed)) for seed in range(30)]

    assert {one[0] for one in drawn} == {believed[0]}
    assert all(believed[-1] in one[1:3] for one in drawn)
    assert len({one[1] for one in drawn}) > 10


@given(labels=states, predicted=st.sampled_from([0.0, 0.5, 1.0]), seed=seeds)
@settings(max_examples=60, deadline=None)
def test_a_hypothesis_is_true_where_the_label_is_positive_and_never_about_the_unknown(
    labels: np.ndarray, predicted: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)

    proposed, dropped = hypothesise(batch_of(labels), 0.3, predicted, rng)

    assert all(
        one.true == (labels[one.study, one.finding] == State.POSITIVE) for one in proposed + dropped
    )
    assert all(labels[one.study, one.finding] != State.UNKNOWN for one in proposed)
    assert not {(one.study, one.finding) for one in proposed} & {
        (one.study, one.finding) for one in dropped
    }


@given(labels=states, seed=seeds)
@settings(max_examples=20, deadline=None)
def test_the_same_seed_chooses_the_same(labels: np.ndarray, seed: int) -> None:
    batch = batch_of(labels)

    first, second = (hypothesise(batch, 0.3, 0.5, np.random.default_rng(seed)) for _ in range(2))

    assert first == second


def sick_films(count: int, *findings: str) -> np.ndarray:
    labels = np.full((count, N), State.NEGATIVE, np.int8)
    labels[:, [FINDINGS.index(name) for name in findings]] = State.POSITIVE
    return labels


def test_three_in_ten_true_hypotheses_are_held_back_for_c_neg() -> None:
    labels = sick_films(2000, "hernia", "scoliosis")

    proposed, dropped = hypothesise(batch_of(labels), 0.3, 0.0, np.random.default_rng(0))

    assert abs(len(dropped) / 4000 - 0.3) < 0.03
    assert len(proposed) + len(dropped) == 4000


def test_teacher_forcing_proposes_only_what_is_true() -> None:
    labels = sick_films(50, "hernia")

    proposed, _ = hypothesise(batch_of(labels), 0.0, 0.0, np.random.default_rng(0))

    assert {one.finding for one in proposed} == {FINDINGS.index("hernia")}


def test_a_finding_that_only_follows_from_another_is_not_proposed() -> None:
    labels = sick_films(1, "consolidation", "airspace opacity", "lung opacity")

    proposed, dropped = hypothesise(batch_of(labels), 0.0, 0.0, np.random.default_rng(0))

    assert [FINDINGS[one.finding] for one in proposed] == ["consolidation"]
    assert not dropped


def test_what_is_one_too_many_to_propose_is_left_to_c_neg() -> None:
    labels = sick_films(1, "hernia", "scoliosis", "bronchiectasis", "tortuous aorta", "cyst/bullae")

    proposed, dropped = hypothesise(batch_of(labels), 0.0, 0.0, np.random.default_rng(0))

    assert (len(proposed), len(dropped)) == (POSITIVES_PER_STUDY, 2)


def test_a_believed_denial_is_proposed_and_an_overlooked_truth_is_left_to_c_neg() -> None:
    labels, batch = sick_films(2, "hernia"), batch_of(sick_films(2, "hernia"))
    batch.logits[:] = 0
    batch.logits[0, [FINDINGS.index("scoliosis"), FINDINGS.index("cyst/bullae")]] = 9

    proposed, dropped = hypothesise(batch, 0.0, 1.0, np.random.default_rng(0))

    first = {FINDINGS[one.finding]: one.true for one in proposed if one.study == 0}
    assert first == {"scoliosis": False, "cyst/bullae": False}
    assert Hypothesis(0, FINDINGS.index("hernia"), True) in dropped
    assert labels[0, FINDINGS.index("hernia")] == State.POSITIVE


def test_a_finding_that_the_classifier_gives_every_film_is_not_believed_more() -> None:
    batch = batch_of(sick_films(3))
    batch.logits[:] = 0
    batch.logits[:, FINDINGS.index("lung opacity")] = 9
    batch.logits[1, FINDINGS.index("hernia")] = 1

    proposed, _ = hypothesise(batch, 0.0, 1.0, np.random.default_rng(0))

    assert FINDINGS[proposed[1].finding] == "hernia"


def test_half_trust_believes_half_of_the_studies() -> None:
    labels = sick_films(1000)

    proposed, _ = hypothesise(batch_of(labels), 0.0, 0.5, np.random.default_rng(0))

    assert abs(len(proposed) / 1000 - 0.5) < 0.06


def test_films_of_one_nih_patient_have_one_patient() -> None:
    assert patient_of("00000012_000.jpg") == patient_of("00000012_004.jpg")
    assert patient_of("00000012_000.jpg") != patient_of("00000013_000.jpg")
    assert patient_of("12") != patient_of("13")

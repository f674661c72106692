"""Report figures agree with the libraries that define them, and count only what is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sacrebleu.metrics import BLEU
from sklearn.metrics import f1_score

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS, ORGANS
from radscr_export.data.labels import State
from radscr_export.evaluation.bootstrap import interval
from radscr_export.evaluation.report_bootstrap import draw_weights
from radscr_export.evaluation.report_counts import class_names, count_codes, count_texts
from radscr_export.evaluation.report_metrics import (
    METRICS,
    difference,
    draws_of,
    report_figures,
    scores,
)
from radscr_export.evaluation.report_truth import SystemReports, Truth

HEART = FINDINGS.index("enlarged cardiac silhouette")
EFFUSION = FINDINGS.index("pleural effusion")
SICK, WELL = "The heart is enlarged. Left pleural effusion.", "The lungs are clear. No effusion."


def truth_of(states: np.ndarray, references: tuple[str, ...] = ()) -> Truth:
    count = len(states)
    return Truth(
        ids=tuple(str(row) for row in range(count)),
        states=states,
        references=references or ("The heart is normal.",) * count,
        abnormal=(states == State.POSITIVE).any(axis=1),
        distinct=np.ones(count, np.bool_),
    )


def half_sick(count: int = 40) -> Truth:
    """Every other study has a large heart and an effusion."""
    states = np.full((count, len(FINDINGS)), State.NEGATIVE, np.int8)
    states[::2, [HEART, EFFUSION]] = State.POSITIVE
    return truth_of(states)


def every(truth: Truth) -> np.ndarray:
    return np.arange(len(truth.ids))


def values(reports: SystemReports, truth: Truth) -> dict[str, float]:
    told = scores(draws_of(count_texts(reports, truth), every(truth)))
    return {name: one["value"] for name, one in told.items()}


def test_f1_of_codes_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    states, said = ((rng.random((60, len(FINDINGS))) < 0.3).astype(np.int8) for _ in range(2))
    truth, texts = truth_of(states), ("",) * 60

    told = scores(draws_of(count_codes(SystemReports("codes", texts, said), truth), every(truth)))

    frequent = states.sum(axis=0) >= 10
    assert told["ce_abn_micro"]["value"] == round(f1_score(states, said, average="micro"), 4)
    macro = f1_score(states[:, frequent], said[:, frequent], average="macro", zero_division=0)
    assert told["ce_abn_macro"]["value"] == round(macro, 4)


def test_unknown_states_count_neither_for_nor_against() -> None:
    truth = half_sick()
    before = values(SystemReports("sick", (SICK,) * 40), truth)
    truth.states[1::2, [HEART, EFFUSION]] = State.UNKNOWN

    after = values(SystemReports("sick", (SICK,) * 40), truth)

    assert before["ce_abn_micro"] == round(2 / 3, 4)
    assert after["ce_abn_micro"] == 1.0


def test_what_is_neither_coded_nor_mentioned_counts_as_absent() -> None:
    truth = half_sick()
    before = values(SystemReports("sick", (SICK,) * 40), truth)
    truth.states[truth.states == State.NEGATIVE] = State.ASSUMED

    assert values(SystemReports("sick", (SICK,) * 40), truth) == before


def test_an_organ_is_unknown_where_a_finding_of_it_may_be_there() -> None:
    truth = half_sick(2)
    truth.states[1, FINDINGS.index("scoliosis")] = State.UNKNOWN

    counts = count_texts(SystemReports("sick", (SICK, "Spinal fracture.")), truth)

    flags = dict(zip(ORGANS, counts.organs.sum(axis=1).T.tolist(), strict=True))
    assert flags["heart"] == [1, 0, 0]
    assert flags["pleura"] == [1, 0, 0]
    assert flags["bone"] == [0, 0, 0]


def test_no_finding_is_said_where_no_class_of_chexpert_is() -> None:
    counts = count_texts(SystemReports("well", (WELL, "Mild scoliosis.")), half_sick(2))

    classes = dict(zip(class_names(), counts.classes.sum(axis=1).T.tolist(), strict=True))
    assert classes["No Finding"] == [1, 1, 0]
    assert classes["Cardiomegaly"] == [0, 0, 1]
    assert len(classes) == 12


def test_bleu_is_sacrebleus() -> None:
    texts = ("The heart is large and the lungs are clear today.", "Small effusion on the left.")
    wanted = ("The heart is not large and the lungs are clear.", "A small effusion on the left.")
    truth = truth_of(half_sick(2).states, wanted)

    told = values(SystemReports("some", texts), truth)

    corpus = BLEU(lowercase=True, smooth_method="none").corpus_score(texts, [wanted])
    assert corpus.score > 30
    assert told["bleu4"] == pytest.approx(corpus.score / 100, abs=1e-4)


def test_rouge_is_the_longest_common_run_of_words_in_order() -> None:
    truth = truth_of(half_sick(1).states, ("the heart is very large",))

    assert values(SystemReports("one", ("the heart is large",)), truth)["rouge_l"] == round(
        8 / 9, 4
    )


def test_a_text_without_words_scores_nothing() -> None:
    told = values(SystemReports("mute", ("",) * 40), half_sick())

    assert (told["ce_abn_micro"], told["bleu4"], told["rouge_l"]) == (0.0, 0.0, 0.0)


def test_the_first_draw_is_the_studies_themselves_and_the_others_are_as_many() -> None:
    weights = draw_weights(30)

    assert (weights[0] == 1).all()
    assert (weights.sum(axis=1) == 30).all()
    low_high = interval(weights @ np.arange(30) / 30)
    assert low_high.low < low_high.value == 14.5 < low_high.high


def test_a_system_does_not_differ_from_itself_and_a_better_one_does() -> None:
    truth = half_sick()
    right = SystemReports("right", (SICK, WELL) * 20)
    good, poor = (
        draws_of(count_texts(one, truth), every(truth))
        for one in (right, SystemReports("poor", (SICK, SICK) * 20))
    )

    same, better = difference(good, good), difference(good, poor)

    assert same["ce_abn_micro"] == {"value": 0, "low": 0, "high": 0, "excludes_zero": False}
    assert better["ce_abn_micro"]["excludes_zero"]
    assert 0 < better["ce_abn_micro"]["low"] < better["ce_abn_micro"]["high"]


def test_retrieved_reports_are_scored_both_ways_and_on_every_subset() -> None:
    truth = half_sick()
    truth.distinct[:30] = False
    others = np.zeros_like(truth.states)
    systems = [
        SystemReports("ours", (SICK, WELL) * 20),
        SystemReports("nearest", (WELL, WELL) * 20, others),
    ]

    figures = report_figures(systems, truth)

    assert figures["studies"] == {
        "all": 40,
        "abnormal": 20,
        "distinct": 10,
        "abnormal and distinct": 5,
    }
    assert set(figures["systems"]) == {"ours", "nearest", "nearest, by its codes"}
    assert set(figures["systems"]["ours"]["all"]) == set(METRICS)
    by_codes = figures["systems"]["nearest, by its codes"]["all"]
    assert set(by_codes) == set(METRICS) - {"bleu4", "rouge_l"}
    assert figures["differences"]["nearest, by its codes"]["abnormal"]["ce_abn_micro"]["value"] == 1
    assert figures["macro_over"]["all"]["ce_abn"] == ["pleural effusion", FINDINGS[HEART]]
    assert figures["macro_over"]["distinct"]["ce_abn"] == []
    assert "ce_abn_macro" not in figures["systems"]["ours"]["distinct"]


def test_what_is_hedged_counts_only_under_its_own_heading() -> None:
    truth = half_sick()
    hedged = SystemReports("hedged", ("Possible cardiomegaly and possible pleural effusion.",) * 40)

    figures = report_figures([hedged], truth)

    assert figures["systems"]["hedged"]["abnormal"]["ce_abn_micro"]["value"] == 0.0
    assert figures["hedged"]["hedged"]["abnormal"]["ce_abn_micro"]["value"] == 1.0


def test_no_word_of_a_report_is_among_the_figures() -> None:
    truth = truth_of(half_sick().states, ("Zebra stripes over the thorax.",) * 40)

    figures = json.dumps(report_figures([SystemReports("ours", ("Giraffe. " + SICK,) * 40)], truth))

    assert "ebra" not in figures
    assert "iraffe" not in figures


def test_as_many_reports_as_studies_are_needed() -> None:
    with pytest.raises(TrainingError, match="ours: 39 reports for 40 studies"):
        report_figures([SystemReports("ours", (SICK,) * 39)], half_sick())


def test_codes_are_asked_only_of_what_was_retrieved() -> None:
    with pytest.raises(TrainingError, match="ours has no codes"):
        count_codes(SystemReports("ours", (SICK,) * 40), half_sick())

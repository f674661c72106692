"""From films of a made pack to all figures of their reports, with the shipped bundle."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from radscr_edge.contract import Bundle
from radscr_edge.errors import DecoderError
from radscr_export.data.training_set import load_studies
from radscr_export.evaluation.composed import composed_texts, compositions
from radscr_export.evaluation.published import load_published
from radscr_export.evaluation.report_section import ReportPlan, WalkedFilms, measure_reports
from radscr_export.walk import Walker


@pytest.fixture(scope="module")
def bundle(bundle_folder: Path) -> Bundle:
    return Bundle.open(bundle_folder)


@pytest.fixture(scope="module")
def walker(bundle: Bundle) -> Walker:
    return Walker.open(bundle, next(iter(bundle.variants)))


@pytest.fixture(scope="module")
def films(pack: Path, bundle: Bundle, walker: Walker) -> WalkedFilms:
    studies = load_studies(pack, "val", bundle.shapes.image_size)
    rules = walker.networks.variant.rules
    walks = tuple(walker.walk(studies, rules, np.arange(len(studies.ids))))
    return WalkedFilms(studies, walks)


@pytest.fixture(scope="module")
def figures(pack: Path, bundle: Bundle, walker: Walker, films: WalkedFilms) -> dict:
    return measure_reports(bundle, walker, films, pack, "val", ReportPlan(("plain",)))


def test_our_reports_stand_beside_every_baseline(figures: dict) -> None:
    assert list(figures["systems"]) == [
        "radscr-edge, plain",
        "most frequent report",
        "nearest report",
        "nearest sentences",
        "classifier and fixed sentences",
        "retrieved, reranked and merged",
        "most frequent report, by its codes",
        "nearest report, by its codes",
    ]
    assert figures["studies"]["all"] == 24


def test_drawn_films_find_their_like_among_the_drawn_training_films(figures: dict) -> None:
    assert figures["systems"]["nearest report"]["all"]["ce_abn_micro"]["value"] > 0.9
    assert figures["systems"]["nearest report, by its codes"]["all"]["ce_abn_micro"]["value"] > 0.9


def test_our_lines_are_all_traced_and_never_contradict(figures: dict) -> None:
    grounded = figures["grounding"]["plain"]

    assert grounded["reports"] == 24
    assert grounded["traced_to_library"] == 1.0
    assert grounded["retrieved_traced_to_region"] in (1.0, None)
    assert grounded["reports_with_contradiction"] == 0


def test_retrieval_is_measured_on_true_hypotheses(figures: dict) -> None:
    found = figures["retrieval"]

    assert found["true_positives_of_the_films"] == 12
    assert 0 < found["true_hypotheses"] <= 12
    assert 0.0 <= found["with_critiques"]["acc_at_5"]["value"] <= 1.0
    assert set(found["with_critiques"]) <= set(found["without_critiques"])


def test_the_figures_are_json_without_a_word_of_a_report(figures: dict) -> None:
    text = json.dumps(figures)

    assert "A drawn" not in text
    assert "NaN" not in text


def test_the_same_film_gets_the_same_report_again(bundle: Bundle, films: WalkedFilms) -> None:
    first, second = (composed_texts(bundle, films.studies, films.walks[:3]) for _ in range(2))

    assert first == second
    assert all(first)


def test_a_decoder_that_cannot_run_is_no_other_decoders_figure(
    bundle: Bundle, films: WalkedFilms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    monkeypatch.delitem(sys.modules, "radscr_runtime.decoders.llama", raising=False)

    with pytest.raises(DecoderError, match="ask for 'plain'"):
        compositions(bundle, films.studies, films.walks[:1], "judge")


def test_published_figures_come_with_the_sentence_that_they_are_of_other_data() -> None:
    published = load_published()

    assert "of other data" in published.notice
    assert published.data in published.notice
    rows = {one.name: asdict(one) for one in published.systems}
    assert len(rows) == 7
    assert (rows["RadSCR"]["ce_abn"], rows["RadFM"]["ce_abn"]) == (0.572, None)
    assert rows["MAIRA-2 7B"]["chexbert_f1"] == 0.621


def test_the_figures_name_the_split(figures: dict) -> None:
    assert figures["split"] == "val"

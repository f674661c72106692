"""Ablations on the tiny bundle: what is dropped is dropped, alike for all, and said with signs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from needs import needs

from radscr_edge.contract import Bundle
from radscr_edge.errors import TrainingError
from radscr_export.evaluation.ablation_figures import ablation_cells, verdict
from radscr_export.evaluation.ablation_heads import (
    FULL,
    TRAININGS,
    Trainer,
    open_walker,
    with_settings,
)
from radscr_export.evaluation.ablations import (
    ALPHAS,
    NO_LLM,
    READINGS,
    Films,
    Outcome,
    Plan,
    Trial,
    ablate,
    see_films,
)
from radscr_export.evaluation.evaluate import evaluate, evaluate_ablations
from radscr_export.evaluation.report_section import ReportPlan
from radscr_export.metrics import DRAWS, Interval
from radscr_export.model.preset import Preset
from radscr_export.model.radscr import Heads
from radscr_export.run import Run
from radscr_export.text_encoder import TextEncoder
from radscr_export.texts import LibraryTexts
from radscr_export.train import load_trained
from radscr_export.walk import Walker, as_radiograph
from radscr_runtime.encode import encode

PLAN = Plan(seeds=1, epochs=1, variant="int8", trainings=(FULL, "no critiques"))


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Films are looked at once for the whole file, and only two pairs of alphas are tried."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("radscr_export.evaluation.ablation_heads.cache_folder", lambda: folder)
        patch.setattr("radscr_export.evaluation.ablations.ALPHAS", ALPHAS[:2])
        yield


@pytest.fixture(scope="module")
def trainer(
    tiny_bundle: Bundle,
    preset: Preset,
    pack: Path,
    library: LibraryTexts,
    few_extras: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Trainer:
    texts = (library, TextEncoder.load(preset.text.encoder))
    folder = tmp_path_factory.mktemp("heads")
    return Trainer(tiny_bundle, preset, pack, folder, PLAN.epochs, texts)


@pytest.fixture(scope="module")
def outcomes(trainer: Trainer) -> list[Outcome]:
    return ablate(trainer, PLAN, "test")


@pytest.fixture(scope="module")
def films(tiny_bundle: Bundle, pack: Path) -> Films:
    return see_films(tiny_bundle, "int8", pack, "val")


@pytest.fixture(scope="module")
def trial(trainer: Trainer, films: Films) -> Trial:
    heads = trainer.heads(FULL, 0)
    with open_walker(trainer.bundle, "int8", heads, trainer.texts[0]) as walker:
        rules = walker.networks.variant.rules
        proposed = [
            walker.propose(as_radiograph(films.studies, row), grid, rules)
            for row, grid in enumerate(films.grids)
        ]
    return Trial(trainer.bundle, walker, films, proposed, films, proposed)


@pytest.fixture(scope="module")
def trained_heads(run: Run, library: LibraryTexts) -> Heads:
    """Those that the tiny bundle was built with."""
    return load_trained(run, library.tokens.states.shape[-1]).heads


def test_only_abnormal_studies_are_read_with_what_the_network_says_of_them(
    films: Films, tiny_bundle: Bundle
) -> None:
    grid = encode(Walker.open(tiny_bundle, "int8").networks, as_radiograph(films.studies, 5))

    assert films.truth.abnormal.tolist() == [True] * 12
    assert films.studies.ids == films.truth.ids
    np.testing.assert_array_equal(films.grids[5].saliency, grid.saliency)


def test_every_variant_of_the_trainings_gets_all_figures(
    outcomes: list[Outcome],
) -> None:
    wanted = [name for name, (of, _) in READINGS.items() if of in PLAN.trainings]

    assert len(outcomes) == PLAN.seeds
    for one in outcomes:
        assert sorted(one.pairs) == sorted(wanted)
        assert (one.alpha1, one.alpha2) in ALPHAS[:2]
        for own, other in one.pairs.values():
            assert {"CE-Abn", "CE-Organ"} <= set(own) == set(other)
            assert all(draws.shape == (1 + DRAWS,) for draws in own.values())


def test_whole_heads_are_compared_with_themselves_and_all_others_with_them(
    outcomes: list[Outcome],
) -> None:
    whole = outcomes[0].pairs[FULL][0]

    assert all(other is whole for _, other in outcomes[0].pairs.values())


def test_seeds_differ_and_losses_without_critiques_give_other_heads(trainer: Trainer) -> None:
    first, other_seed, other_loss = (
        trainer.heads(*which).concepts for which in ((FULL, 0), (FULL, 1), ("no critiques", 0))
    )

    assert not torch.equal(first, other_seed)
    assert not torch.equal(first, other_loss)


def test_heads_that_are_kept_are_not_trained_again(
    outcomes: list[Outcome], trainer: Trainer, tmp_path: Path
) -> None:
    without_data = replace(trainer, data=tmp_path)

    again = without_data.heads("no critiques", 0)

    kept = trainer.heads("no critiques", 0)
    assert torch.equal(again.concepts, kept.concepts)


def test_heads_of_another_number_of_epochs_are_not_mistaken_for_these(
    outcomes: list[Outcome], trainer: Trainer
) -> None:
    with pytest.raises(TrainingError, match="holds a run with other settings"):
        replace(trainer, epochs=2).heads(FULL, 0)


def test_each_training_changes_one_thing(preset: Preset) -> None:
    losses = [replace(preset.loss, **changes) for changes in TRAININGS.values()]

    assert losses[0] == preset.loss
    assert len(set(losses)) == len(TRAININGS) == 8


def test_the_same_heads_give_the_bundles_own_proposals(
    trainer: Trainer, trained_heads: Heads, films: Films, tiny_bundle: Bundle
) -> None:
    own = Walker.open(tiny_bundle, "int8")
    rules, radiograph = own.networks.variant.rules, as_radiograph(films.studies, 0)

    with open_walker(tiny_bundle, "int8", trained_heads, trainer.texts[0]) as walker:
        found = walker.propose(radiograph, films.grids[0], rules)

    expected = own.propose(radiograph, films.grids[0], rules)
    np.testing.assert_allclose(found.proposals.c_neg, expected.proposals.c_neg, atol=1e-5)
    # The token states of the one library are kept in half precision.
    np.testing.assert_allclose(walker.library.folded, own.library.folded, atol=2e-3)


def test_other_alphas_fold_the_library_anew(trial: Trial) -> None:
    plain = with_settings(trial.walker, replace(trial.walker.settings, alpha1=0.0)).library

    np.testing.assert_array_equal(plain.folded, plain.vectors)
    assert not np.allclose(trial.walker.library.folded, plain.folded)
    assert plain.search.best(plain.vectors[7], 1, np.arange(len(plain.vectors))).shape == (1,)


def test_without_critiques_nothing_discounts_rivals_withdraw_nothing_and_nothing_is_added(
    trial: Trial,
) -> None:
    settings = trial.bundle.settings

    _, whole = trial.walks(settings, {})
    walker, bare = trial.walks(settings, READINGS["critiques dropped at test"][1])

    assert (walker.settings.alpha2, walker.settings.rival_margin) == (0, 1e9)
    assert not any(walk.missed for walk in bare)
    for walk in bare:
        for finding in walk.findings:
            assert finding.evidence[0].score == pytest.approx(finding.evidence[0].similarity)
            assert not finding.reason.sentence_id.startswith("frame.reason.rival")
    assert any(walk.missed for walk in whole)


def test_no_llm_is_whole_heads_with_the_plain_decoder_against_the_bundles(
    trainer: Trainer, outcomes: list[Outcome]
) -> None:
    needs("llama_cpp")
    plan = replace(PLAN, trainings=(FULL,), decoder="judge")

    (judged,) = ablate(trainer, plan, "val")

    plain, other = judged.pairs[NO_LLM]
    assert plain is judged.pairs[FULL][0]
    assert set(other) == {"CE-Abn", "CE-Organ", "CheXpert-14", "CE-Abn with hedges"}
    assert set(ablation_cells([judged])[NO_LLM]) == set(other)


def test_a_variant_that_was_not_asked_for_does_nothing(outcomes: list[Outcome]) -> None:
    assert NO_LLM not in outcomes[0].pairs
    assert not any(name.startswith("N_p") for name in outcomes[0].pairs)


def constant(value: float, spread: float) -> np.ndarray:
    return np.concatenate([[value], np.linspace(value - spread, value + spread, 100)])


def test_differences_are_means_over_seeds_with_intervals_over_draws() -> None:
    whole = {"CE-Abn": constant(0.5, 0.1)}
    seeds = [
        Outcome(9, 0.5, 0.25, {FULL: (whole, whole), "no critiques": ({"CE-Abn": own}, whole)})
        for own in (constant(0.4, 0.1), constant(0.3, 0.1))
    ]

    cell = ablation_cells(seeds)["no critiques"]["CE-Abn"]

    assert (cell["value"], cell["seeds"]) == (-0.15, [-0.1, -0.2])
    assert cell["own"]["value"] == 0.35
    assert cell["low"] == cell["high"] == -0.15
    assert (cell["paper"], cell["verdict"]) == (-0.037, "agrees")


@pytest.mark.parametrize(
    ("low", "high", "paper", "told"),
    [
        (-0.3, -0.1, -0.04, "agrees"),
        (0.1, 0.3, -0.04, "disagrees"),
        (0.1, 0.3, 0.007, "agrees"),
        (-0.1, 0.3, -0.04, "undecided"),
        (0.0, 0.0, -0.04, "undecided"),
        (-0.3, -0.1, None, None),
    ],
)
def test_the_verdict_is_of_the_sign(
    low: float, high: float, paper: float | None, told: str | None
) -> None:
    assert verdict(Interval((low + high) / 2, low, high), paper) == told


def test_ablations_join_the_evaluation_beside_them(
    tiny_bundle: Bundle, pack: Path, few_extras: None, tmp_path: Path
) -> None:
    evaluate(tiny_bundle.folder, pack, "test", tmp_path, plan=ReportPlan(("plain",)))
    plan = Plan(seeds=1, epochs=1, trainings=(FULL,))

    path = evaluate_ablations(tiny_bundle.folder, pack, "test", tmp_path, plan, ("plain",))

    found = json.loads(path.read_text(encoding="utf-8"))
    facts = found["ablation_facts"]
    assert (facts["split"], facts["studies"], facts["seeds"]) == ("test", 12, 1)
    assert (facts["epochs"], facts["decoder"]) == (1, "")
    assert 0 <= facts["full"]["CE-Abn"]["value"] <= 1
    cells = {name: row["CE-Abn"] for name, row in found["ablations"].items()}
    assert cells["critiques dropped at test"]["paper"] == -0.193
    assert cells["prototypes dropped at test"]["paper"] is None
    assert found["reports"]["studies"]["all"] == 24
    assert next(iter(found["ablations"])) == "critiques dropped at test"
    assert (tmp_path / "ablation.heads" / "full_seed_0" / "checkpoint.pt").is_file()
    assert 'id="ablations"' in (tmp_path / "evaluation.html").read_text(encoding="utf-8")
    assert "### Ablations on 12" in (tmp_path / "card.md").read_text(encoding="utf-8")


def test_ablations_without_an_evaluation_are_refused(
    bundle_folder: Path, pack: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"holds no metrics\.json"):
        evaluate_ablations(bundle_folder, pack, "val", tmp_path, PLAN)

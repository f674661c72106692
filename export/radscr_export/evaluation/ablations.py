"""What every part of the method gives: heads trained or read without it, beside whole ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from radscr_edge.contract import Bundle, FindingRule, Settings
from radscr_edge.errors import TrainingError
from radscr_edge.records import Grid
from radscr_export.data.training_set import Studies, load_studies, select
from radscr_export.evaluation.ablation_heads import (
    FULL,
    THREADS,
    TRAININGS,
    Trainer,
    open_walker,
    with_settings,
)
from radscr_export.evaluation.composed import composed_texts
from radscr_export.evaluation.report_bootstrap import Numbers
from radscr_export.evaluation.report_counts import count_affirmed, count_hedged
from radscr_export.evaluation.report_metrics import METRICS, draws_of
from radscr_export.evaluation.report_truth import SystemReports, Truth, first_films, load_truth
from radscr_export.evaluation.retrieval_metrics import retrieval_draws
from radscr_export.tune import OPEN, fit_limits
from radscr_export.walk import Proposed, Walk, Walker, as_radiograph
from radscr_runtime.encode import encode
from radscr_runtime.networks import OnnxNetworks

NO_LLM: Final = "no LLM"
UNCRITICISED: Final = {"alpha2": 0.0, "rival_margin": -OPEN, "supplements": 0}
READINGS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    FULL: (FULL, {}),
    "no critiques": ("no critiques", UNCRITICISED),
    "critiques dropped at test": (FULL, UNCRITICISED),
    "C_Neg dropped at test": (FULL, {"supplements": 0}),
    "no prototypes": ("no prototypes", {"alpha1": 0.0}),
    "prototypes dropped at test": (FULL, {"alpha1": 0.0}),
    **{name: (name, {}) for name in ("N_p 1", "N_p 4")},
    **{name: (name, {}) for name in ("sampling random", "sampling hard", "sampling easy")},
}
"""Variant -> whose heads it reads with, and what it changes in the settings."""
ALPHAS: Final = tuple(product((0.5, 0.25, 1.0), (0.25, 0.125, 0.5)))
"""alpha1 and alpha2 that are tried; of equal ones the first is taken."""
REPORT_FIGURES: Final = {
    "CE-Abn": "ce_abn_micro",
    "CE-Organ": "ce_organ_micro",
    "CheXpert-14": "chexpert14_micro",
}
HEDGED: Final = "CE-Abn with hedges"
"""The one figure that supplements can move: they are never more than hedged."""
RETRIEVAL_FIGURES: Final = {"Acc@5": "acc_at_5", "PO-1": "po_1"}

Draws = dict[str, Numbers]
"""Figure -> (1 + draws,)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is ablated, and with what."""

    seeds: int
    epochs: int
    """Of each training."""
    variant: str = ""
    """Network variant; empty: the bundle's preferred one."""
    decoder: str = ""
    """Whose reports the plain ones are compared with, in the row 'no LLM'; empty: no such row."""
    trainings: tuple[str, ...] = tuple(TRAININGS)
    """Of which 'full' comes first."""


@dataclass(frozen=True, slots=True, eq=False)
class Films:
    """The abnormal IU studies of one split, a film each, and what the vision network says."""

    studies: Studies
    truth: Truth
    grids: tuple[Grid, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the variants of one seed came to."""

    studies: int
    alpha1: float
    alpha2: float
    pairs: Mapping[str, tuple[Draws, Draws]]
    """Variant -> its figures, and those that it is compared with."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One training's heads on the walk, with the proposals that they make of the films."""

    bundle: Bundle
    walker: Walker
    val: Films
    proposed_val: Sequence[Proposed]
    films: Films
    proposed: Sequence[Proposed]

    def fitted(self, settings: Settings) -> tuple[Walker, Mapping[str, FindingRule]]:
        """The walker with settings and limits of withdrawal fitted to them on validation films."""
        walker = with_settings(self.walker, settings)
        rules = walker.networks.variant.rules
        rules, limits = fit_limits(walker, self.proposed_val, self.val.studies.states, rules)
        return replace(walker, settings=limits), rules

    def walks(self, settings: Settings, changes: Mapping[str, Any]) -> tuple[Walker, list[Walk]]:
        """The films as some settings, changed so, read them."""
        walker, rules = self.fitted(replace(settings, **changes))
        # What is dropped stays dropped, whatever the limits fitted.
        walker = replace(walker, settings=replace(walker.settings, **changes))
        return walker, [walker.judge(film, rules) for film in self.proposed]


def see_films(bundle: Bundle, variant: str, data: Path, split: str) -> Films:
    """The films that the figures are of; TrainingError where the split has no abnormal study."""
    truth = _abnormal(load_truth(data, split))
    if not truth.ids:
        raise TrainingError(f"{data} holds no abnormal IU study of the split {split!r}.")
    every = load_studies(data, split, bundle.shapes.image_size)
    studies = select(every, first_films(every.ids, truth.ids))
    networks = OnnxNetworks(bundle, variant, THREADS)
    rows = tqdm(range(len(studies.ids)), desc=f"looking at {split} films", unit="film")
    grids = tuple(encode(networks, as_radiograph(studies, row)) for row in rows)
    return Films(studies, truth, grids)


def ablate(trainer: Trainer, plan: Plan, split: str) -> list[Outcome]:
    """The outcome of every seed; heads that are kept in the trainer's folder are not trained again.

    Only the heads differ: all variants of a seed have its alphas, chosen on validation films for
    whole ones, and limits of withdrawal fitted in the same way on the same films. Raises
    TrainingError as the trainer does, DecoderError where the plan's decoder cannot run here.
    """
    val = see_films(trainer.bundle, plan.variant, trainer.data, "val")
    films = val
    if split != "val":
        films = see_films(trainer.bundle, plan.variant, trainer.data, split)
    with tqdm(total=plan.seeds * len(plan.trainings), desc="ablations", unit="training") as bar:
        return [_of_seed(trainer, plan, (val, films), seed, bar) for seed in range(plan.seeds)]


def _of_seed(
    trainer: Trainer, plan: Plan, films: tuple[Films, Films], seed: int, bar: tqdm
) -> Outcome:
    figures: dict[str, Draws] = {}
    settings, judged = trainer.bundle.settings, None
    for training in plan.trainings:
        trial = _try(trainer, plan.variant, films, training, seed)
        if training == FULL:
            settings = choose_alphas(trial)
            judged = _judged(trial, settings, plan.decoder) if plan.decoder else None
        for name, changes in _readings_of(training):
            walker, walks = trial.walks(settings, changes)
            figures[name] = _figures(trial, walker, walks)
        bar.update()
    pairs = {name: (own, figures[FULL]) for name, own in figures.items()}
    if judged is not None:
        pairs[NO_LLM] = (figures[FULL], judged)
    return Outcome(len(films[1].grids), settings.alpha1, settings.alpha2, pairs)


def _try(
    trainer: Trainer, variant: str, films: tuple[Films, Films], training: str, seed: int
) -> Trial:
    heads = trainer.heads(training, seed)
    count = replace(trainer.preset.loss, **TRAININGS[training]).alternatives
    val, own = films
    with open_walker(trainer.bundle, variant, heads, trainer.texts[0]) as opened:
        walker = replace(opened, settings=replace(opened.settings, alternatives=count))
        proposed_val = list(_propose(walker, val))
        proposed = proposed_val if own is val else list(_propose(walker, own))
    return Trial(trainer.bundle, walker, val, proposed_val, own, proposed)


def _propose(walker: Walker, films: Films) -> Iterator[Proposed]:
    rules = walker.networks.variant.rules
    for row, grid in enumerate(tqdm(films.grids, desc="proposing", unit="film", leave=False)):
        yield walker.propose(as_radiograph(films.studies, row), grid, rules)


def choose_alphas(trial: Trial) -> Settings:
    """Settings with the alphas of the best CE-Abn on the validation films."""
    tried = [
        replace(trial.walker.settings, alpha1=alpha1, alpha2=alpha2) for alpha1, alpha2 in ALPHAS
    ]
    bar = tqdm(tried, desc="choosing alphas", unit="pair", leave=False)
    scores = [_validation_score(trial, settings) for settings in bar]
    return tried[int(np.argmax(scores))]


def _validation_score(trial: Trial, settings: Settings) -> float:
    walker, rules = trial.fitted(settings)
    walks = [walker.judge(film, rules) for film in trial.proposed_val]
    return float(_report_figures(trial.bundle, trial.val, walks, "plain")["CE-Abn"][0])


def _readings_of(training: str) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, changes) for name, (of, changes) in READINGS.items() if of == training]


def _judged(trial: Trial, settings: Settings, decoder: str) -> Draws:
    """Figures of the decoder's reports, by whole heads."""
    _, walks = trial.walks(settings, {})
    return _report_figures(trial.bundle, trial.films, walks, decoder)


def _figures(trial: Trial, walker: Walker, walks: Sequence[Walk]) -> Draws:
    studies = trial.films.studies
    found = retrieval_draws(walker.library, walker.settings, studies, walks)
    return {
        **_report_figures(trial.bundle, trial.films, walks, "plain"),
        **{title: found[name] for title, name in RETRIEVAL_FIGURES.items() if name in found},
    }


def _report_figures(bundle: Bundle, films: Films, walks: Sequence[Walk], decoder: str) -> Draws:
    texts = composed_texts(bundle, films.studies, walks, decoder)
    reports, rows = SystemReports(decoder, texts), np.arange(len(texts))
    affirmed = draws_of(count_affirmed(reports, films.truth), rows)
    hedged = draws_of(count_hedged(reports, films.truth), rows)
    told = {title: affirmed[:, METRICS.index(name)] for title, name in REPORT_FIGURES.items()}
    return {**told, HEDGED: hedged[:, METRICS.index(REPORT_FIGURES["CE-Abn"])]}


def _abnormal(truth: Truth) -> Truth:
    rows = np.flatnonzero(truth.abnormal)
    return Truth(
        ids=tuple(truth.ids[row] for row in rows),
        states=truth.states[rows],
        references=tuple(truth.references[row] for row in rows),
        abnormal=truth.abnormal[rows],
        distinct=truth.distinct[rows],
    )

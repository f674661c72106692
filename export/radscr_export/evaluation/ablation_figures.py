"""Puts the outcomes of an ablation's seeds together, beside the paper's own table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from radscr_export.evaluation.ablation_heads import FULL, Trainer
from radscr_export.evaluation.ablations import Outcome, Plan, ablate
from radscr_export.evaluation.bootstrap import interval
from radscr_export.evaluation.published import PublishedSystem, load_published
from radscr_export.evaluation.report_bootstrap import Numbers
from radscr_export.metrics import Interval

PUBLISHED: Final = {"CE-Abn": "ce_abn", "CE-Organ": "ce_organ", "CheXpert-14": "chexbert_f1"}
"""Figure here -> the paper's own of the same kind."""


def ablations(trainer: Trainer, plan: Plan, split: str) -> dict[str, Any]:
    """The keys 'ablations' and 'ablation_facts' of metrics.json; errors as `ablate`."""
    outcomes = ablate(trainer, plan, split)
    published = load_published()
    return {
        "ablations": ablation_cells(outcomes),
        "ablation_facts": {
            "split": split,
            "studies": outcomes[0].studies,
            "seeds": plan.seeds,
            "epochs": plan.epochs,
            "decoder": plan.decoder,
            "command": _command(trainer, plan, split),
            "alphas": [{"alpha1": one.alpha1, "alpha2": one.alpha2} for one in outcomes],
            "full": full_figures(outcomes),
            "paper": {
                "data": published.data,
                "rows": [asdict(one) for one in published.ablations],
            },
        },
    }


def _command(trainer: Trainer, plan: Plan, split: str) -> str:
    decoders = f" --decoder plain {plan.decoder}" if plan.decoder else ""
    return (
        f"radscr-export evaluate {trainer.bundle.name} --data DATA --split {split}{decoders} "
        f"--ablations {plan.seeds} --ablation-epochs {plan.epochs} --out OUT"
    )


def ablation_cells(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """Variant -> figure -> what it changes, with its interval, and whether the paper agrees.

    `value`, `low` and `high` are of the variant minus whole heads (of whole heads minus the decoder
    for 'no LLM'), `own` of the variant itself: means over seeds, with 95 % intervals over draws of
    studies. `seeds` has the difference of each seed.
    """
    names = [name for name in outcomes[0].pairs if name != FULL]
    return {
        name: {
            figure: _cell(name, figure, [one.pairs[name] for one in outcomes])
            for figure in outcomes[0].pairs[name][0]
            if figure in outcomes[0].pairs[name][1]
        }
        for name in names
    }


def full_figures(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """Figure -> that of whole heads, the mean over seeds with its interval."""
    pairs = [one.pairs[FULL] for one in outcomes]
    return {figure: _rounded(_mean([own[figure] for own, _ in pairs])) for figure in pairs[0][0]}


def verdict(difference: Interval, paper: float | None) -> str | None:
    """'agrees' or 'disagrees' with the sign of the paper's, or 'undecided'; None without one."""
    if paper is None:
        return None
    if difference.low <= 0 <= difference.high:
        return "undecided"
    return "agrees" if (difference.value > 0) == (paper > 0) else "disagrees"


def _cell(
    name: str, figure: str, pairs: Sequence[tuple[Mapping[str, Numbers], Mapping[str, Numbers]]]
) -> dict[str, Any]:
    differences = [own[figure] - other[figure] for own, other in pairs]
    paper = _published_difference(name, figure)
    return {
        **_rounded(_mean(differences)),
        "own": _rounded(_mean([own[figure] for own, _ in pairs])),
        "seeds": [round(float(one[0]), 4) for one in differences],
        "paper": paper,
        "verdict": verdict(_mean(differences), paper),
    }


def _mean(draws: Sequence[Numbers]) -> Interval:
    """The mean over seeds, draw by draw, with its interval."""
    return interval(np.mean(draws, axis=0))


def _rounded(interval: Interval) -> dict[str, float]:
    return {key: round(value, 4) for key, value in asdict(interval).items()}


def _published_difference(name: str, figure: str) -> float | None:
    """What the paper's variant of that name loses or gains; None where it has no such figure."""
    rows = {one.name: one for one in load_published().ablations}
    if name not in rows or figure not in PUBLISHED:
        return None
    own, whole = (_published(rows[one], figure) for one in (name, FULL))
    return None if own is None or whole is None else round(own - whole, 4)


def _published(row: PublishedSystem, figure: str) -> float | None:
    value: float | None = getattr(row, PUBLISHED[figure])
    return value

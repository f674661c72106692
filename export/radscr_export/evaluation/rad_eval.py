"""Scores that need downloaded models, by RadEval where a person has installed it.

RadEval (Xu et al., EMNLP 2025 demonstrations) brings CheXbert, RadGraph, RadCliQ, GREEN and others,
but needs other versions of our own packages: so the Python of its environment is run as a child,
and texts go to it through a pipe, never into a file. Its metrics that ask a service are left out.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from radscr_edge.errors import TrainingError
from radscr_export.evaluation.report_bootstrap import Numbers, draw_weights
from radscr_export.evaluation.report_metrics import Rows, compared, each_subset, report_figures
from radscr_export.evaluation.report_truth import SystemReports, Truth

METRICS: Final = (
    *("f1chexbert", "radgraph", "radcliq", "ratescore", "green", "bertscore"),
    *("radeval_bertscore", "srrbert", "temporal", "bleu", "rouge"),
)
SCRIPT: Final = """
import json, sys
answers, sys.stdout = sys.stdout, sys.stderr
from radeval import RadEval
asked = json.load(sys.stdin)
evaluator = RadEval(metrics=asked["metrics"], per_sample=True, show_progress=False)
found = evaluator(refs=asked["references"], hyps=asked["texts"])
json.dump({name: [float(one) for one in values] for name, values in found.items()}, answers)
"""
"""What the child runs; whatever RadEval prints meets standard error."""


@dataclass(frozen=True, slots=True)
class RadEval:
    """An environment in which RadEval 2 is installed, and what to ask it for."""

    python: Path
    metrics: tuple[str, ...]

    def __post_init__(self) -> None:
        """TrainingError where a metric is none of METRICS."""
        unknown = [name for name in self.metrics if name not in METRICS]
        if unknown:
            raise TrainingError(
                f"{unknown[0]!r} is no metric of RadEval that runs on this machine: choose of "
                f"{', '.join(METRICS)}."
            )


def all_figures(
    systems: Sequence[SystemReports], truth: Truth, asked: RadEval | None
) -> dict[str, Any]:
    """The figures of `report_figures`, with RadEval's under 'rad_eval' where it is asked."""
    found = {} if asked is None else {"rad_eval": rad_eval_figures(asked, systems, truth)}
    return {**report_figures(systems, truth), **found}


def rad_eval_figures(
    asked: RadEval, systems: Sequence[SystemReports], truth: Truth
) -> dict[str, Any]:
    """Every system's scores, and how far the first one is from each other, as RadEval tells them.

    Means over studies with 95 % intervals, on the subsets of `report_figures`. What a score means,
    and whether less is better (RadCliQ), is RadEval's to say. Raises TrainingError where it fails.
    """
    found = {one.name: score(asked, truth.references, one.texts) for one in systems}
    names = list(next(iter(found.values())))
    draws = {
        system: each_subset(truth, partial(_draws, np.column_stack([*values.values()])))
        for system, values in found.items()
    }
    return {"metrics": names, **compared(draws, names)}


def score(asked: RadEval, references: Sequence[str], texts: Sequence[str]) -> dict[str, Numbers]:
    """Metric -> (n,) its value for every text; TrainingError where the child gives none."""
    request = {"metrics": asked.metrics, "references": list(references), "texts": list(texts)}
    try:
        done = subprocess.run(
            [asked.python, "-c", SCRIPT],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=True,
        )
        found = {name: np.array(values) for name, values in json.loads(done.stdout).items()}
    except OSError as problem:
        raise TrainingError(
            f"{asked.python} cannot be run ({problem.strerror}). Give the Python of an environment "
            "in which RadEval is installed: python -m venv ENV; ENV/bin/pip install radeval."
        ) from problem
    except (subprocess.CalledProcessError, ValueError) as problem:
        said = getattr(problem, "stderr", "") or str(problem)
        raise TrainingError(
            f"RadEval in {asked.python} failed: {said.strip().splitlines()[-1]} "
            "Install it there, and let it load its models once."
        ) from problem
    if any(values.shape != (len(texts),) for values in found.values()) or not found:
        raise TrainingError(f"RadEval in {asked.python} gave no value a text. Install version 2.")
    return found


def _draws(values: Numbers, rows: Rows) -> Numbers:
    """(1 + draws, metrics): means over the studies `rows`, then over every draw of them."""
    means: Numbers = draw_weights(len(rows)) @ values[rows] / len(rows)
    return means

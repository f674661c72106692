"""Writes the model card: data, licences, figures, and what the model must not be used for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import TrainingError
from radscr_export.calibrate import (
    DENIAL_SENSITIVITY,
    RARE_SHARE,
    SENSITIVITY_TARGET,
    TARGETED,
)
from radscr_export.evaluation.card_table import PER_FINDING, card_lines
from radscr_export.evaluation.provenance import fingerprint

LICENCE: Final = "research use only (non-commercial): trained on IU X-Ray, CC BY-NC-ND"
SETS: Final = {"iu": "IU X-Ray", "nih": "NIH ChestX-ray14"}
TOLD: Final = (
    *("provenance", "films", "detection", "calibration", "localisation", "sides", "int8_loss"),
    *("hypotheses", "critique", "gates", "reports"),
)
"""The parts of metrics.json that the card tells."""

INTENDED: Final = """\
## Intended use

- For research: drafts of reports of one upright frontal chest radiograph, each line with its
  ground, to be checked by a reader who sees the film.
- Not for: diagnosis or triage without that reader, lateral films, other body parts, or any
  claim that a film is normal. What is listed as not assessed was not looked for.
- Figures are told by data set and view. How they differ by age, sex, device or hospital was not
  measured.""".splitlines()


def write_card(bundle: Bundle) -> None:
    """README.md of the bundle, every figure from those that its manifest holds of it."""
    text = "\n".join(_lines(bundle)) + "\n"
    bundle.path(Files.CARD).write_text(text, encoding="utf-8")


def with_figures(bundle: Bundle, evaluations: Iterable[Mapping[str, Any]]) -> Bundle:
    """The bundle with the figures that its card tells, one set a split, in its manifest."""
    figures = {one["provenance"]["split"]: _kept(one) for one in evaluations}
    return replace(bundle, training={**bundle.training, "figures": figures})


def rewrite_card(folder: Path, files: Sequence[Path]) -> Path:
    """Writes a bundle's card anew from metrics.json files, signs the bundle, returns the card.

    Splits that no file is given for are told no more. Raises BundleError where the bundle is
    damaged, TrainingError where a file is no metrics.json of this very bundle, or two are of one
    split.
    """
    bundle = Bundle.open(folder)
    evaluations = [_read(file, fingerprint(bundle)) for file in files]
    splits = [one["provenance"]["split"] for one in evaluations]
    if len(set(splits)) < len(splits):
        raise TrainingError(f"Two files are of one split ({', '.join(splits)}). Give one a split.")
    bundle = with_figures(bundle, evaluations)
    write_card(bundle)
    return bundle.save().path(Files.CARD)


def _read(file: Path, expected: str) -> Mapping[str, Any]:
    try:
        metrics = json.loads(file.read_text(encoding="utf-8"))
        found = metrics["provenance"]["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise TrainingError(
            f"{file} is no metrics.json of a bundle ({problem}). Give what 'evaluate' wrote."
        ) from problem
    if found != expected:
        raise TrainingError(
            f"{file} was measured on another bundle ({found[:12]}, this one is {expected[:12]}). "
            "Evaluate this bundle."
        )
    evaluation: Mapping[str, Any] = metrics
    return evaluation


def _kept(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What the card tells of an evaluation: no curves, and no labels beyond those it lists."""
    kept: dict[str, Any] = _slim({name: metrics[name] for name in TOLD if name in metrics})
    listed = {(name, "all", truth) for name, _, truth in PER_FINDING}
    for name, subsets in kept["detection"].items():
        for subset, truths in subsets.items():
            for truth, found in truths.items():
                if (name, subset, truth) not in listed:
                    del found["per_label"]
    if "reports" in kept:
        kept["reports"] = {name: kept["reports"][name] for name in ("studies", "systems")}
    return kept


def _slim(value: Any) -> Any:
    """The same without curves, rounded to six digits."""
    if isinstance(value, Mapping):
        return {key: _slim(one) for key, one in value.items() if key not in ("roc", "curve", "ap")}
    if isinstance(value, list):
        return [_slim(one) for one in value]
    return round(value, 6) if isinstance(value, float) else value


def _lines(bundle: Bundle) -> Iterator[str]:
    yield f"# Bundle `{bundle.name}` (preset `{bundle.preset}`, built {bundle.created})"
    yield ""
    yield "**Research use only. Not a medical device.** No figure below was measured on patients of"
    yield "your clinic, and none on sealed data; expect worse."
    yield ""
    yield from INTENDED
    yield ""
    yield "## Data and licences"
    yield ""
    yield "- Trained on the training splits of IU X-Ray (CC BY-NC-ND 4.0) and of a public subset of"
    yield "  NIH ChestX-ray14, on synthetic phantoms, and on lesions painted on normal training"
    yield "  films. Thresholds and calibration come from the validation splits."
    yield "- IU X-Ray: Demner-Fushman et al., JAMIA 2016, openi.nlm.nih.gov. NIH ChestX-ray14: Wang"
    yield "  et al., CVPR 2017, provided by the NIH Clinical Center,"
    yield "  nihcc.app.box.com/v/ChestXray-NIHCC."
    yield "- The weights are for non-commercial research; whoever releases them must confirm that"
    yield "  the licence of IU X-Ray allows it (docs/decisions/0003)."
    yield "- Sentences and prototypes are our own. Donors are features of normal NIH training"
    yield "  films; golden images are phantoms. No image, report text or feature of IU X-Ray is"
    yield "  included."
    yield ""
    for figures in _in_order(bundle):
        yield from card_lines(figures)
        yield ""
    yield from _rules(bundle)


def _in_order(bundle: Bundle) -> list[Mapping[str, Any]]:
    """Figures of the splits that were measured, the test split first."""
    return [one for _, one in sorted(bundle.training["figures"].items())]


def _rules(bundle: Bundle) -> Iterator[str]:
    variant = next(iter(bundle.variants.values()))
    grounds = bundle.training["denials"][variant.name]
    yield "## What may be said of each finding"
    yield ""
    yield "`validated`: at least 10 positives stand behind its threshold, which is where F1 is best"
    yield "on the validation films of IU, or of NIH where only that has so many; for"
    yield f"{', '.join(sorted(TARGETED))} it raises {SENSITIVITY_TARGET:.0%} of"
    yield "the positive NIH validation films of each view that has so many. What is not validated"
    yield f"is raised on the {RARE_SHARE:.1%} of validation films that score highest, and reports"
    yield "say so."
    yield "`calibrated`: at least 20 positives stand behind its probability. `denied below`: a"
    yield "negative is supported by the validation films named beside it, with the lower 95 % bound"
    yield f"of the sensitivity there (at least {DENIAL_SENSITIVITY:.2f}); findings without such"
    yield "support are listed in reports as not assessed."
    yield ""
    yield "| finding | threshold | validated | calibrated | denied below | shown on |"
    yield "|---|---|---|---|---|---|"
    for finding, rule in variant.rules.items():
        marks = " | ".join("yes" if mark else "no" for mark in (rule.validated, rule.calibrated))
        denied = (
            "never | " if rule.absent is None else f"{rule.absent:.3f} | {_shown(grounds[finding])}"
        )
        yield f"| {finding} | {rule.present:.3f} | {marks} | {denied} |"


def _shown(ground: Mapping[str, Any]) -> str:
    films = f"{ground['positives']} positives of {SETS[ground['data']]}"
    return f"{films}: {ground['sensitivity']:.2f}"

"""Writes the model card: data, licences, figures, and what the model must not be used for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from radscr_edge.claims import Profile
from radscr_edge.contract import Bundle, Files, FindingRule
from radscr_edge.errors import TrainingError
from radscr_export.calibrate import TARGETED
from radscr_export.evaluation.card_reports import KEPT
from radscr_export.evaluation.card_table import card_lines
from radscr_export.evaluation.provenance import fingerprint
from radscr_export.evaluation.wording import figure, main_rows, title_of
from radscr_export.origin import origin, warning
from radscr_runtime.operating import (
    AFFIRMED_SPECIFICITY,
    DENIAL_SENSITIVITY,
    RAISED_SPECIFICITY,
    RARE_SHARE,
    TARGET_SENSITIVITY,
)

TOLD: Final = (
    *("provenance", "films", "detection", "calibration", "localisation", "sides", "int8_loss"),
    *("hypotheses", "critique", "gates", "reports", "ablations"),
    "ablation_facts",
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

    A split that no file is given for keeps its figures, if they are of this very bundle. Raises
    BundleError where the bundle is damaged, TrainingError where a file is no metrics.json of this
    very bundle, or two are of one split.
    """
    bundle = Bundle.open(folder)
    evaluations = [_read(file, fingerprint(bundle)) for file in files]
    splits = [one["provenance"]["split"] for one in evaluations]
    if len(set(splits)) < len(splits):
        raise TrainingError(f"Two files are of one split ({', '.join(splits)}). Give one a split.")
    told = with_figures(bundle, evaluations)
    figures = {**_still_true(bundle), **told.training["figures"]}
    bundle = replace(told, training={**told.training, "figures": figures})
    write_card(bundle)
    return bundle.save().path(Files.CARD)


def _still_true(bundle: Bundle) -> dict[str, Any]:
    """Figures in the manifest that were measured on the bundle as it is, by split."""
    own = fingerprint(bundle)
    figures = bundle.training["figures"].items()
    return {split: one for split, one in figures if one["provenance"]["fingerprint"] == own}


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
    listed = {(name, "all", truth) for name, _, truth in main_rows(metrics["detection"])}
    for name, subsets in kept["detection"].items():
        for subset, truths in subsets.items():
            for truth, found in truths.items():
                if (name, subset, truth) not in listed:
                    del found["per_label"]
    if "reports" in kept:
        reports = kept["reports"]
        kept["reports"] = {name: reports[name] for name in KEPT if name in reports}
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
    yield from warning(bundle.training)
    yield ""
    yield from INTENDED
    yield ""
    yield "## Data and licences"
    yield ""
    yield from origin(bundle.training)
    yield ""
    for figures in _in_order(bundle):
        yield from card_lines(figures)
        yield ""
    yield from _rules(bundle)
    yield from _language_model(bundle)


def _in_order(bundle: Bundle) -> list[Mapping[str, Any]]:
    """Figures of the splits that were measured, the test split first."""
    return [one for _, one in sorted(bundle.training["figures"].items())]


def _rules(bundle: Bundle) -> Iterator[str]:
    variant = next(iter(bundle.variants.values()))
    grounds = bundle.training["denials"][variant.name]
    yield "## What may be said of each finding"
    yield ""
    yield "`status` (docs/decisions/0015): validated from an AUROC of .70 with at least 20"
    yield "positives, weak below either, where the 95 % interval excludes .50 and at least 10"
    yield "positives stand behind it; not validated otherwise. The films are validation films of"
    yield "the data set named, within a view; training was stopped and settings were chosen by"
    yield "them, so these AUROC are optimistic. `on test`: on the first set's test films, by which"
    yield "nothing was chosen."
    yield "A balanced reading raises a finding where F1 is best, for"
    yield f"{', '.join(sorted(TARGETED))} where"
    yield f"{TARGET_SENSITIVITY:.0%} of the positives are raised, but never on more than"
    yield f"{_silent(RAISED_SPECIFICITY)} of the negatives; it affirms it on at most"
    yield f"{_silent(AFFIRMED_SPECIFICITY)} of them, and hedges it in between. What is not"
    yield f"validated is never affirmed, and raised on the {RARE_SHARE[Profile.BALANCED]:.1%} of"
    yield "validation films that score highest (those three as above). `triage` raises more,"
    yield "`confirm` less. `calibrated`: at least 20 positives stand behind its probability."
    yield "`denied below`: a negative is supported by the films named beside it, with the lower"
    yield f"95 % bound of the sensitivity there (at least {DENIAL_SENSITIVITY:.2f}); findings"
    yield "without such support are listed in reports as not assessed."
    yield ""
    heads = ("finding", "status", "AUROC", "positives", "on test", "triage", "hedged", "affirmed")
    yield f"| {' | '.join(heads)} | confirm | calibrated | denied below | shown on |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
    tested = _tested(bundle)
    for finding, rule in variant.rules.items():
        denied = (
            "never | " if rule.denied is None else f"{rule.denied:.3f} | {_shown(grounds[finding])}"
        )
        area = figure(tested.get(finding), 2)
        yield f"| {finding} | {_support(rule)} | {area} | {_zones(rule)} | {denied} |"
    yield from _canary(bundle)


def _tested(bundle: Bundle) -> Mapping[str, Any]:
    """Finding -> its AUROC on the test films of the first set, once they were read."""
    if "test" not in bundle.training["figures"]:
        return {}
    detection = bundle.training["figures"]["test"]["detection"]
    first, _, truth = next(iter(main_rows(detection)))
    labels = detection[first]["all"][truth]["per_label"]
    return {name: row["auroc"]["ours"] for name, row in labels.items()}


def _silent(specificity: Mapping[Profile, float]) -> str:
    return f"{1 - specificity[Profile.BALANCED]:.0%}"


def _support(rule: FindingRule) -> str:
    """Status, AUROC and positives."""
    support, area = rule.support, "too few"
    if support.auroc is not None:
        area = f"{support.auroc:.2f} ({support.low:.2f} to {support.high:.2f})"
    return f"{rule.status} | {area} | {support.positives}, {title_of(support.data)}"


def _zones(rule: FindingRule) -> str:
    """Thresholds from triage to confirm, and whether they are probabilities."""
    zones = rule.thresholds
    affirmed = zones[Profile.BALANCED].affirmed
    cells = [
        f"{zones[Profile.TRIAGE].raised:.3f}",
        f"{zones[Profile.BALANCED].raised:.3f}",
        "never" if affirmed is None else f"{affirmed:.3f}",
        f"{zones[Profile.CONFIRM].raised:.3f}",
        "yes" if rule.calibrated else "no",
    ]
    return " | ".join(cells)


def _canary(bundle: Bundle) -> Iterator[str]:
    yield ""
    yield "## Does it look at the image?"
    yield ""
    for name, told in bundle.training["canary"].items():
        yield (
            f"- {name}: another golden phantom changes the 37 probabilities by "
            f"{told['swap']:.4f} in the median, a shift by 2 % by {told['shift']:.4f} (95th "
            f"percentile). Blank or noise images that the gate accepts: "
            f"{', '.join(told['accepted']) or 'none'}; that would have a finding affirmed or "
            f"denied without the gate: {', '.join(told['confident']) or 'none'}."
        )


def _language_model(bundle: Bundle) -> Iterator[str]:
    """How the GGUF did at the gate; nothing of one that was never there."""
    gate = bundle.training["decoder"].get("gate")
    if gate is None:
        return
    yield ""
    yield "## The language model"
    yield ""
    interval = f"{gate['accuracy']:.3f} ({gate['low']:.3f} to {gate['high']:.3f})"
    yield f"It agrees with {gate['right']} of {gate['decisions']} labelled decisions that no rule"
    yield f"settles: {interval}. One answer for all: {gate['majority']:.3f}; dropping all:"
    yield f"{gate['always_drop']:.3f}; a logistic regression on what the sentences are about:"
    yield f"{gate['logistic_regression']:.3f}; the table that `plain` goes by:"
    yield f"{gate['answers']:.3f}. The manifest names `{bundle.decoder}`"
    yield "(docs/decisions/0020)."


def _shown(ground: Mapping[str, Any]) -> str:
    films = f"{ground['positives']} positives of {title_of(ground['data'])}"
    return f"{films}: {ground['sensitivity']:.2f}"

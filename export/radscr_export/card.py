"""Writes the model card: data, licences, figures, and what the model must not be used for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from radscr_edge.contract import Bundle, Files
from radscr_export.calibrate import (
    DENIAL_SENSITIVITY,
    RARE_SHARE,
    SENSITIVITY_TARGET,
    TARGETED,
)

LICENCE: Final = "research use only (non-commercial): trained on IU X-Ray, CC BY-NC-ND"
SETS: Final = {"iu": "IU X-Ray", "nih": "NIH ChestX-ray14"}
NAMES: Final = {
    "iu": "IU X-Ray",
    "nih-PA": "NIH ChestX-ray14, PA",
    "nih-AP": "NIH ChestX-ray14, AP",
}


def write_card(bundle: Bundle) -> None:
    """README.md of the bundle, every figure taken from what was measured while building it."""
    text = "\n".join(_lines(bundle)) + "\n"
    bundle.path(Files.CARD).write_text(text, encoding="utf-8")


def _lines(bundle: Bundle) -> Iterator[str]:
    test, val = bundle.training["figures"]["test"], bundle.training["figures"]["val"]
    yield f"# Bundle `{bundle.name}` (preset `{bundle.preset}`, built {bundle.created})"
    yield ""
    yield "**Research use only. Not a medical device.** No figure below was measured on patients of"
    yield "your clinic, and none on sealed data; expect worse."
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
    yield f"## Detection on the test splits, {test['variant']} network through the runtime"
    yield ""
    yield "Macro AUROC over findings with at least 10 positives, with 95 % bootstrap intervals;"
    yield "what the coder of an IU study did not name counts as absent;"
    yield "the linear model is a ridge regression on 48 x 48 pixels, trained on the same films."
    yield ""
    yield "| data set | films | findings | this model | linear model | difference |"
    yield "|---|---|---|---|---|---|"
    for name, row in test["detection"].items():
        cells = [_interval(row[key]) for key in ("macro_auroc", "linear_macro_auroc", "difference")]
        yield f"| {NAMES[name]} | {row['films']} | {row['findings']} | {' | '.join(cells)} |"
    for name, row in test["detection"].items():
        yield from _per_finding(NAMES[name], row["per_finding"])
    yield from _walk(test, val)
    yield from _rules(bundle)


def _interval(row: Mapping[str, float] | None) -> str:
    if row is None:
        return "no finding with 10 positives and 10 others"
    return f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


def _per_finding(name: str, figures: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"### {name}, per finding"
    yield ""
    yield "| finding | positives | AUROC | linear |"
    yield "|---|---|---|---|"
    for finding, row in figures.items():
        yield f"| {finding} | {row['positives']} | {row['auroc']:.3f} | {row['linear_auroc']:.3f} |"


def _walk(test: Mapping[str, Any], val: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Hypotheses and critiques"
    yield ""
    yield "| data set (test) | raised | precision | recall | after critique | precision | recall |"
    yield "|---|---|---|---|---|---|---|"
    for name, row in test["hypotheses"].items():
        cells = [
            str(row[stage][key])
            for stage in ("before critique", "after critique")
            for key in ("raised", "precision", "recall")
        ]
        yield f"| {NAMES[name]} | {' | '.join(cells)} |"
    effect, sides = val["critique"], test["sides"]
    yield ""
    yield (
        f"Over {effect['films']} validation films with {effect['hypotheses']} hypotheses the "
        f"critiques changed the top sentence in {effect['top_sentence_changed']:.1%}, and "
        f"{effect['not_asserted']:.1%} were withdrawn or became 'cannot be excluded'. The scores "
        f"of C_Abn and C_Img vary with standard deviations of "
        f"{effect['abnormality_score_deviation']:.3f} and {effect['image_score_deviation']:.3f}."
    )
    yield (
        f"On IU test, {sides['coded_one_sided']} raised findings are coded on one side; a side was "
        f"asserted for {sides['side_asserted']} of them and was right for {sides['side_right']}."
    )


def _rules(bundle: Bundle) -> Iterator[str]:
    variant = next(iter(bundle.variants.values()))
    grounds = bundle.training["denials"][variant.name]
    yield ""
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

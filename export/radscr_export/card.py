"""Writes the model card: data, licences, figures, and what the model must not be used for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from radscr_edge.claims import Profile
from radscr_edge.contract import Bundle, Files, FindingRule
from radscr_export.calibrate import TARGETED
from radscr_runtime.operating import (
    AFFIRMED_SPECIFICITY,
    DENIAL_SENSITIVITY,
    RAISED_SPECIFICITY,
    RARE_SHARE,
    TARGET_SENSITIVITY,
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


def _interval(row: Mapping[str, float]) -> str:
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
    if "hypotheses" not in test:
        yield "Not measured since the thresholds were fitted anew: radscr-export evaluate does it."
        return
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
    yield "`status` (docs/decisions/0015): validated from an AUROC of .70 and weak below it, where"
    yield "its 95 % interval excludes .50 and at least 10 positives stand behind it; not validated"
    yield "otherwise. The films are validation films of the data set named, within a view; training"
    yield "was stopped and settings were chosen by them, so these AUROC are optimistic."
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
    heads = ("finding", "status", "AUROC", "positives", "triage", "hedged", "affirmed", "confirm")
    yield f"| {' | '.join(heads)} | calibrated | denied below | shown on |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for finding, rule in variant.rules.items():
        denied = (
            "never | " if rule.denied is None else f"{rule.denied:.3f} | {_shown(grounds[finding])}"
        )
        yield f"| {finding} | {_support(rule)} | {_zones(rule)} | {denied} |"
    yield from _canary(bundle)


def _silent(specificity: Mapping[Profile, float]) -> str:
    return f"{1 - specificity[Profile.BALANCED]:.0%}"


def _support(rule: FindingRule) -> str:
    """Status, AUROC and positives."""
    support, area = rule.support, "too few"
    if support.auroc is not None:
        area = f"{support.auroc:.2f} ({support.low:.2f} to {support.high:.2f})"
    return f"{rule.status} | {area} | {support.positives}, {SETS[support.data]}"


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
            f"- {name}: another golden phantom changes the 37 probabilities by at least "
            f"{told['swap']:.4f} on average, a shift by 2 % by {told['shift']:.4f} (95th "
            f"percentile). Blank or noise images that the gate accepts: "
            f"{', '.join(told['accepted']) or 'none'}; that would have a finding affirmed or "
            f"denied without the gate: {', '.join(told['confident']) or 'none'}."
        )


def _shown(ground: Mapping[str, Any]) -> str:
    films = f"{ground['positives']} positives of {SETS[ground['data']]}"
    return f"{films}: {ground['sensitivity']:.2f}"

"""What a bundle was trained on, and what follows from it: the card's lines and the licence."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from radscr_export.evaluation.wording import TITLES

BEFORE: Final = ("iu", "nih")
"""What every training saw whose history does not name its data sets: none could do without."""
DESCRIBED: Final = {
    "iu": "IU X-Ray (CC BY-NC-ND 4.0)",
    "nih": "a public subset of NIH ChestX-ray14",
}
CITED: Final = {
    "iu": "IU X-Ray: Demner-Fushman et al., JAMIA 2016, openi.nlm.nih.gov.",
    "nih": "NIH ChestX-ray14: Wang et al., CVPR 2017, provided by the NIH Clinical Center, "
    "nihcc.app.box.com/v/ChestXray-NIHCC.",
}
WIDTH: Final = 88


def trained_on(training: Mapping[str, Any]) -> tuple[str, ...]:
    """The data sets of all trainings behind a bundle, as their histories name them."""
    runs = (training["run"], training.get("heads", {}))
    events = [
        one for run in runs for kind in ("pretraining", "history") for one in run.get(kind, ())
    ]
    seen = [one.get("sets", BEFORE) for one in events if one["event"] == "data"]
    return tuple(dict.fromkeys(name for names in seen for name in names))


def licence_of(training: Mapping[str, Any]) -> str:
    """What the manifest says of the weights."""
    names = trained_on(training)
    others = [_named(name) for name in names if name not in TITLES]
    terms = [f"trained on {_listed(others)}, whose terms bind"] if others else []
    if "iu" in names:
        terms.insert(0, "trained on IU X-Ray, CC BY-NC-ND")
    kind = "research use only (non-commercial)" if "iu" in names else "research use only"
    return ": ".join(filter(None, (kind, "; ".join(terms))))


def warning(training: Mapping[str, Any]) -> Iterator[str]:
    """The first paragraph of the card."""
    figures = "No figure below was measured on patients of your clinic, and none on sealed data;"
    if any(name not in TITLES for name in trained_on(training)):
        figures = "The figures below are of the data that they name, and none of sealed data;"
    yield from _wrapped("**Research use only. Not a medical device.**", figures, "expect worse.")


def origin(training: Mapping[str, Any]) -> Iterator[str]:
    """The card's list of data and licences."""
    names = trained_on(training)
    others = [_named(name) for name in names if name not in TITLES]
    described = [DESCRIBED.get(name, _named(name)) for name in names]
    yield from _bullet(
        f"Trained on the training splits of {_listed(described, ' of')}, on synthetic phantoms,",
        "and on lesions painted on normal training films. Thresholds and calibration come from the",
        "validation splits.",
    )
    if any(name in CITED for name in names):
        yield from _bullet(*(CITED[name] for name in names if name in CITED))
    if "iu" in names:
        yield from _bullet(
            "The weights are for non-commercial research; whoever releases them must confirm that",
            "the licence of IU X-Ray allows it (docs/decisions/0003).",
        )
    if others:
        yield from _bullet(
            f"Whoever passes the weights on must confirm that the terms of {_listed(others)}",
            "allow it.",
        )
    yield from _bullet("Sentences and prototypes are our own.", *_included(training, names))


def _included(training: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    """What of the training films is in the bundle: features of the donors, and nothing else."""
    donors = training.get("donors", ["nih"])
    films = (
        "normal NIH training films"
        if donors == ["nih"]
        else (f"normal training films of {_listed([_named(name) for name in donors])}")
    )
    yield f"Donors are features of {films}; golden images are phantoms."
    without = [_named(name) for name in names if name not in donors]
    if without:
        yield f"No image, report text or feature of {_listed(without)} is included."
    if donors != ["nih"]:
        yield "No image or report text of a training film is included."


def _named(name: str) -> str:
    return TITLES.get(name, f"`{name}`")


def _listed(names: Sequence[str], word: str = "") -> str:
    """`A, B and C`, with a word before every one but the first."""
    joined = f",{word} ".join(names[:-1])
    return f" and{word} ".join(filter(None, (joined, names[-1])))


def _bullet(*sentences: str) -> Iterator[str]:
    yield from _wrapped("-", *sentences)


def _wrapped(*sentences: str) -> Iterator[str]:
    indent = "  " if sentences[0] == "-" else ""
    yield from textwrap.wrap(
        " ".join(sentences),
        WIDTH,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )

"""What a card says of the data behind a bundle is what its trainings recorded."""

from __future__ import annotations

from typing import Any

import pytest

from radscr_export.origin import licence_of, origin, trained_on, warning


def training(*sets: str, donors: tuple[str, ...] = ("nih",), **more: Any) -> dict[str, Any]:
    history = [{"event": "start"}, {"event": "data", "sets": list(sets)}]
    return {"run": {"history": history}, "donors": list(donors), **more}


def text(made: dict[str, Any]) -> str:
    return " ".join(" ".join([*warning(made), *origin(made)]).split())


def test_a_history_without_names_is_of_the_pack() -> None:
    assert trained_on({"run": {"history": [{"event": "data"}]}}) == ("iu", "nih")


def test_heads_and_pre_training_count_too() -> None:
    made = training("iu", "nih", heads=training("iu", "own")["run"])
    made["run"]["pretraining"] = training("first")["run"]["history"]

    assert trained_on(made) == ("first", "iu", "nih", "own")


def test_of_the_pack_all_is_said() -> None:
    told = text(training("iu", "nih"))

    assert "of IU X-Ray (CC BY-NC-ND 4.0) and of a public subset of NIH ChestX-ray14, on" in told
    assert "features of normal NIH training films" in told
    assert "feature of IU X-Ray is included." in told
    assert "No figure below was measured on patients of your clinic" in told


def test_other_sets_are_named_and_the_pack_only_where_it_was_there() -> None:
    told = text(training("own", "site.b", donors=("own",)))

    assert "splits of `own` and of `site.b`, on synthetic phantoms" in told
    assert "the terms of `own` and `site.b` allow it" in told
    assert "features of normal training films of `own`;" in told
    assert "feature of `site.b` is included. No image or report text of a training film" in told
    assert "IU" not in told
    assert "NIH" not in told
    assert "your clinic" not in told


@pytest.mark.parametrize(
    ("sets", "licence"),
    [
        (("iu", "nih"), "research use only (non-commercial): trained on IU X-Ray, CC BY-NC-ND"),
        (("nih",), "research use only"),
        (("own",), "research use only: trained on `own`, whose terms bind"),
        (
            ("iu", "own"),
            "research use only (non-commercial): trained on IU X-Ray, CC BY-NC-ND; trained on "
            "`own`, whose terms bind",
        ),
    ],
)
def test_the_licence_follows_from_the_data(sets: tuple[str, ...], licence: str) -> None:
    assert licence_of(training(*sets)) == licence

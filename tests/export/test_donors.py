"""The donor bank of C_Img: normal training films, NIH's if it can be, under names of no telling."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import View
from radscr_export.data.labels import State, nih_states
from radscr_export.data.training_set import load_studies, select
from radscr_export.donors import PER_VIEW, write_donors
from radscr_export.run import Run
from radscr_export.train import load_trained
from radscr_runtime.donors import Donors, open_donors


@pytest.fixture(scope="module")
def shipped(bundle_folder: Path) -> Donors:
    return open_donors(Bundle.open(bundle_folder))


def alias(file: str) -> str:
    return "nih-" + hashlib.sha256(file.encode()).hexdigest()[:12]


def test_each_view_has_sixteen_donors_at_least(shipped: Donors) -> None:
    counts = Counter(shipped.views)

    assert set(counts) == {View.PA, View.AP}
    assert min(counts.values()) >= 16


def test_a_donor_bears_a_hash_for_a_name(shipped: Donors) -> None:
    assert all(re.fullmatch(r"nih-[0-9a-f]{12}", one) for one in shipped.ids)
    assert len(set(shipped.ids)) == len(shipped.ids)


def test_no_shipped_donor_has_a_finding(shipped: Donors) -> None:
    assert set(np.unique(shipped.states)) <= {-1, 0}


@pytest.mark.parametrize("view", [View.PA, View.AP])
@pytest.mark.parametrize("origin", ["tiny_bundle", "bundle_folder"])
def test_every_finding_has_two_donors_without_it_in_each_view(
    origin: str, view: View, request: pytest.FixtureRequest
) -> None:
    source = request.getfixturevalue(origin)
    donors = open_donors(source if isinstance(source, Bundle) else Bundle.open(source))

    chosen = {one: donors.choose(one, view, donors.features[0], 2) for one in FINDINGS}

    assert {finding for finding, rows in chosen.items() if len(rows) < 2} == set()


def test_the_shipped_donors_are_normal_nih_training_films(shipped: Donors, data: Path) -> None:
    labels = nih_states(data)
    normal = ~(labels.states == State.POSITIVE).any(axis=1)
    lawful = {
        alias(file): view
        for file, view, split, well in zip(
            labels.files, labels.view, labels.split, normal, strict=True
        )
        if split == "train" and well
    }

    assert all(
        lawful.get(one) == view for one, view in zip(shipped.ids, shipped.views, strict=True)
    )


def test_donors_are_chosen_from_the_pack_by_the_same_law(tiny_bundle: Bundle, run: Run) -> None:
    studies = load_studies(run.data, "train", 16)
    normal = {
        alias(name)
        for name, states in zip(studies.ids, studies.states, strict=True)
        if not (states == State.POSITIVE).any()
    }

    donors = open_donors(tiny_bundle)

    assert set(donors.ids) <= normal
    assert Counter(donors.views) == {View.PA: PER_VIEW, View.AP: PER_VIEW}


def test_what_nih_denies_stays_denied(tiny_bundle: Bundle) -> None:
    donors = open_donors(tiny_bundle)

    assert (donors.states[:, FINDINGS.index("pleural effusion")] == State.NEGATIVE).all()


def test_a_pack_with_too_few_normal_films_is_refused(run: Run, tmp_path: Path) -> None:
    studies = load_studies(run.data, "train", 64)
    few = select(studies, np.concatenate([studies.of("nih-PA"), studies.of("nih-AP")[:20]]))
    model = load_trained(replace(run, folder=run.folder), 16)

    with pytest.raises(
        TrainingError, match="needs 16 normal training films of view AP; the data sets hold"
    ):
        write_donors(model, few, tmp_path)


def test_without_nih_the_donors_are_other_sets_films_of_known_view(
    run: Run, tmp_path: Path
) -> None:
    studies = load_studies(run.data, "train", 64)
    other = replace(studies, sources=("own", "own-PA", "own-AP", "phantom"))
    model = load_trained(replace(run, folder=run.folder), 16)

    sets = write_donors(model, other, tmp_path)

    with np.load(tmp_path / Files.DONORS) as donors:
        assert Counter(donors["view"].tolist()) == {"PA": PER_VIEW, "AP": PER_VIEW}
        assert all(re.fullmatch(r"own-[0-9a-f]{12}", one) for one in donors["id"])
    assert sets == ("own",)


def test_films_of_which_nothing_is_known_are_no_donors(run: Run, tmp_path: Path) -> None:
    studies = load_studies(run.data, "train", 64)
    unlabelled = replace(studies, states=np.full_like(studies.states, State.UNKNOWN))
    model = load_trained(replace(run, folder=run.folder), 16)

    with pytest.raises(TrainingError, match="of view PA; the data sets hold 0"):
        write_donors(model, unlabelled, tmp_path)

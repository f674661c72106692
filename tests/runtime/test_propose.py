"""Proposals and critiques are rows of one call; rivals are lawful and donors are fixed."""

import numpy as np
import pytest
from stand_ins import (
    PATCHES,
    CountingNetworks,
    donors,
    grid,
    hypotheses,
    hypothesis,
    place,
    radiograph,
)

from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Presence, View
from radscr_runtime.propose import Scene, propose, rivals_of

EFFUSION, NODULE = "pleural effusion", "mass/nodule (not otherwise specified)"


def proposed(names=(EFFUSION, NODULE), bank=None, alternatives=2):
    networks = CountingNetworks()
    places = tuple(place(name) for name in names)
    scene = Scene(radiograph(), grid(), hypotheses(present=names), places)
    return networks, propose(networks, scene, bank or donors(), alternatives)


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_rival_is_never_kin_and_never_a_hypothesis(finding):
    others = [name for name in FINDINGS[::5] if name != finding]

    rivals = rivals_of(finding, hypotheses(present=[finding, *others]), 4)

    assert len(rivals) == 4
    assert not set(rivals) & load_ontology().kin(finding)
    assert not set(rivals) & {finding, *others}


def test_rivals_are_hard_and_easy_by_turns():
    found = list(hypotheses(present=[EFFUSION], indeterminate=["scoliosis"]))
    lowest = next(index for index, one in enumerate(found) if one.finding == "hernia")
    found[lowest] = hypothesis("hernia", Presence.ABSENT, 0.01)

    assert rivals_of(EFFUSION, found, 2) == ("scoliosis", "hernia")


def test_where_no_rival_is_lawful_there_is_none():
    assert rivals_of(EFFUSION, hypotheses(present=FINDINGS), 2) == ()


def test_everything_is_encoded_in_one_call():
    networks, proposals = proposed()

    (rows,) = networks.calls
    assert len(rows.grid_of_row) == 2 * (1 + 2 + 2) + 1
    assert rows.regions.shape == (11, PATCHES)
    assert np.allclose(rows.concepts.sum(axis=1), 1.0)
    assert [len(one) for one in (*proposals.c_abn, *proposals.c_img)] == [2, 2, 2, 2]


def test_each_vector_returns_to_the_proposal_that_it_belongs_to():
    networks, proposals = proposed()

    rows = networks.calls[0]
    assert [int(one[0]) for one in proposals.p_m] == [0, 5]
    assert proposals.c_abn[1][:, 0].tolist() == [6.0, 7.0]
    assert proposals.c_img[1][:, 0].tolist() == [8.0, 9.0]
    assert proposals.c_neg[0] == 10.0
    assert rows.grid_of_row[:3].tolist() == [0, 0, 0]
    assert (rows.grid_of_row[3:5] > 0).all()
    asked = [FINDINGS[column] for column in rows.concepts[:5].argmax(axis=1)]
    assert asked == [EFFUSION, *proposals.rivals[0], EFFUSION, EFFUSION]


def test_a_donor_that_serves_twice_is_fed_once():
    networks, proposals = proposed()

    ids = {name for names in proposals.donors for name in names}
    assert len(networks.calls[0].grids) == 1 + len(ids)


def test_without_hypotheses_only_the_missed_finding_check_is_encoded():
    networks, proposals = proposed(names=())

    assert len(networks.calls[0].grid_of_row) == 1
    assert proposals.p_m == ()
    assert networks.calls[0].concepts[0, :-1].min() > 0


def test_donors_are_of_the_same_view_and_known_to_lack_the_finding():
    bank = donors(views=("PA", "AP", "PA", "PA"))
    bank.states[0, FINDINGS.index(EFFUSION)] = 1
    bank.states[2, FINDINGS.index(EFFUSION)] = -1

    assert bank.choose(EFFUSION, View.PA, grid().features, 3) == [3]
    assert set(bank.choose(EFFUSION, View.UNKNOWN, grid().features, 3)) == {1, 3}


def test_the_same_study_meets_the_same_donors():
    _, first = proposed()
    _, again = proposed()

    assert first.donors == again.donors


def test_the_donor_most_like_the_study_comes_first():
    bank = donors()

    chosen = bank.choose(EFFUSION, View.PA, bank.features[1], 2)

    assert chosen[0] == 1

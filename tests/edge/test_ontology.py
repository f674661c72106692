"""The hierarchy rolls positives up and negatives down."""

import pytest

from radscr_edge.errors import LibraryError
from radscr_edge.ontology import FINDINGS, ORGANS, load_ontology


def test_there_are_37_findings_in_six_organs():
    ontology = load_ontology()

    assert len(FINDINGS) == 37
    assert {finding.organ for finding in ontology.findings} == set(ORGANS)


def test_a_positive_rolls_up_to_what_contains_it():
    assert load_ontology().roll_up(["consolidation"]) == {
        "consolidation",
        "airspace opacity",
        "lung opacity",
    }


def test_hydropneumothorax_entails_air_and_fluid():
    assert load_ontology().ancestors("hydropneumothorax") == {"pneumothorax", "pleural effusion"}


def test_a_negative_rolls_down_to_what_it_contains():
    down = load_ontology().roll_down(["lung lesion"])

    assert down == {
        "lung lesion",
        "mass/nodule (not otherwise specified)",
        "multiple masses/nodules",
        "calcified nodule",
    }


@pytest.mark.parametrize("finding", FINDINGS)
def test_kinship_is_mutual(finding):
    ontology = load_ontology()

    assert all(finding in ontology.kin(other) for other in ontology.kin(finding))


def test_critical_findings_are_the_four_that_are_never_dropped():
    critical = {one.name for one in load_ontology().findings if one.critical}

    assert critical == {
        "pneumothorax",
        "hydropneumothorax",
        "pneumomediastinum",
        "sub-diaphragmatic air",
    }


def test_an_unknown_name_is_refused():
    with pytest.raises(LibraryError, match="'flu' is no finding of the ontology"):
        load_ontology().index("flu")

"""Identity 1: one inner product with a folded query ranks as the four-term score does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radscr_edge.claims import Profile, Thresholds
from radscr_edge.contract import Bundle, Settings
from radscr_edge.imaging import DecodingWorker, load_radiograph
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Challenge, Floats
from radscr_export.walk import Walker
from radscr_runtime.classify import classify
from radscr_runtime.critique import critique
from radscr_runtime.encode import encode
from radscr_runtime.localise import localise
from radscr_runtime.propose import Scene, propose

TOLERANCE = 1e-5
RAISED, NEVER = Thresholds(raised=0.0, affirmed=0.0), Thresholds(raised=1.1, affirmed=None)


@pytest.fixture(scope="module")
def walker(bundle_folder: Path) -> Walker:
    return Walker.open(Bundle.open(bundle_folder), "int8")


@pytest.fixture(scope="module")
def challenges(walker: Walker, samples: Path) -> tuple[Challenge, ...]:
    """Every second finding of two samples, challenged by the others."""
    rules = {
        name: replace(rule, thresholds={Profile.BALANCED: RAISED if index % 2 else NEVER})
        for index, (name, rule) in enumerate(walker.networks.variant.rules.items())
    }
    variant = replace(walker.networks.variant, rules=rules)
    with DecodingWorker() as worker:
        films = [load_radiograph(samples / name, worker) for name in ("effusion.dcm", "normal.dcm")]
    found: list[Challenge] = []
    for film in films:
        grid = encode(walker.networks, film)
        hypotheses = classify(grid, variant)
        places = localise(grid, hypotheses, film, walker.settings)
        scene = Scene(film, grid, hypotheses, places)
        proposals = propose(walker.networks, scene, walker.donors, walker.settings.alternatives)
        found += critique(proposals, walker.settings)
    return tuple(found)


def prototypes_of(walker: Walker) -> Floats:
    """o_pt(s) of every sentence, (L, d)."""
    slots = [(FINDINGS.index(one.finding), one.prototype) for one in walker.library.sentences]
    return np.stack([walker.library.prototypes[slot] for slot in slots])


def four_terms(walker: Walker, challenge: Challenge, settings: Settings) -> Floats:
    """sigma(P, s) - alpha2 (sigma(C_Abn, s) + sigma(C_Img, s)), term by term."""

    def sigma(vector: Floats) -> Floats:
        products = walker.library.vectors @ vector
        return products + settings.alpha1 * (prototypes_of(walker) @ vector)

    critiques = [
        np.mean([sigma(vector) for vector in alternatives], axis=0)
        for alternatives in (challenge.c_abn, challenge.c_img)
        if len(alternatives)
    ]
    return sigma(challenge.p_m) - settings.alpha2 * sum(critiques)


def scored(walker: Walker, challenges: tuple[Challenge, ...]) -> Iterator[tuple[Floats, Floats]]:
    for challenge in challenges:
        yield (
            walker.library.folded @ challenge.query,
            four_terms(walker, challenge, walker.settings),
        )


def test_the_folded_query_gives_the_four_term_score(
    walker: Walker, challenges: tuple[Challenge, ...]
) -> None:
    assert len(challenges) == 36

    for folded, terms in scored(walker, challenges):
        np.testing.assert_allclose(folded, terms, atol=TOLERANCE)


def test_the_folded_query_ranks_as_the_four_term_score_does(
    walker: Walker, challenges: tuple[Challenge, ...]
) -> None:
    for folded, terms in scored(walker, challenges):
        in_order = terms[np.argsort(-folded, kind="stable")]
        assert (np.diff(in_order) <= TOLERANCE).all()


def test_the_discount_changes_scores_by_more_than_the_tolerance(
    walker: Walker, challenges: tuple[Challenge, ...]
) -> None:
    settings = replace(walker.settings, alpha2=0.0)

    changes = [
        np.abs(four_terms(walker, one, walker.settings) - four_terms(walker, one, settings)).max()
        for one in challenges
    ]

    assert min(changes) > 100 * TOLERANCE


def test_every_sentence_and_prototype_is_of_unit_length(walker: Walker) -> None:
    for vectors in (walker.library.vectors, prototypes_of(walker)):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_folded_vectors_are_not_of_unit_length_so_the_index_compares_inner_products(
    walker: Walker,
) -> None:
    lengths = np.linalg.norm(walker.library.folded, axis=1)

    assert np.ptp(lengths) > 0.01

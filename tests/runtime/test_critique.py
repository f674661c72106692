"""The critique is free at search time: one folded query ranks as the four-term score does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_ins import library, place, sentence, settings

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Proposals
from radscr_runtime.critique import critique

D, L = 8, 30


def unit(random, *shape):
    vectors = random.normal(size=(*shape, D)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def proposals(random, abnormal=2, images=2):
    return Proposals(
        places=(place(),),
        p_m=(unit(random),),
        c_abn=(unit(random, abnormal),),
        c_img=(unit(random, images),),
        c_neg=unit(random),
        rivals=(FINDINGS[:abnormal],),
        donors=(tuple("ab"[:images]),),
    )


def test_the_query_is_the_proposal_less_its_discounted_critiques():
    made = proposals(np.random.default_rng(1))

    (challenge,) = critique(made, settings(alpha2=0.4))

    expected = made.p_m[0] - 0.4 * (made.c_abn[0].mean(axis=0) + made.c_img[0].mean(axis=0))
    assert challenge.query == pytest.approx(expected)


@pytest.mark.parametrize(("abnormal", "images"), [(0, 2), (2, 0), (0, 0)])
def test_a_critique_without_alternatives_takes_nothing_away(abnormal, images):
    made = proposals(np.random.default_rng(2), abnormal, images)

    (challenge,) = critique(made, settings(alpha2=0.5))

    taken = sum(
        (rows.mean(axis=0) for rows in (made.c_abn[0], made.c_img[0]) if len(rows)), np.zeros(D)
    )
    assert challenge.query == pytest.approx(made.p_m[0] - 0.5 * taken)


@given(
    seed=st.integers(0, 2**32 - 1),
    alpha1=st.floats(0.0, 2.0),
    alpha2=st.floats(0.0, 1.0),
    counts=st.tuples(st.integers(0, 3), st.integers(0, 3)),
)
def test_the_folded_search_ranks_as_the_four_term_score(seed, alpha1, alpha2, counts):
    random = np.random.default_rng(seed)
    made = proposals(random, *counts)
    vectors, prototypes = unit(random, L), unit(random, len(FINDINGS), 1)
    sentences = [sentence(FINDINGS[row % len(FINDINGS)]) for row in range(L)]
    shelf = library(sentences, vectors, alpha1, prototypes)
    (challenge,) = critique(made, settings(alpha1=alpha1, alpha2=alpha2))

    found = shelf.search.best(challenge.query, L, np.arange(L))

    o = prototypes[np.arange(L) % len(FINDINGS), 0].astype(np.float64)
    s = vectors.astype(np.float64)

    def sigma(vector):
        return s @ vector + alpha1 * (o @ vector)

    def mean(rows):
        return np.mean([sigma(row) for row in rows], axis=0) if len(rows) else 0.0

    score = sigma(made.p_m[0]) - alpha2 * (mean(made.c_abn[0]) + mean(made.c_img[0]))
    assert sorted(found.tolist()) == list(range(L))
    assert (np.diff(score[found]) <= 1e-5).all()

"""The HNSW index finds what exact search finds, under every filter that a stage uses."""

import sys

import numpy as np
import pytest
from needs import needs

from radscr_edge.contract import Bundle
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity
from radscr_runtime import Options, Reader
from radscr_runtime.library import ExactSearch, HnswSearch, open_library
from radscr_runtime.outputs import to_record

needs("hnswlib")
SAME = 1e-5
"""Difference of two inner products that rounding explains."""


@pytest.fixture(scope="module")
def library(bundle_folder):
    return open_library(Bundle.open(bundle_folder))


@pytest.fixture(scope="module")
def queries(library):
    """Differences of unit vectors, as folded queries are."""
    random = np.random.default_rng(5)
    drawn = random.normal(size=(3, 20, library.vectors.shape[1])).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=2, keepdims=True)
    return drawn[0] - 0.25 * (drawn[1] + drawn[2])


def test_the_index_is_used_where_it_is_installed(library):
    assert isinstance(library.search, HnswSearch)
    assert library.remarks == ()


@pytest.mark.parametrize("polarity", list(Polarity))
@pytest.mark.parametrize("finding", FINDINGS)
def test_the_best_sentences_of_a_finding_are_the_exact_ones(library, queries, finding, polarity):
    rows = library.about[finding, polarity]
    count = min(3, len(rows))

    for query in queries:
        found = library.search.best(query, count, rows)

        best = np.sort(library.scores(query, rows))[::-1][:count]
        assert set(found.tolist()) <= set(rows.tolist())
        assert library.scores(query, found) == pytest.approx(best, abs=SAME)


def test_the_whole_library_comes_in_the_exact_order(library, queries):
    everything = np.arange(len(library.sentences))

    for query in queries:
        found = library.search.best(query, len(everything), everything)

        assert sorted(found.tolist()) == everything.tolist()
        assert (np.diff(library.scores(query, found)) <= SAME).all()


class Unreachable:
    """An index whose graph does not reach the admissible sentences."""

    def set_num_threads(self, count):
        pass

    def set_ef(self, ef):
        pass

    def knn_query(self, query, k, filter):
        raise RuntimeError("Cannot return the results in a contiguous 2D array.")


def test_where_the_graph_does_not_reach_exact_search_steps_in(library, queries):
    exact = ExactSearch(np.eye(4, library.vectors.shape[1], dtype=np.float32))

    found = HnswSearch(Unreachable(), exact).best(queries[0], 2, np.arange(4))

    assert found.tolist() == exact.best(queries[0], 2, np.arange(4)).tolist()


def test_without_hnswlib_the_findings_are_the_same(bundle_folder, samples, monkeypatch):
    with Reader.open(bundle_folder, Options(decoder="plain")) as reader:
        indexed = to_record(reader.read(samples / "effusion.dcm"))
    monkeypatch.setitem(sys.modules, "hnswlib", None)

    with Reader.open(bundle_folder, Options(decoder="plain")) as reader:
        exact = to_record(reader.read(samples / "effusion.dcm"))

    assert (indexed["provenance"]["search"], exact["provenance"]["search"]) == ("hnsw", "exact")
    assert exact["findings"] == indexed["findings"]
    assert exact["report"] == indexed["report"]

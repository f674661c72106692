"""The sentence library and its index; the only importer of hnswlib, with exact search beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from radscr_edge.contract import Bundle, Files
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats, Polarity, Sentence, Severity, Side

Rows = NDArray[np.int64]
EXHAUSTIVE = 4096
"""Up to so many sentences the index visits every link: a filter may leave only a few of them."""


class Search(Protocol):
    """Finds the rows of the library with the largest inner product."""

    @property
    def name(self) -> str:
        """'hnsw' or 'exact'."""

    def best(self, query: Floats, count: int, admissible: Rows) -> Rows:
        """At most `count` of the `admissible` rows, best first, by f . query."""


@dataclass(frozen=True, eq=False)
class ExactSearch:
    """One matrix product: the oracle of the index, and its stand-in where hnswlib is missing."""

    folded: Floats
    """f, (L, d)."""
    name: str = "exact"

    def best(self, query: Floats, count: int, admissible: Rows) -> Rows:
        """At most `count` of the `admissible` rows, best first, by f . query."""
        scores = self.folded[admissible] @ query
        order: Rows = admissible[np.argsort(-scores, kind="stable")[:count]]
        return order


class HnswSearch:
    """The bundle's HNSW index over folded vectors, space 'ip'."""

    name = "hnsw"

    def __init__(self, index: Any, exact: ExactSearch) -> None:
        self._index = index
        self._exact = exact
        self._index.set_num_threads(1)
        self._index.set_ef(min(len(exact.folded), EXHAUSTIVE))

    def best(self, query: Floats, count: int, admissible: Rows) -> Rows:
        """At most `count` of the `admissible` rows, best first, by f . query."""
        wanted = frozenset(admissible.tolist())
        count = min(count, len(wanted))
        try:
            labels, _ = self._index.knn_query(query, k=count, filter=wanted.__contains__)
        except RuntimeError:  # the graph did not reach `count` of the admissible sentences
            return self._exact.best(query, count, admissible)
        found: Rows = labels[0].astype(np.int64)
        return found


@dataclass(frozen=True, eq=False)
class Library:
    """Sentences, their vectors and a search over them."""

    sentences: tuple[Sentence, ...]
    """The L sentences that have a vector, in its order."""
    vectors: Floats
    """s, (L, d)."""
    prototypes: Floats
    """o, (N, K, d)."""
    alpha1: float
    search: Search
    remark: str = ""
    """Why the index is not used, where it is not."""

    def admissible(self, accept: Callable[[Sentence], bool]) -> Rows:
        """Rows of the sentences that `accept` lets through."""
        return np.array(
            [row for row, sentence in enumerate(self.sentences) if accept(sentence)], np.int64
        )

    def score(self, vector: Floats, row: int) -> float:
        """sigma(vector, s) = vector . s + alpha1 vector . o of one row."""
        return float(vector @ self._folded[row])

    def scores(self, vector: Floats, rows: Rows) -> Floats:
        """sigma of several rows, (len(rows),)."""
        result: Floats = self._folded[rows] @ vector
        return result

    @cached_property
    def about(self) -> dict[tuple[str, Polarity], Rows]:
        """Rows of each finding and polarity."""
        rows: dict[tuple[str, Polarity], list[int]] = {
            (finding, polarity): [] for finding in FINDINGS for polarity in Polarity
        }
        for row, one in enumerate(self.sentences):
            rows[one.finding, one.polarity].append(row)
        return {key: np.array(found, np.int64) for key, found in rows.items()}

    @cached_property
    def _folded(self) -> Floats:
        slots = [(FINDINGS.index(one.finding), one.prototype) for one in self.sentences]
        at = np.array(slots).T
        result: Floats = self.vectors + self.alpha1 * self.prototypes[at[0], at[1]]
        return result


def open_library(bundle: Bundle) -> Library:
    """The bundle's library; searched by hnswlib where that is installed, else exactly."""
    rows = json.loads(bundle.path(Files.SENTENCES).read_text(encoding="utf-8"))
    with np.load(bundle.path(Files.VECTORS)) as stored:
        vectors, prototypes, folded = stored["sentence"], stored["prototype"], stored["folded"]
    exact = ExactSearch(folded)
    search, remark = _open_index(bundle, exact)
    return Library(
        sentences=tuple(_sentence(row) for row in rows),
        vectors=vectors,
        prototypes=prototypes,
        alpha1=bundle.settings.alpha1,
        search=search,
        remark=remark,
    )


def _open_index(bundle: Bundle, exact: ExactSearch) -> tuple[Search, str]:
    try:
        import hnswlib  # noqa: PLC0415  an extra: the base install has no compiler
    except ImportError:
        return exact, "hnswlib is not installed; sentences were searched exactly instead."
    index = hnswlib.Index(space="ip", dim=exact.folded.shape[1])
    try:
        index.load_index(str(bundle.path(Files.INDEX)))
    except RuntimeError as error:
        return exact, f"hnswlib cannot load the index ({error}); sentences were searched exactly."
    return HnswSearch(index, exact), ""


def _sentence(row: dict[str, Any]) -> Sentence:
    return Sentence(
        id=row["id"],
        text=row["text"],
        finding=row["finding"],
        polarity=Polarity(row["polarity"]),
        side=Side(row["side"]),
        severity=Severity(row["severity"]),
        zone=row["zone"],
        organ=row["organ"],
        prototype=row["prototype"],
    )

"""The sentence library and its index; the only importer of hnswlib, with exact search beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from radscr_edge.contract import Bundle, Files
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats, Polarity, Sentence
from radscr_edge.sentences import sentence_of
from radscr_edge.wording import Role
from radscr_runtime.overlay import Overlay, load_overlay

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
    folded: Floats
    """f = s + alpha1 o, (L, d)."""
    search: Search
    composed: Mapping[Role, tuple[Sentence, ...]]
    """Sentences without a vector, chosen by rule: impressions, normal organs, advice."""
    remarks: tuple[str, ...] = ()
    """Why the index is not used, where it is not; what was changed on site."""

    def admissible(self, accept: Callable[[Sentence], bool]) -> Rows:
        """Rows of the sentences that `accept` lets through."""
        return np.array(
            [row for row, sentence in enumerate(self.sentences) if accept(sentence)], np.int64
        )

    def score(self, vector: Floats, row: int) -> float:
        """sigma(vector, s) = vector . s + alpha1 vector . o of one row."""
        return float(vector @ self.folded[row])

    def scores(self, vector: Floats, rows: Rows) -> Floats:
        """sigma of several rows, (len(rows),)."""
        result: Floats = self.folded[rows] @ vector
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


def fold(
    sentences: Sequence[Sentence], vectors: Floats, prototypes: Floats, alpha1: float
) -> Floats:
    """f = s + alpha1 o of every sentence, (L, d): sigma of any vector is one product with it."""
    slots = np.array([(FINDINGS.index(one.finding), one.prototype) for one in sentences]).T
    folded: Floats = vectors + np.float32(alpha1) * prototypes[slots[0], slots[1]]
    return folded


def open_library(bundle: Bundle) -> Library:
    """The bundle's library with the changes made on site, if any; searched by hnswlib or exactly.

    Raises LibraryError where those changes were not signed off for this bundle.
    """
    every = load_rows(bundle.path(Files.SENTENCES))
    with np.load(bundle.path(Files.VECTORS)) as stored:
        vectors, prototypes = stored["sentence"], stored["prototype"]
    changes = load_overlay(bundle)
    retrieved = [one for one in every if one.role is Role.FINDING]
    sentences, rows = _changed(retrieved, changes)
    folded = fold(sentences, vectors[rows], prototypes, bundle.settings.alpha1)
    # The index knows nothing of sentences added on site.
    exact = ExactSearch(folded)
    search, remark = _open_index(bundle, exact) if changes.empty else (exact, changes.remark)
    return Library(
        sentences=sentences,
        vectors=vectors[rows],
        prototypes=prototypes,
        folded=folded,
        search=search,
        composed=_composed((*changes.added, *every), changes),
        remarks=(remark,) if remark else (),
    )


def load_rows(path: Path) -> tuple[Sentence, ...]:
    """The sentences of a bundle's table, those with a vector first."""
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return tuple(
        replace(sentence_of(row, Role(row["role"]), row["language"]), prototype=row["prototype"])
        for row in rows
    )


def _changed(retrieved: Sequence[Sentence], changes: Overlay) -> tuple[tuple[Sentence, ...], Rows]:
    """The sentences after the changes on site, and the stored row whose vector each one has.

    Those added come first: at equal score the clinic's own wording is said.
    """
    row_of = {one.id: row for row, one in enumerate(retrieved)}
    added = [
        replace(one, prototype=retrieved[row_of[one.lender]].prototype)
        for one in changes.added
        if one.role is Role.FINDING
    ]
    kept = [one for one in retrieved if one.id not in changes.disabled]
    rows = [row_of[one.lender] for one in added] + [row_of[one.id] for one in kept]
    return (*added, *kept), np.array(rows, np.int64)


def _composed(every: Sequence[Sentence], changes: Overlay) -> dict[Role, tuple[Sentence, ...]]:
    said = [one for one in every if one.id not in changes.disabled]
    return {
        role: tuple(one for one in said if one.role is role)
        for role in Role
        if role is not Role.FINDING
    }


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

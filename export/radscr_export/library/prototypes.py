"""Groups the sentences of each finding into prototypes: K-means on TF-IDF, as in the paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.feature_extraction.text import TfidfVectorizer

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity, Sentence

POSITIVE_PROTOTYPES: Final = 4
PROTOTYPES: Final = POSITIVE_PROTOTYPES + 1
"""K: four clusters of what affirms or hedges a finding, and one of what denies it."""
MANY: Final = 10_000
"""Texts from which K-means looks at a sample at a time."""


def assign_prototypes(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """The same sentences, in order, each with the number of its prototype within its finding."""
    numbers: dict[str, int] = {}
    for finding in FINDINGS:
        about = [one for one in sentences if one.finding == finding]
        numbers.update((one.id, one.prototype) for one in with_prototypes(about))
    return tuple(replace(one, prototype=numbers[one.id]) for one in sentences)


def with_prototypes(about: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """The sentences of one finding, in order, each with the number of its prototype."""
    said = [one.text for one in about if one.polarity is not Polarity.NEGATIVE]
    clusters = iter(_cluster(said) if said else [])
    return tuple(
        replace(one, prototype=POSITIVE_PROTOTYPES)
        if one.polarity is Polarity.NEGATIVE
        else replace(one, prototype=next(clusters))
        for one in about
    )


def _cluster(texts: Sequence[str]) -> list[int]:
    vectors = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    count = min(POSITIVE_PROTOTYPES, len(set(texts)))
    kind = KMeans if len(texts) < MANY else MiniBatchKMeans
    return [int(label) for label in kind(count, n_init=10, random_state=0).fit_predict(vectors)]

"""Groups the sentences of each finding into prototypes: K-means on TF-IDF, as in the paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity, Sentence

POSITIVE_PROTOTYPES = 4
PROTOTYPES = POSITIVE_PROTOTYPES + 1
"""K: four clusters of what affirms or hedges a finding, and one of what denies it."""


def assign_prototypes(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """The same sentences, in order, each with the number of its prototype within its finding."""
    numbers: dict[str, int] = {}
    for finding in FINDINGS:
        about = [one for one in sentences if one.finding == finding]
        denied = [one for one in about if one.polarity is Polarity.NEGATIVE]
        numbers.update({one.id: POSITIVE_PROTOTYPES for one in denied})
        said = [one for one in about if one.polarity is not Polarity.NEGATIVE]
        clusters = _cluster([one.text for one in said])
        numbers.update({one.id: number for one, number in zip(said, clusters, strict=True)})
    return tuple(replace(one, prototype=numbers[one.id]) for one in sentences)


def _cluster(texts: Sequence[str]) -> list[int]:
    vectors = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    count = min(POSITIVE_PROTOTYPES, len(set(texts)))
    means = KMeans(n_clusters=count, n_init=10, random_state=0)
    return [int(label) for label in means.fit_predict(vectors)]

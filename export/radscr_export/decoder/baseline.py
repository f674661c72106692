"""What a decoder must beat: a logistic regression on what Q and U are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from radscr_edge.records import Missed, Sentence
from radscr_export.decoder.examples import make_examples, taught_words
from radscr_runtime.decoders.decisions import Labelled
from radscr_runtime.decoders.plain import PlainDecoder
from radscr_runtime.decoders.rules import touching

LEARNT = 2000
"""Questions that the regressions are fitted to: of the kind that the decoder learns from."""


def baselines(
    sentences: Sequence[Sentence], decisions: Sequence[Labelled], seed: int
) -> dict[str, float]:
    """Accuracies on the decision set of what reads no words but knows what they are about.

    'logistic_regression' has each property of U and of Q's sentences that touch it as a feature,
    'crossed_regression' each property of U with each of Q's too. 'answers' is what `plain` decides
    by its table, which reads a few words of Q besides.
    """
    rng = np.random.default_rng(seed)
    examples = make_examples(taught_words(sentences, rng), LEARNT, rng)
    kept = [PlainDecoder().decide(one.q, [Missed(one.u, 0.0, 0.0)])[0].kept for one in decisions]
    accuracy = {"answers": _share(kept, decisions)}
    for name, crossed in (("logistic_regression", False), ("crossed_regression", True)):
        learnt = [_features(one.sentences[:-1], one.sentences[-1], crossed) for one in examples]
        model: Pipeline = make_pipeline(DictVectorizer(), LogisticRegression(max_iter=2000))
        model.fit(learnt, [one.keep for one in examples])
        found = model.predict([_features(one.q, one.u, crossed) for one in decisions])
        accuracy[name] = _share(found.tolist(), decisions)
    return accuracy


def _features(q: Sequence[Sentence], u: Sentence, crossed: bool) -> dict[str, float]:
    """Which findings, polarities, severities and sides are there, in U and in what touches it."""
    alone = [f"u {name}" for name in _properties(u)]
    beside = [f"q {name}" for one in touching(q, u) for name in _properties(one)]
    pairs = [f"{one}, {other}" for one in alone for other in beside] if crossed else []
    return dict.fromkeys((*alone, *beside, *pairs), 1.0)


def _properties(one: Sentence) -> Iterator[str]:
    yield f"{one.finding} {one.polarity}"
    yield f"{one.severity}"
    yield f"{one.side}"


def _share(found: Sequence[bool], decisions: Sequence[Labelled]) -> float:
    right = [bool(keep) == one.keep for keep, one in zip(found, decisions, strict=True)]
    return round(float(np.mean(right)), 3)

"""Makes decisions to learn from: Q and U that no rule settles, with the wanted answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radscr_edge.errors import TrainingError
from radscr_edge.records import Polarity, Sentence
from radscr_export.decoder.wording import Wording, framed, is_taught, wording_of
from radscr_runtime.decoders.answers import Answer, answered, answers
from radscr_runtime.decoders.question import ask
from radscr_runtime.decoders.rules import settle

SECOND = 0.4
"""Share of questions where Q holds two sentences of the candidate's kin."""
KEPT = 0.7
"""Share of questions drawn from the table's answers to keep; some are dropped for the second."""
FRAMED_SHARE = {Polarity.POSITIVE: 0.4, Polarity.NEGATIVE: 0.6, Polarity.UNCERTAIN: 0.7}
"""Share of sentences that are framed rather than written: most where fewest are written."""


@dataclass(frozen=True, slots=True)
class Example:
    """One question that Phi is really asked, and whether the candidate should be kept."""

    prompt: str
    sentences: tuple[Sentence, ...]
    """Q, and the candidate as the last."""
    keep: bool


@dataclass(frozen=True, slots=True)
class Words:
    """What questions are made of."""

    written: Wording
    """Sentences of the library."""
    framed: Wording
    """Names of the lexicon in frames; empty: written ones alone."""

    def draw(self, finding: str, polarity: Polarity, rng: np.random.Generator) -> Sentence:
        """A sentence of that meaning."""
        use_framed = self.framed and rng.random() < FRAMED_SHARE[polarity]
        rows = (self.framed if use_framed else self.written)[finding, polarity]
        return rows[int(rng.integers(len(rows)))]


def taught_words(sentences: Sequence[Sentence], rng: np.random.Generator) -> Words:
    """What the decoder learns from: the odd families of the library, and frames."""
    taught = [one for one in sentences if is_taught(one)]
    return Words(wording_of(taught), framed(taught, rng))


def make_examples(words: Words, count: int, rng: np.random.Generator) -> list[Example]:
    """`count` questions that no rule settles; about half are to be kept."""
    examples: list[Example] = []
    while len(examples) < count:
        example = _example(words, rng)
        if example is not None:
            examples.append(example)
    return examples


def _example(words: Words, rng: np.random.Generator) -> Example | None:
    """A question about one row of the table; None where a rule settles what was drawn."""
    keep = rng.random() < KEPT
    first = _drawn([one for one in answers() if one.keep is keep], rng)
    candidate = words.draw(first.candidate, Polarity.UNCERTAIN, rng)
    said = [words.draw(first.said, first.polarity, rng)]
    if rng.random() < SECOND:
        second = _drawn([one for one in answers() if one.candidate == first.candidate], rng)
        said.append(words.draw(second.said, second.polarity, rng))
    if settle(said, candidate) is not None:
        return None
    q = tuple(said[index] for index in rng.permutation(len(said)))
    answer = answered(q, candidate)
    if answer is None:
        raise TrainingError(f"answers.csv says nothing of {candidate.finding!r}. Add a row.")
    return Example(ask(q, candidate), (*q, candidate), answer)


def _drawn(rows: Sequence[Answer], rng: np.random.Generator) -> Answer:
    return rows[int(rng.integers(len(rows)))]

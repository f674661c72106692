"""Makes lists of sentences to learn merging from: at each open joint, what should stand there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from radscr_edge.ontology import FINDINGS, ORGANS, load_ontology
from radscr_edge.prose import Told
from radscr_edge.records import Polarity, Sentence
from radscr_export.decoder.examples import Words
from radscr_runtime.decoders.joints import beside_open, joints_of, wanted_at
from radscr_runtime.decoders.question import list_findings

SENTENCES: Final = (2, 6)
"""Of a list: at least, and at most."""


@dataclass(frozen=True, slots=True)
class Merge:
    """One open joint, with the text that Phi has read when it chooses."""

    prompt: str
    """The list, and the prose up to the joint."""
    options: tuple[str, ...]
    """What may stand there: the sentence by itself, then each connector that is offered."""
    wanted: int
    """Which of them should."""


def make_merges(words: Words, count: int, rng: np.random.Generator) -> list[Merge]:
    """`count` joints of lists about findings of one organ, as the report would order them."""
    merges: list[Merge] = []
    while len(merges) < count:
        said = _list(words, rng)
        merges += merges_of([Told(str(number), one.text) for number, one in enumerate(said)], said)
    return merges[:count]


def merges_of(told: Sequence[Told], said: Sequence[Sentence]) -> Iterator[Merge]:
    """The open joints of a list, each after the choices that are wanted before it."""
    steps = joints_of(told)
    opening, text, joined = list_findings(beside_open(told, steps)), "", False
    for number, options in enumerate(steps):
        choice = 0
        if len(options) > 1 and not joined:
            choice = wanted_at(said[number - 1].polarity, said[number].polarity, options)
            yield Merge(opening + text, options, choice)
        joined = choice > 0
        text += options[choice]


def _list(words: Words, rng: np.random.Generator) -> list[Sentence]:
    """Sentences about one organ's findings, as a report of them would stand."""
    organ = str(rng.choice(ORGANS))
    names = [one for one in FINDINGS if load_ontology()[one].organ == organ]
    count = min(len(names), int(rng.integers(SENTENCES[0], SENTENCES[1] + 1)))
    chosen = rng.choice(names, count, replace=False)
    return [words.draw(str(one), Polarity(rng.choice(list(Polarity))), rng) for one in chosen]

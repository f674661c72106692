"""Trial of a GGUF as an editor: how often its prose fails the check, on fixed lists."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from radscr_edge.errors import DecoderError
from radscr_edge.ontology import ORGANS, load_ontology
from radscr_edge.prose import Prose, Told
from radscr_edge.records import Polarity, Sentence
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_runtime.decoders.decoder import Hearer
from radscr_runtime.decoders.fluent_check import ProseError
from radscr_runtime.decoders.joints import CONNECTORS, joints_of, wanted_at
from radscr_runtime.decoders.writing import ENDLESS

LISTS: Final = 20
SHORTEST, LONGEST = 2, 6
"""Sentences of a list."""
SEED: Final = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of the lists."""

    lists: int
    failures: tuple[str, ...]
    """Why a list fell back to its sentences."""
    joints: tuple[tuple[str, int], ...]
    """How often each connector was chosen, a new sentence as '. '; only of joined prose."""
    fitting: int = 0
    """Choices that are those of the house's taste (`wanted_at`)."""

    @property
    def choices(self) -> int:
        """Joints at which something was chosen."""
        return sum(count for _, count in self.joints)

    @property
    def fallen(self) -> int:
        """Lists that fell back."""
        return len(self.failures)


@cache
def trial_lists() -> tuple[tuple[Told, ...], ...]:
    """Lists of packaged sentences about findings of no kinship, organ by organ as in a report."""
    generator = np.random.default_rng(SEED)
    sentences = load_sentences(Role.FINDING)
    return tuple(
        _drawn(sentences, SHORTEST + number % (LONGEST - SHORTEST + 1), generator)
        for number in range(LISTS)
    )


def trial_digest() -> str:
    """SHA-256 of the lists: a trial of other lists counts for nothing here."""
    texts = [[one.text for one in told] for told in trial_lists()]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def try_prose(write: Callable[[Sequence[Told], Hearer], Prose | None]) -> Trial:
    """How a decoder's `write` fares with every list.

    What it wrote may fail the check or come to no end. Any other DecoderError says nothing of its
    prose, such as a stop or too little memory, and ends the trial.
    """
    failures: list[str] = []
    heard: Counter[str] = Counter()
    fitting = 0
    for told in trial_lists():
        pieces: list[str] = []
        try:
            write(told, Hearer(pieces.append))
        except DecoderError as problem:
            if not (isinstance(problem, ProseError) or str(problem).startswith(ENDLESS)):
                raise
            failures.append(str(problem))
        choices = list(_choices(told, pieces))
        heard.update(chosen for chosen, _ in choices)
        fitting += sum(fits for _, fits in choices)
    return Trial(len(trial_lists()), tuple(failures), tuple(sorted(heard.items())), fitting)


def _drawn(
    sentences: Sequence[Sentence], count: int, generator: np.random.Generator
) -> tuple[Told, ...]:
    chosen: list[Sentence] = []
    while len(chosen) < count:
        one = sentences[int(generator.integers(len(sentences)))]
        kin = load_ontology().kin(one.finding)
        if not any(other.finding in kin for other in chosen):
            chosen.append(one)
    chosen.sort(key=lambda one: ORGANS.index(one.organ))
    return tuple(Told(one.id, one.text) for one in chosen)


def _choices(told: Sequence[Told], pieces: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """The connectors that were chosen where there was a choice, and if they are those wanted.

    None of a free text.
    """
    steps = joints_of(told)
    if len(pieces) != len(steps):
        return
    polarities, joined = [_polarities()[one.sentence_id] for one in told], False
    between = zip(polarities, polarities[1:], steps[1:-1], pieces[1:-1], strict=False)
    for first, second, options, piece in between:
        if len(options) > 1 and not joined:
            chosen = next((one for one in CONNECTORS if piece.startswith(one)), ". ")
            yield chosen, piece == options[wanted_at(first, second, options)]
        joined = piece != options[0]


@cache
def _polarities() -> dict[str, Polarity]:
    return {one.id: one.polarity for one in load_sentences(Role.FINDING)}

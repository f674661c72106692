"""Makes decisions to learn from: library sentences as Q and U, with the answer we want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Polarity, Sentence, Side
from radscr_runtime.decoders.question import ask
from radscr_runtime.decoders.rules import settle

EXPLAINED = {
    "pleural effusion": {"costophrenic angle blunting"},
    "pulmonary edema/hazy opacity": {"vascular congestion", "vascular redistribution"},
    "vascular congestion": {"vascular redistribution"},
    "lobar/segmental collapse": {"consolidation"},
}
"""What a finding explains: a hedged mention of it beside that finding adds nothing."""
FILLERS = 3
"""Unrelated sentences that may stand in Q, at most."""


@dataclass(frozen=True, slots=True)
class Example:
    """One question and whether the candidate should be kept."""

    prompt: str
    keep: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """Sentences by finding that questions are made from."""

    asserted: dict[str, list[Sentence]]
    hedged: dict[str, list[Sentence]]


def split_wording(sentences: Sequence[Sentence], seed: int) -> tuple[Wording, Wording]:
    """Two disjoint halves of the library's wording: to train with (3 of 4), and to test with.

    A written sentence and its side variants always fall on the same side. Hedges are too few to be
    split: the test meets known hedges beside unknown assertions.
    """
    rng = np.random.default_rng(seed)
    asserted = [one for one in sentences if one.polarity is Polarity.POSITIVE]
    families = sorted({_family(one) for one in asserted})
    held = set(rng.permutation(families)[: len(families) // 4].tolist())
    hedged = [
        one for one in sentences if one.polarity is Polarity.UNCERTAIN and one.side is Side.NONE
    ]
    return (
        _wording([one for one in asserted if _family(one) not in held], hedged),
        _wording([one for one in asserted if _family(one) in held], hedged),
    )


def open_pairs() -> list[tuple[str, str, bool]]:
    """Findings of Q and U that no rule settles, with the wanted answer."""
    ontology = load_ontology()
    return [
        (q, u, u not in EXPLAINED.get(q, set()))
        for u in FINDINGS
        for q in sorted(ontology.kin(u) - ontology.descendants(u) - {u})
    ]


def make_examples(wording: Wording, count: int, rng: np.random.Generator) -> list[Example]:
    """`count` open questions, half of them to be kept."""
    pairs = [pair for pair in open_pairs() if pair[0] in wording.asserted]
    kept, dropped = [p for p in pairs if p[2]], [p for p in pairs if not p[2]]
    examples = []
    while len(examples) < count:
        group = kept if len(examples) % 2 else dropped
        q, u, keep = group[int(rng.integers(len(group)))]
        candidate = _draw(wording.hedged[u], rng)
        said = [_draw(wording.asserted[q], rng), *_fillers(wording, u, rng)]
        said = [said[int(index)] for index in rng.permutation(len(said))]
        if settle(said, candidate) is None:
            examples.append(Example(ask(said, candidate), keep))
    return examples


def _fillers(wording: Wording, u: str, rng: np.random.Generator) -> list[Sentence]:
    kin = load_ontology().kin(u)
    others = sorted(set(wording.asserted) - kin)
    chosen = rng.choice(others, int(rng.integers(FILLERS + 1)), replace=False)
    return [_draw(wording.asserted[str(name)], rng) for name in chosen]


def _draw(sentences: list[Sentence], rng: np.random.Generator) -> Sentence:
    return sentences[int(rng.integers(len(sentences)))]


def _family(sentence: Sentence) -> str:
    return ".".join(sentence.id.split(".")[:3])


def _wording(asserted: Sequence[Sentence], hedged: Sequence[Sentence]) -> Wording:
    return Wording(_by_finding(asserted), _by_finding(hedged))


def _by_finding(sentences: Sequence[Sentence]) -> dict[str, list[Sentence]]:
    grouped: dict[str, list[Sentence]] = {}
    for sentence in sentences:
        grouped.setdefault(sentence.finding, []).append(sentence)
    return grouped

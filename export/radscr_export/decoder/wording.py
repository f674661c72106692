"""The sentences that the decoder learns from: half of the library, and names in frames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from radscr_edge.labeler import label
from radscr_edge.labeler.lexicon import expand, outcomes
from radscr_edge.labeler.words import read_table
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity, Sentence, Severity, Side
from radscr_edge.sentences import load_sentences

FRAMED = 240
"""Framed sentences tried for each finding and polarity."""
DEGREES = (
    "",
    "",
    "",
    "mild ",
    "slight ",
    "minimal ",
    "moderate ",
    "marked ",
    "extensive ",
    "small ",
)
PLACES = (
    "",
    "",
    "",
    " on the right",
    " on the left",
    " on both sides",
    " in the right lower lobe",
    " in the left upper lobe",
    " at the left base",
    " behind the heart",
)
FRAMES = {
    Polarity.POSITIVE: (
        "There is {degree}{name}{place}.",
        "{degree}{name} is present{place}.",
        "{degree}{name} is seen{place}.",
        "{degree}{name} is noted{place}.",
        "The film shows {degree}{name}{place}.",
        "The appearance{place} is consistent with {degree}{name}.",
        "The lungs show {degree}{name}{place}.",
        "{degree}{name} has developed{place}.",
        "Findings of {degree}{name}{place}.",
        "{degree}{name}{place} is evident.",
    ),
    Polarity.NEGATIVE: (
        "No {name} is seen.",
        "There is no {name}.",
        "There is no evidence of {name}.",
        "No sign of {name} is present.",
        "{name} is not seen.",
        "{name} is absent.",
        "No definite {name} is seen.",
        "Neither side shows {name}.",
        "The chest is free of {name}.",
        "No convincing {name} is identified.",
        "Normal appearance, without {name}.",
    ),
    Polarity.UNCERTAIN: (
        "{degree}{name} cannot be excluded{place}.",
        "{degree}{name} is possible{place}.",
        "Possible {degree}{name}{place}.",
        "There may be {degree}{name}{place}.",
        "There is a question of {degree}{name}{place}.",
        "Question of {degree}{name}{place}, partly hidden.",
        "The appearance{place} could represent {degree}{name}.",
        "This may represent {degree}{name}{place}.",
        "{degree}{name}{place} is suspected.",
        "The shadow{place} raises the question of {degree}{name}.",
    ),
}
"""Our own, around a name from the labeler's lexicon."""

Wording = dict[tuple[str, Polarity], list[Sentence]]
"""Sentences by finding and polarity."""


def family_of(sentence: Sentence) -> int:
    """The number of a library sentence's family within its finding and polarity."""
    found = re.search(r"\.(\d+)", sentence.id)
    return int(found[1]) if found else 0


def is_taught(sentence: Sentence) -> bool:
    """Whether its family may be learnt from: the odd ones; the decision set is made of the even."""
    return family_of(sentence) % 2 == 1


def wording_of(sentences: Sequence[Sentence]) -> Wording:
    """The library by meaning; hedges, which are asked about, only without a side."""
    grouped: Wording = {}
    for one in sentences:
        if one.polarity is not Polarity.UNCERTAIN or one.side is Side.NONE:
            grouped.setdefault((one.finding, one.polarity), []).append(one)
    return grouped


def framed(sentences: Sequence[Sentence], rng: np.random.Generator) -> Wording:
    """The lexicon's names of every finding in FRAMES, where the labeler reads them as meant.

    `sentences` lend all but the text. At most FRAMED for each finding and polarity, and none that
    the library has: of its even families nothing may be learnt.
    """
    written = {one.text for one in load_sentences()}
    lenders = {(one.finding, one.polarity): one for one in sentences}
    made: Wording = {}
    for (finding, polarity), lender in lenders.items():
        bare = replace(lender, id="", side=Side.NONE, severity=Severity.NONE, zone="")
        texts = {_frame(names()[finding], polarity, rng) for _ in range(FRAMED)}
        made[finding, polarity] = [
            replace(bare, text=text)
            for text in sorted(texts - written)
            if _says(text, finding, polarity)
        ]
    return made


@cache
def names() -> dict[str, tuple[str, ...]]:
    """Finding -> what the labeler's lexicon calls it."""
    found: dict[str, set[str]] = {finding: set() for finding in FINDINGS}
    for finding, name in (*_phrases(), *_states()):
        if _says(f"There is {name}.", finding, Polarity.POSITIVE):
            found[finding].add(name)
    return {finding: tuple(sorted(rows)) for finding, rows in found.items()}


def _phrases() -> Iterator[tuple[str, str]]:
    for finding, phrases in read_table("phrases.toml")["finding"].items():
        yield from ((finding, one) for phrase in phrases for one in expand(phrase))


def _states() -> Iterator[tuple[str, str]]:
    """Anatomy in a state that is a finding: 'blunted costophrenic angle'."""
    table = read_table("anatomy.toml")
    for (anatomy, state), meant in outcomes().items():
        if anatomy and state in table["state"] and meant[0] in FINDINGS:
            for what in table["anatomy"][anatomy]["phrases"]:
                for how in table["state"][state]["phrases"][:6]:
                    yield meant[0], f"{next(expand(how))} {next(expand(what))}"


def _frame(known: Sequence[str], polarity: Polarity, rng: np.random.Generator) -> str:
    degree, place, name, form = (
        str(rng.choice(rows)) for rows in (DEGREES, PLACES, known, FRAMES[polarity])
    )
    text = form.format(degree=degree, name=name, place=place)
    return text[0].upper() + text[1:]


def _says(text: str, finding: str, polarity: Polarity) -> bool:
    """Whether the labeler reads just this in a text."""
    return {(one.finding, one.polarity) for one in label(text)} == {(finding, polarity)}

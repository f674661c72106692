"""Whether prose says what its library sentences say, no more and no less; without a model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NoReturn

from radscr_edge.errors import DecoderError
from radscr_edge.labeler import Mention, label, split_sentences
from radscr_edge.ontology import FINDINGS
from radscr_edge.prose import Clause, Prose, Told
from radscr_edge.records import Polarity, Severity, Side
from radscr_edge.wording import Certainty

Words = tuple[str, ...]

WORD: Final = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*|\S")
"""A word, a number, or any mark by itself."""
SEAMS: Final[tuple[Words, ...]] = ((";",), (",", "and"), (",", "but"), (",", "while"))
"""What prose may put between two whole sentences of the report."""
DENIALS: Final[tuple[Words, ...]] = (("there", "is", "no"), ("there", "are", "no"), ("no",))
"""Openings that a list of plain denials says once: 'There is no pneumothorax or nodule.'"""
LISTED: Final[tuple[Words, ...]] = (("or",), (",", "or"), (",",))
"""What stands between the members of such a list."""
SMALL: Final = frozenset(
    WORD.findall("a an also and are as but in is it of or that the there well while which with")
)
"""Words that say nothing by themselves."""


class ProseError(DecoderError):
    """Prose that does not say what its sentences say; the message names the sentence."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the labeler reads of one finding or organ, without its place in the text."""

    name: str
    """Of the finding; of the organ where the whole organ is meant."""
    polarity: Polarity
    certainty: Certainty
    historical: bool
    side: Side
    severity: Severity
    zone: str

    def covers(self, other: Statement) -> bool:
        """Whether it says all that `other` says: the same, or the same with more detail."""
        same = (self.name, self.polarity, self.certainty, self.historical) == (
            other.name,
            other.polarity,
            other.certainty,
            other.historical,
        )
        return (
            same
            and other.side in (Side.NONE, self.side)
            and other.severity in (Severity.NONE, self.severity)
            and other.zone in ("", self.zone)
        )

    def __str__(self) -> str:
        details = (self.side, self.severity, self.zone, "of the past" if self.historical else "")
        said = [self.name, self.polarity.value, self.certainty.value]
        return ", ".join([*said, *(str(one) for one in details if one not in ("none", ""))])


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence that prose may be made of, or one of prose."""

    number: int
    """Of the library sentence that it is, or is a part of; -1 of prose."""
    text: str
    words: Words
    statements: frozenset[Statement]

    @property
    def content(self) -> frozenset[str]:
        """Its words and numbers, small words left out."""
        return frozenset(one for one in self.words if one[0].isalnum()) - SMALL


def check_prose(text: str, told: Sequence[Told]) -> Prose:
    """The prose with the ids that each of its sentences came from.

    A sentence of prose is made of whole sentences of `told` with SEAMS between them, or is a list
    of plain denials; so no detail moves from one finding to another, whether the labeler reads it
    or not. Raises ProseError where it is made of anything else, where the labeler does not read in
    it what it reads in its parts, and where a sentence of `told` is left out.
    """
    clauses = split_sentences(text)
    if " ".join(clauses) != " ".join(text.split()):
        raise ProseError(f"The text {_short(text)} cannot be cut into sentences.")
    sources = [
        source_of(part, number)
        for number, one in enumerate(told)
        for part in split_sentences(one.text) or (one.text,)
    ]
    made = [_sources_of(source_of(clause), sources) for clause in clauses]
    cited = [{one.number for one in parts} for parts in made]
    for source in sources:
        cited[_telling(source, made)].add(source.number)
    return Prose(
        tuple(
            Clause(clause, tuple(told[number].sentence_id for number in sorted(numbers)))
            for clause, numbers in zip(clauses, cited, strict=True)
        )
    )


@lru_cache(maxsize=4096)
def source_of(text: str, number: int = -1) -> Source:
    """A sentence, its words in small letters, and what the labeler reads in it."""
    words = tuple(one.lower() for one in WORD.findall(text.strip().removesuffix(".")))
    return Source(number, text, words, frozenset(map(_statement, label(text))))


def _statement(mention: Mention) -> Statement:
    return Statement(
        name=mention.finding or mention.organ,
        polarity=mention.polarity,
        certainty=mention.certainty,
        historical=mention.historical,
        side=mention.side,
        severity=mention.severity,
        zone=mention.zone,
    )


def _sources_of(clause: Source, sources: Sequence[Source]) -> list[Source]:
    """What a sentence of prose is made of, in its order."""
    parts = _made_of(clause.words, sources)
    if not parts:
        _refuse(clause, sources)
    known = frozenset[Statement]().union(*(one.statements for one in parts))
    if not clause.statements <= known:
        _refuse(clause, parts)
    for one in sorted(known, key=str):
        if not any(said.covers(one) for said in clause.statements):
            raise ProseError(f"Its sentence {_short(clause.text)} leaves out or changes: {one}.")
    return parts


def _made_of(words: Words, sources: Sequence[Source]) -> list[Source]:
    """The sources that stand in the words one after another; empty where they do not."""
    different = list({one.words: one for one in reversed(sources)}.values())
    # Per number of words: what so many of the first ones are made of.
    made: dict[int, list[Source]] = {0: []}
    for start in range(len(words)):
        for source in different if start in made else ():
            for run in _runs(source, made[start][-1:]):
                end = start + len(run)
                if words[start:end] == run:
                    made.setdefault(end, [*made[start], source])
    return made.get(len(words), [])


def _runs(source: Source, before: Sequence[Source]) -> Iterator[Words]:
    """How a sentence may stand in prose, by itself or after another one."""
    if not before:
        yield source.words
        return
    for seam in SEAMS:
        yield (*seam, *source.words)
    opening = _denial(source)
    if opening and opening == _denial(before[0]):
        for seam in LISTED:
            yield (*seam, *source.words[len(opening) :])


def _denial(source: Source) -> Words:
    """The opening of a sentence that denies a finding by its bare name; empty: it is no such."""
    for opening in DENIALS:
        start, name = source.words[: len(opening)], source.words[len(opening) :]
        if start == opening and " ".join(name) in FINDINGS:
            return opening
    return ()


def _telling(source: Source, made: Sequence[Sequence[Source]]) -> int:
    """The number of the first sentence of prose that says what the source says."""
    for number, parts in enumerate(made):
        if any(one.words == source.words or _is_fuller(one, source) for one in parts):
            return number
    raise ProseError(f"The library sentence {_short(source.text)} is left out or changed.")


def _is_fuller(one: Source, bare: Source) -> bool:
    """Whether it is the bare sentence with a detail more that the labeler reads: 'small right'."""
    more = len(one.words) - len(bare.words)
    read = one.statements != bare.statements and all(
        any(said.covers(other) for said in one.statements) for other in bare.statements
    )
    return read and any(
        _without(one.words, at, more) == bare.words and _adds_words(one.words[at : at + more])
        for at in range(len(bare.words))
    )


def _adds_words(words: Words) -> bool:
    return SMALL.isdisjoint(words) and "".join(words).isalnum()


def _without(words: Words, at: int, count: int) -> Words:
    return words[:at] + words[at + count :]


def _refuse(clause: Source, sources: Sequence[Source]) -> NoReturn:
    """Raises the ProseError for what a sentence of prose adds, the gravest first."""
    said = f"Its sentence {_short(clause.text)}"
    if not clause.content:
        raise ProseError(f"{said} says nothing of this report.")
    known = frozenset[Statement]().union(*(one.statements for one in sources))
    statements = sorted(str(one) for one in clause.statements - known)
    if statements:
        raise ProseError(f"{said} states what no sentence of the report states: {statements[0]}.")
    words = sorted(clause.content.difference(*(one.words for one in sources)))
    if words:
        kind = "number" if words[0][0].isdigit() else "word"
        raise ProseError(
            f"{said} uses the {kind} '{words[0]}', which is in none of the sentences of the report."
        )
    nearest = max(sources, key=lambda one: len(one.content & clause.content))
    lost = sorted(nearest.content - clause.content)
    raise ProseError(
        f"{said} is not made of whole sentences of the report; the nearest is "
        f"{_short(nearest.text)}" + (f", and '{lost[0]}' is lost." if lost else ".")
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"'{line}'" if len(line) <= 160 else f"'{line[:157]}...'"

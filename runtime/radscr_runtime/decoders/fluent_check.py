"""Whether prose says what its library sentences say, no more and no less; without a model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NoReturn

from radscr_edge.errors import DecoderError
from radscr_edge.labeler import Mention, label, split_sentences
from radscr_edge.prose import Clause, Prose, Told
from radscr_edge.records import Polarity, Severity, Side
from radscr_edge.wording import Certainty

WORD: Final = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*|[%<>±~?]")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


JOINING: Final = _listed(
    "a addition also an and are as but in is it of or that the there well which while with"
)
"""The only words that prose may add: they name nothing, deny nothing and doubt nothing."""
SIDES: Final = _listed("right left bilateral bilaterally both")
DENIALS: Final = _listed("no not nor neither never none without free absent cannot")
DOUBTS: Final = _listed(
    "may might could possible possibly probable probably likely unlikely suspected questionable "
    "equivocal uncertain perhaps presumably suggest suggests suggesting suggestive exclude "
    "excluded ?"
)
QUANTITIES: Final = _listed(
    "mm cm ml % one two three four five six seven eight nine ten single several multiple"
)
WEIGHTY: Final = SIDES | DENIALS | DOUBTS | QUANTITIES
"""Words of a library sentence that its clauses may not drop; numbers in digits are such too."""


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
class Meaning:
    """What a text says: its statements and its words, joining words left out."""

    statements: frozenset[Statement]
    words: frozenset[str]

    @property
    def weighty(self) -> frozenset[str]:
        """Its words that may not be lost."""
        return frozenset(one for one in self.words if one in WEIGHTY or one[0].isdigit())

    def __or__(self, other: Meaning) -> Meaning:
        return Meaning(self.statements | other.statements, self.words | other.words)


def check_prose(text: str, told: Sequence[Told]) -> Prose:
    """The prose with the ids that each of its sentences came from.

    Raises ProseError where a sentence of `told` is left out or loses its side, doubt, denial or
    number; where the prose states what none of them states; and where it uses a word, however
    harmless, that is neither in the sentences it came from nor a joining word.
    """
    clauses = split_sentences(text)
    if " ".join(clauses) != " ".join(text.split()):
        raise ProseError(f"The text {_short(text)} cannot be cut into sentences.")
    meanings = [meaning_of(one) for one in clauses]
    sources = [meaning_of(one.text) for one in told]
    cited = [_sources_of(*pair, sources) for pair in zip(clauses, meanings, strict=True)]
    for number, source in enumerate(sources):
        _check_told(number, told[number].text, source, meanings, cited)
    return Prose(
        tuple(
            Clause(clause, tuple(told[number].sentence_id for number in sorted(numbers)))
            for clause, numbers in zip(clauses, cited, strict=True)
        )
    )


@lru_cache(maxsize=4096)
def meaning_of(text: str) -> Meaning:
    """What the labeler reads in a text of one or more sentences, and its words in small letters."""
    mentions = [one for sentence in split_sentences(text) for one in label(sentence)]
    words = {one.lower() for one in WORD.findall(text)}
    return Meaning(frozenset(map(_statement, mentions)), frozenset(words - JOINING))


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


def _sources_of(clause: str, meaning: Meaning, sources: Sequence[Meaning]) -> set[int]:
    """The fewest sentences, found greedily, that hold every statement and word of a clause."""
    cited: set[int] = set()
    known = Meaning(frozenset(), frozenset())
    while missing := _without(meaning, known):
        gains = [len(missing & _items(one)) for one in sources]
        best = max(range(len(sources)), key=gains.__getitem__, default=-1)
        if best < 0 or not gains[best]:
            _refuse(clause, missing)
        cited.add(best)
        known |= sources[best]
    if not cited:
        raise ProseError(f"Its sentence {_short(clause)} says nothing of this report.")
    return cited


def _without(meaning: Meaning, known: Meaning) -> frozenset[Statement | str]:
    return _items(meaning) - _items(known)


def _items(meaning: Meaning) -> frozenset[Statement | str]:
    return frozenset([*meaning.statements, *meaning.words])


def _refuse(clause: str, missing: frozenset[Statement | str]) -> NoReturn:
    """Raises the ProseError for what no sentence of the report says, the gravest first."""
    statements = sorted(str(one) for one in missing if isinstance(one, Statement))
    if statements:
        raise ProseError(
            f"Its sentence {_short(clause)} states what no sentence of the report states: "
            f"{statements[0]}."
        )
    words = sorted(str(one) for one in missing)
    kind = "number" if words[0][0].isdigit() else "word"
    raise ProseError(
        f"Its sentence {_short(clause)} uses the {kind} '{words[0]}', which is in none of the "
        "sentences of the report."
    )


def _check_told(
    number: int,
    text: str,
    source: Meaning,
    meanings: Sequence[Meaning],
    cited: Sequence[set[int]],
) -> None:
    """That a library sentence is told; a clause that says it beside another one cites it too."""
    telling = [one for one, numbers in zip(meanings, cited, strict=True) if number in numbers]
    lost = list(_lost(source, telling))
    if not lost and telling:
        return
    for meaning, numbers in zip(meanings, cited, strict=True):
        if not list(_lost(source, [meaning])):
            numbers.add(number)
            return
    said = f": {lost[0]}" if telling else ""
    raise ProseError(f"The library sentence {_short(text)} is left out or changed{said}.")


def _lost(source: Meaning, telling: Sequence[Meaning]) -> Iterator[str]:
    """What a library sentence says and the clauses that tell it do not."""
    statements = frozenset[Statement]().union(*(one.statements for one in telling))
    words = frozenset[str]().union(*(one.words for one in telling))
    for one in source.statements:
        if not any(other.covers(one) for other in statements):
            yield str(one)
    # What the labeler cannot read must stand word for word.
    for word in sorted((source.weighty if source.statements else source.words) - words):
        yield f"the word '{word}'"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"'{line}'" if len(line) <= 160 else f"'{line[:157]}...'"

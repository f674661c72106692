"""A first reading of report text: which findings a sentence affirms, denies or hedges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from radscr_edge.ontology import load_ontology
from radscr_edge.records import Polarity

NEGATION = re.compile(
    r"\b(no|not|without|negative for|free of|clear of|absence of|absent|denies|resolved|"
    r"unremarkable)\b"
)
HEDGE = re.compile(
    r"\b(may|might|could|possibl[ey]|probabl[ey]|questionable|suggest\w*|suspected|versus|vs|"
    r"cannot be excluded|not excluded|cannot exclude|consider|differential|or)\b"
)
BREAK = re.compile(r"\b(but|however|although|except|though|there is|there are)\b")
UNUSABLE = re.compile(
    r"xxxx|\b(compar\w*|prior|previous\w*|interval|unchanged|stable|again|increas\w*|decreas\w*|"
    r"improv\w*|worsen\w*|new|persist\w*)\b"
)


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence's statement on one finding."""

    text: str
    finding: str
    polarity: Polarity
    usable: bool
    """False where the sentence compares with a prior or holds a de-identification mark."""


def read_sentences(report: str) -> Iterator[Said]:
    """Every statement of a report, in order; of nested phrases only the longest counts."""
    for sentence in re.split(r"(?<=[.;])\s+", report):
        lower = sentence.lower()
        usable = UNUSABLE.search(lower) is None
        for finding, polarity in _statements(lower):
            yield Said(sentence.strip(), finding, polarity, usable)


@cache
def _phrases() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Phrase, its pattern and its finding, the longest first."""
    pairs = [(phrase, one.name) for one in load_ontology().findings for phrase in one.phrases]
    pairs.sort(key=lambda pair: -len(pair[0]))
    return tuple((one, re.compile(rf"\b{re.escape(one)}\b"), name) for one, name in pairs)


def _statements(sentence: str) -> Iterator[tuple[str, Polarity]]:
    taken: list[tuple[int, int]] = []
    for phrase, pattern, finding in _phrases():
        for match in pattern.finditer(sentence) if phrase in sentence else ():
            start, end = match.span()
            if any(start < other_end and end > other for other, other_end in taken):
                continue
            taken.append((start, end))
            yield finding, _polarity(sentence, start)


def _polarity(sentence: str, start: int) -> Polarity:
    scope = BREAK.split(sentence[:start])[-1]
    if NEGATION.search(scope):
        return Polarity.NEGATIVE
    return Polarity.UNCERTAIN if HEDGE.search(sentence) else Polarity.POSITIVE

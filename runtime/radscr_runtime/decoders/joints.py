"""Where two sentences may become one, and how: the only choices that joined prose leaves open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from radscr_edge.labeler import label
from radscr_edge.prose import Told
from radscr_edge.records import Polarity
from radscr_edge.sentences import load_sentences
from radscr_runtime.decoders.fluent_check import ProseError, check_prose

CONNECTORS: Final = ("; ", ", and ")
LONGEST: Final = 20
"""Words of two sentences that may become one."""
OPENER: Final = re.compile(r"[^\W\d_]+")

Steps = tuple[tuple[str, ...], ...]
"""Text in pieces, each with its alternatives; the first leaves the sentence by itself.

After any other one the next piece is the first of its own: at most two sentences become one.
"""


def joints_of(told: Sequence[Told]) -> Steps:
    """The sentences in their order, and at each joint what may stand between the two.

    `told` is not empty. A connector is offered only between two short sentences about one organ,
    and only where the check reads in both together what it reads in each.
    """
    pieces = [tuple(_alternatives(told, number)) for number in range(len(told))]
    return (*pieces, (_end(told[-1].text),))


def is_open(steps: Steps) -> bool:
    """Whether anything is left to choose."""
    return any(len(one) > 1 for one in steps)


def beside_open(told: Sequence[Told], steps: Steps) -> list[Told]:
    """The sentences on either side of a joint that is open: all that Phi needs to know ahead."""
    joints = [number for number, options in enumerate(steps) if len(options) > 1]
    return [told[number] for number in sorted({side for one in joints for side in (one - 1, one)})]


def wanted_at(first: Polarity, second: Polarity, options: Sequence[str]) -> int:
    """What should stand between two sentences: the number of an option.

    What is told alike is joined by 'and', what is there and what may be there by a semicolon; a
    denial stands apart from what is not denied. The house's own taste, and no more than that.
    """
    told = {first, second}
    if len(told) > 1 and Polarity.NEGATIVE in told:
        return 0
    connector = ", and " if len(told) == 1 else "; "
    fitting = [number for number, one in enumerate(options) if one.startswith(connector)]
    return fitting[0] if fitting else 0


def _alternatives(told: Sequence[Told], number: int) -> Iterator[str]:
    stem = _stem(told[number].text)
    if number == 0:
        yield stem
        return
    before = told[number - 1]
    yield f"{_end(before.text)} {stem}"
    small = _lowered(stem)
    joinable = small and _alike(before.text, told[number].text)
    for connector in CONNECTORS if joinable else ():
        if _same(before, told[number], f"{_stem(before.text)}{connector}{small}."):
            yield f"{connector}{small}"


def _alike(first: str, second: str) -> bool:
    """Whether both are short and speak of one organ, and neither is made of parts already."""
    if len(f"{first} {second}".split()) > LONGEST:
        return False
    parted = any(mark in text for text in (first, second) for mark in ",;")
    return not parted and not _organs(first).isdisjoint(_organs(second))


def _organs(text: str) -> frozenset[str]:
    return frozenset(one.organ for one in label(text))


def _same(first: Told, second: Told, joined: str) -> bool:
    try:
        return len(check_prose(joined, [first, second]).clauses) == 1
    except ProseError:
        return False


def _stem(text: str) -> str:
    """A sentence without its full stop, in single spaces."""
    return " ".join(text.split()).removesuffix(".")


def _end(text: str) -> str:
    return "." if text.rstrip().endswith(".") else ""


def _lowered(stem: str) -> str:
    """With a small first letter; empty where that may be wrong, as of names and abbreviations."""
    opener = OPENER.match(stem)
    if opener is None or opener.group().lower() not in _small_words():
        return ""
    return stem[0].lower() + stem[1:]


@cache
def _small_words() -> frozenset[str]:
    """Every word that the packaged library writes in small letters."""
    return frozenset(
        word for one in load_sentences() for word in OPENER.findall(one.text) if word.islower()
    )

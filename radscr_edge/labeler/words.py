"""Cuts a sentence into words that are spelled alike, each with its place in the sentence."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

from radscr_edge.records import Severity, Side

_TOKEN: Final = re.compile(
    r"[vV][sS]\.|[cm]m\.(?=\s+[a-z])|Dr\.|[^\W\d_]+(?:'[^\W\d_]+)?"
    r"|\d+(?:[.,]\d+)*"
    r"|(?<=\s)[-\u2013\u2014]+(?=\s)"  # a dash between words; a hyphen is no token
    r"|[^\w\s\-\u2010-\u2015]"
)
_NUMBER: Final = "#"
"""What every number is normalised to."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words and punctuation marks of one sentence, side by side with their places."""

    words: tuple[str, ...]
    """Normalised: lower case, singular, American."""
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The single words that the rules know by themselves."""

    british: tuple[tuple[str, str], ...]
    irregular: dict[str, str]
    sides: dict[str, Side]
    severities: dict[str, Severity]
    zones: dict[str, str]
    skip: frozenset[str]


def read_table(name: str) -> dict[str, Any]:
    """A TOML file that lies beside this module."""
    text = files("radscr_edge.labeler").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of words.toml."""
    table = read_table("words.toml")
    sides = {word: Side(name) for name, words in table["side"].items() for word in words}
    degrees = {word: Severity(name) for name, words in table["severity"].items() for word in words}
    zones = {word: name for name, words in table["zone"].items() for word in words}
    return Vocabulary(
        british=tuple((row["part"], row["american"]) for row in table["british"]),
        irregular=table["irregular"],
        sides=sides,
        severities=degrees,
        zones=zones,
        skip=frozenset(table["skip"]["words"]) | sides.keys() | degrees.keys() | zones.keys(),
    )


def cut(sentence: str) -> Words:
    """The words of a sentence, normalised."""
    words, starts, ends = [], [], []
    for match in _TOKEN.finditer(sentence.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")):
        words.append(normalise(match.group()))
        starts.append(match.start())
        ends.append(match.end())
    return Words(tuple(words), tuple(starts), tuple(ends))


@lru_cache(maxsize=20_000)
def normalise(token: str) -> str:
    """One spelling of a word: lower case, American, singular; every number is '#'."""
    word = token.lower()
    if word[0].isdigit():
        return _NUMBER
    if word[0] in "-\u2013\u2014":
        return ";"
    known = vocabulary()
    for british, american in known.british:
        word = word.replace(british, american)
    word = known.irregular.get(word, word).removesuffix("'s")
    return word if word in known.irregular.values() else _singular(word)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word

"""One tree of words for all phrases and triggers: finds the longest that starts at a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from radscr_edge.errors import LibraryError

T = TypeVar("T")
SKIPPED = 5
"""Words that may be passed over in a row within one phrase."""


@dataclass(slots=True)
class Node(Generic[T]):
    """A word on the way; `entry` where a phrase ends."""

    children: dict[str, Node[T]] = field(default_factory=dict)
    entry: T | None = None


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """A phrase found in a sentence, from word `start` up to word `end`, excluded."""

    start: int
    end: int
    entry: T


class Trie(Generic[T]):
    """Phrases of normalised words; words of `skip` may stand between the words of a phrase."""

    def __init__(self, skip: AbstractSet[str]) -> None:
        self._root: Node[T] = Node()
        self._skip = skip

    def add(self, words: Sequence[str], entry: T) -> None:
        """Enters a phrase; LibraryError where it already means something else."""
        node = self._root
        for word in words:
            node = node.children.setdefault(word, Node())
        if node.entry not in (None, entry):
            raise LibraryError(f"{' '.join(words)!r} is both {node.entry} and {entry}.")
        node.entry = entry

    def find(self, words: Sequence[str]) -> Iterator[Match[T]]:
        """All phrases of a sentence from left to right, the longest at each place; none overlap."""
        start, first = 0, self._root.children
        while start < len(words):
            match = self._longest(words, start) if words[start] in first else None
            if match is not None:
                yield match
            start = start + 1 if match is None else match.end

    def items(self) -> Iterator[tuple[tuple[str, ...], T]]:
        """Every phrase with its meaning."""
        paths: list[tuple[tuple[str, ...], Node[T]]] = [((), self._root)]
        while paths:
            words, node = paths.pop()
            if node.entry is not None:
                yield words, node.entry
            paths += [((*words, word), child) for word, child in node.children.items()]

    def _longest(self, words: Sequence[str], start: int) -> Match[T] | None:
        entry, end, count = None, start, len(words)
        paths = [(self._root.children[words[start]], start + 1, 0)]
        while paths:
            node, place, skipped = paths.pop()
            if place > end and not skipped and node.entry is not None:
                entry, end = node.entry, place
            if place == count or not node.children:
                continue
            word = words[place]
            if skipped < SKIPPED and word in self._skip:
                paths.append((node, place + 1, skipped + 1))
            if word in node.children:
                paths.append((node.children[word], place + 1, 0))
        return None if entry is None else Match(start, end, entry)

"""Token states of every sentence that training meets: our library's, and the reports' own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity, Sentence, Severity, Side
from radscr_edge.sentences import load_sentences
from radscr_edge.sentences.matching import best_match
from radscr_edge.wording import Role
from radscr_export.data.labels import Mention
from radscr_export.data.training_set import Studies
from radscr_export.library.prototypes import PROTOTYPES, assign_prototypes
from radscr_export.model.radscr import Heads
from radscr_export.text_encoder import BATCH, TextEncoder

UNSAID = Mention("", Side.NONE, Severity.NONE)
LENGTHS: Final = 6
"""Groups of sentences of like length that are embedded apart, since padding costs as words do."""


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """Frozen token states of some sentences, padded to the longest."""

    states: Tensor
    """(B, T, width), half precision to spare memory."""
    mask: Tensor
    """(B, T)."""
    findings: Tensor
    """(B,) the abnormality that each sentence is read for."""

    def rows(self, chosen: Tensor) -> Tokens:
        """The sentences of some rows."""
        return Tokens(self.states[chosen], self.mask[chosen], self.findings[chosen])


@dataclass(frozen=True, eq=False)
class LibraryTexts:
    """The sentence library with its token states; frame sentences have no vector and stay out."""

    sentences: tuple[Sentence, ...]
    """L sentences, each about one finding."""
    tokens: Tokens
    held: Tensor | None = None
    """(N * K, d) prototypes of the whole library as of the last refresh; None: of these sentences.
    """

    def draw(self, rng: np.random.Generator, held: Tensor | None = None) -> LibraryTexts:
        """One sentence of everything that the library can say, another wording every time.

        `held` are prototypes of the last refresh, if they are not to be those of these sentences.
        A step that embedded the whole library would cost minutes; this covers it over an epoch.
        """
        chosen = [int(rng.choice(rows)) for rows in self._wordings]
        sentences = tuple(self.sentences[row] for row in chosen)
        return LibraryTexts(sentences, self.tokens.rows(torch.tensor(chosen)), held)

    @cached_property
    def _wordings(self) -> list[list[int]]:
        """Rows that say the same in other words: finding, polarity, side, severity."""
        groups: dict[tuple[object, ...], list[int]] = {}
        for row, one in enumerate(self.sentences):
            said = (one.finding, one.polarity, one.side, one.severity)
            groups.setdefault(said, []).append(row)
        return list(groups.values())

    @cached_property
    def slots(self) -> NDArray[np.int64]:
        """(L,) prototype of each sentence as an index into N * K."""
        return np.array(
            [FINDINGS.index(one.finding) * PROTOTYPES + one.prototype for one in self.sentences]
        )

    def prototypes(self, said: Tensor) -> Tensor:
        """o, (N * K, d): the direction of each prototype's sentences, of their vectors (L, d).

        Those of the last refresh, where they are held.
        """
        if self.held is not None:
            return self.held.to(said.device)
        slots = torch.from_numpy(self.slots).to(said.device)
        total = said.new_zeros(len(FINDINGS) * PROTOTYPES, said.shape[1]).index_add(0, slots, said)
        return F.normalize(total, dim=-1)

    @cached_property
    def _row(self) -> dict[str, int]:
        return {sentence.id: row for row, sentence in enumerate(self.sentences)}

    @cached_property
    def _about(self) -> dict[tuple[str, Polarity], list[int]]:
        """Finding and polarity -> rows."""
        groups: dict[tuple[str, Polarity], list[int]] = {}
        for row, one in enumerate(self.sentences):
            groups.setdefault((one.finding, one.polarity), []).append(row)
        return groups

    def matching(self, finding: int, true: bool, mention: Mention) -> list[int]:
        """Rows of the library sentences that say just this; a denial has no side or severity."""
        polarity, told = _sought(true, mention)
        about = [self.sentences[row] for row in self._about.get((FINDINGS[finding], polarity), ())]
        found = best_match(about, FINDINGS[finding], polarity, told.side, told.severity)
        return [self._row[sentence.id] for sentence in found]

    def possible(self, finding: int, true: bool, mention: Mention) -> list[int]:
        """Rows of that finding and polarity that nothing told of side or severity contradicts."""
        polarity, told = _sought(true, mention)
        rows = self._about.get((FINDINGS[finding], polarity), ())
        about = [(row, self.sentences[row]) for row in rows]
        return [
            row
            for row, one in about
            if (told.side is Side.NONE or one.side in (Side.NONE, told.side))
            and (told.severity is Severity.NONE or one.severity in (Severity.NONE, told.severity))
        ]

    def contrary(self, finding: int, true: bool) -> list[int]:
        """Rows of that finding that say the opposite, whatever their side or severity."""
        polarity = Polarity.NEGATIVE if true else Polarity.POSITIVE
        return self._about.get((FINDINGS[finding], polarity), [])


def _sought(true: bool, mention: Mention) -> tuple[Polarity, Mention]:
    return (Polarity.POSITIVE, mention) if true else (Polarity.NEGATIVE, UNSAID)


def refresh_prototypes(heads: Heads, library: LibraryTexts) -> Tensor:
    """o, (N * K, d), of every sentence of the library by the sentence head as it is now."""
    return library.prototypes(embed_library(heads, library))


def embed_library(heads: Heads, library: LibraryTexts) -> Tensor:
    """s, (L, d), of every sentence of the library, some at a time."""
    device, count = heads.concepts.device, len(library.sentences)
    parts = [
        library.tokens.rows(torch.arange(start, min(start + BATCH, count)))
        for start in range(0, count, BATCH)
    ]
    return torch.cat([embed(heads, part, device) for part in parts])


def embed(heads: Heads, tokens: Tokens, device: torch.device) -> Tensor:
    """s_(m), (B, d), of some sentences."""
    order = tokens.mask.sum(dim=1).argsort()
    parts = [_embed(heads, tokens.rows(rows), device) for rows in order.chunk(LENGTHS)]
    return torch.cat(parts)[order.argsort().to(device)]


def _embed(heads: Heads, tokens: Tokens, device: torch.device) -> Tensor:
    """The same without the padding that none of these sentences needs."""
    longest = max(1, int(tokens.mask.any(dim=0).sum()))
    states, mask = tokens.states[:, :longest], tokens.mask[:, :longest]
    return heads.embed(states.to(device).float(), mask.to(device), tokens.findings.to(device))


def read_library(encoder: TextEncoder) -> LibraryTexts:
    """The written library with prototypes assigned and token states computed."""
    sentences = assign_prototypes(load_sentences(Role.FINDING))
    findings = [FINDINGS.index(sentence.finding) for sentence in sentences]
    return LibraryTexts(sentences, tokenise(encoder, [one.text for one in sentences], findings))


def tokenise(encoder: TextEncoder, texts: Sequence[str], findings: Sequence[int]) -> Tokens:
    """Token states of `texts`, each read for the finding beside it."""
    states, mask = encoder.encode(texts)
    about = torch.tensor(findings, dtype=torch.int64)
    return Tokens(torch.from_numpy(states), torch.from_numpy(mask), about)


@dataclass(frozen=True, eq=False)
class ToldTexts:
    """The reports' own sentences of the training studies, ready to be drawn study by study."""

    tokens: Tokens
    rows_of: dict[str, list[int]]
    """Study id -> rows of its sentences."""

    def draw(
        self, ids: Sequence[str], rng: np.random.Generator
    ) -> tuple[Tokens, NDArray[np.int64]]:
        """Sentences of a batch, and (T,) the study of the batch that each belongs to.

        A report joins with probability one half, so that about half of what proposals are drawn to
        is the library's own wording.
        """
        pairs = [
            (row, study)
            for study, name in enumerate(ids)
            if rng.random() < 0.5
            for row in self.rows_of.get(name, [])
        ]
        chosen = torch.tensor([row for row, _ in pairs], dtype=torch.int64)
        return self.tokens.rows(chosen), np.array([study for _, study in pairs], np.int64)


def read_told(encoder: TextEncoder, studies: Studies) -> ToldTexts:
    """Token states of the positive sentences of the studies' reports; they stay in memory."""
    rows_of: dict[str, list[int]] = {}
    texts: list[str] = []
    findings: list[int] = []
    for name, told in zip(studies.ids, studies.told, strict=True):
        for one in told:
            if one.polarity is Polarity.POSITIVE:
                rows_of.setdefault(name, []).append(len(texts))
                texts.append(one.text)
                findings.append(one.finding)
    return ToldTexts(tokenise(encoder, texts, findings), rows_of)

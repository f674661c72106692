"""Embeds the sentence library and its prototypes, folds them and builds the HNSW index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import hnswlib
import numpy as np
import torch

from radscr_edge.contract import Files
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats, Sentence
from radscr_export.model.radscr import RadSCR
from radscr_export.prototypes import PROTOTYPES
from radscr_export.texts import LibraryTexts

EF_CONSTRUCTION = 200
LINKS = 16
"""hnswlib's M: links per element."""


@dataclass(frozen=True, slots=True, eq=False)
class LibraryVectors:
    """The library as the index holds it."""

    sentence: Floats
    """s, (L, d)."""
    prototype: Floats
    """o, (N, K, d)."""
    folded: Floats
    """f = s + alpha1 o, (L, d)."""


@torch.no_grad()
def embed_library(model: RadSCR, library: LibraryTexts, alpha1: float) -> LibraryVectors:
    """Vectors of every sentence, of its prototypes, and the two folded into one (identity 1)."""
    tokens = library.tokens
    said = model.embed(tokens.states.float(), tokens.mask, tokens.findings)
    prototype = library.prototypes(said)
    folded = said + alpha1 * prototype[library.slots]
    shape = (len(FINDINGS), PROTOTYPES, said.shape[1])
    return LibraryVectors(said.numpy(), prototype.numpy().reshape(shape), folded.numpy())


def write_library(folder: Path, sentences: Sequence[Sentence], vectors: LibraryVectors) -> None:
    """Sentence table, vectors and HNSW index; rows without a vector (frames) come last."""
    rows = [asdict(sentence) for sentence in sentences]
    text = json.dumps(rows, indent=1, ensure_ascii=False)
    (folder / Files.SENTENCES).write_text(text + "\n", encoding="utf-8")
    np.savez_compressed(
        folder / Files.VECTORS,
        sentence=vectors.sentence,
        prototype=vectors.prototype,
        folded=vectors.folded,
    )
    index = hnswlib.Index(space="ip", dim=vectors.folded.shape[1])
    index.init_index(
        max_elements=len(vectors.folded), ef_construction=EF_CONSTRUCTION, M=LINKS, random_seed=1
    )
    index.add_items(vectors.folded, np.arange(len(vectors.folded)), num_threads=1)
    index.save_index(str(folder / Files.INDEX))

"""Embeds a sentence library for a bundle, folds sentence and prototype, and builds the index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, TypeVar

import hnswlib
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tqdm import tqdm

from radscr_edge.contract import Files, Tensors
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats, Sentence
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_export.library.prototypes import PROTOTYPES
from radscr_export.text_encoder import BATCH, TextEncoder

EF_CONSTRUCTION: Final = 200
LINKS: Final = 16
"""hnswlib's M: links per element."""
CHUNK: Final = 4096
"""Vectors that are held in memory at once while folding."""
VECTORS: Final = "vectors.f32"
"""Scratch file: vectors as they are made, so that a stopped build goes on where it was."""

T = TypeVar("T")


class Sentences(Protocol):
    """Sentences in a fixed order that can be read as often as is needed."""

    def __len__(self) -> int:
        """How many there are."""

    def __iter__(self) -> Iterator[Sentence]:
        """All of them, from the first."""


def write_library(
    folder: Path,
    sentences: Sentences,
    encoder: TextEncoder,
    alpha1: float,
    scratch: Path,
) -> None:
    """Sentence table, vectors and HNSW index; the written impressions and the like have no vector.

    `folder` holds the sentence graph of the bundle. `sentences` is iterated several times and never
    held whole, and what is embedded in `scratch` is not embedded again.
    """
    composed = [one for one in load_sentences() if one.role is not Role.FINDING]
    _write_table(folder / Files.SENTENCES, sentences, composed)
    path = scratch / VECTORS
    width = _embed(path, sentences, encoder, folder / Files.SENTENCE)
    vectors = np.memmap(path, np.float32, "r", shape=(len(sentences), width))
    slots = np.fromiter((_slot(one) for one in sentences), np.int64, len(sentences))
    prototypes = _prototypes(vectors, slots)
    _write_index(folder / Files.INDEX, (vectors, alpha1 * prototypes), slots)
    shape = (len(FINDINGS), PROTOTYPES, width)
    np.savez(folder / Files.VECTORS, sentence=vectors, prototype=prototypes.reshape(shape))


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of `size`, the last one shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


def _write_table(path: Path, sentences: Sentences, composed: Sequence[Sentence]) -> None:
    """A JSON list, one sentence a line, written as it is read."""
    with path.open("w", encoding="utf-8") as stream:
        mark = "[\n"
        for rows in (sentences, composed):
            for one in rows:
                stream.write(mark + json.dumps(asdict(one), ensure_ascii=False))
                mark = ",\n"
        stream.write("\n]\n")


def _slot(sentence: Sentence) -> int:
    return FINDINGS.index(sentence.finding) * PROTOTYPES + sentence.prototype


def _embed(path: Path, sentences: Sentences, encoder: TextEncoder, graph: Path) -> int:
    """Appends the vectors that `path` lacks, batch by batch; returns their width d."""
    head = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    width = int(head.get_outputs()[0].shape[1])
    done = path.stat().st_size // (4 * width) // BATCH * BATCH if path.is_file() else 0
    with path.open("ab") as stream:
        stream.truncate(done * 4 * width)
        with tqdm(total=len(sentences), initial=done, desc="embedding", unit="sentence") as bar:
            for batch in batches(islice(sentences, done, None), BATCH):
                states, mask = encoder.read([one.text for one in batch])
                about = np.array([FINDINGS.index(one.finding) for one in batch], np.int64)
                inputs = {Tensors.STATES: states, Tensors.MASK: mask, Tensors.ABOUT: about}
                stream.write(head.run([Tensors.VECTORS], inputs)[0].astype(np.float32).tobytes())
                bar.update(len(batch))
    return width


def _prototypes(vectors: Floats, slots: NDArray[np.int64]) -> Floats:
    """o, (N * K, d): the direction of each prototype's sentences; 0 where it has none."""
    total = np.zeros((len(FINDINGS) * PROTOTYPES, vectors.shape[1]), np.float32)
    for start in range(0, len(vectors), CHUNK):
        np.add.at(total, slots[start : start + CHUNK], vectors[start : start + CHUNK])
    length = np.linalg.norm(total, axis=1, keepdims=True)
    directions: Floats = total / np.maximum(length, 1e-12)
    return directions


def _write_index(path: Path, parts: tuple[Floats, Floats], slots: NDArray[np.int64]) -> None:
    """HNSW over f = s + alpha1 o (identity 1), of s (L, d) and alpha1 o (N * K, d)."""
    vectors, prototypes = parts
    index = hnswlib.Index(space="ip", dim=vectors.shape[1])
    index.init_index(
        max_elements=len(vectors), ef_construction=EF_CONSTRUCTION, M=LINKS, random_seed=1
    )
    starts = range(0, len(vectors), CHUNK)
    for start in tqdm(starts, desc="indexing", unit="chunk", disable=len(starts) < 2):
        rows = slice(start, start + CHUNK)
        folded = vectors[rows] + prototypes[slots[rows]]
        index.add_items(folded, np.arange(start, start + len(folded)), num_threads=1)
    index.save_index(str(path))

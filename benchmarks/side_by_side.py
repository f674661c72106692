"""What the method's identities buy: each trick and its plain form in turns, in one process.

Run it on a quiet machine: `python benchmarks/side_by_side.py [BUNDLE]`. Prints a table in Markdown.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from radscr_edge.contract import Bundle
from radscr_edge.imaging.jpeg2000 import decode_reduced, levels_to_skip
from radscr_edge.ontology import FINDINGS
from radscr_runtime.library import ExactSearch, open_library
from radscr_runtime.networks import OnnxNetworks, Rows

TURNS = 15
HYPOTHESES = 8
ALTERNATIVES = 4
SEED = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """One trick and what it replaces; the same answer, or one whose error the tests bound."""

    name: str
    plain: Callable[[], object]
    ours: Callable[[], object]


def main() -> None:
    """Prints medians in ms and their ratio."""
    bundle = Bundle.open(sys.argv[1] if len(sys.argv) > 1 else "models/default")
    print("| trick | plain ms | ours ms | plain / ours |\n|---|---|---|---|")
    for pair in (proposals(bundle), folding(bundle), index(bundle), int8(bundle), jpeg2000()):
        plain, ours = medians(pair)
        print(f"| {pair.name} | {plain:.2f} | {ours:.2f} | {plain / ours:.1f} |")


def medians(pair: Pair) -> tuple[float, float]:
    """Median ms of both, measured in turns so that a busy moment meets both."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(TURNS + 1):
        for kept, run in zip(times, (pair.plain, pair.ours), strict=True):
            begun = time.perf_counter()
            run()
            if turn:  # the first turn warms up
                kept.append(1000 * (time.perf_counter() - begun))
    return float(np.median(times[0])), float(np.median(times[1]))


def proposals(bundle: Bundle) -> Pair:
    """Identity 3: all rows of a study in one PropEncoder call, against a call for each."""
    networks = OnnxNetworks(bundle, next(iter(bundle.variants)), threads=1)
    rng = np.random.default_rng(SEED)
    count, patches = HYPOTHESES * (1 + ALTERNATIVES) + 1, bundle.shapes.side**2
    grids = rng.normal(size=(3, patches, bundle.shapes.feature_width)).astype(np.float32)
    grid_of_row = rng.integers(3, size=count)
    regions = (rng.random((count, patches)) < 0.1).astype(np.float32)
    concepts = np.eye(len(FINDINGS) + 1, dtype=np.float32)[rng.integers(len(FINDINGS), size=count)]

    def one(row: int) -> Rows:
        grid = grids[grid_of_row[row]][None]
        return Rows(grid, np.zeros(1, np.int64), regions[[row]], concepts[[row]])

    return Pair(
        f"one PropEncoder call for {count} rows, against one a row",
        lambda: [networks.propose(one(row)) for row in range(count)],
        lambda: networks.propose(Rows(grids, grid_of_row, regions, concepts)),
    )


def folding(bundle: Bundle) -> Pair:
    """Identity 1: one product with the folded query, against the four terms of the score."""
    library = open_library(bundle)
    folded, settings = library.folded, bundle.settings
    alpha1, alpha2 = settings.alpha1, settings.alpha2
    vectors = _unit(np.random.default_rng(SEED), 1 + ALTERNATIVES, bundle.shapes.vector_width)
    slots = np.array([(FINDINGS.index(s.finding), s.prototype) for s in library.sentences]).T
    prototypes = library.prototypes[slots[0], slots[1]]

    def four_terms() -> np.ndarray:
        terms = [library.vectors @ v + alpha1 * (prototypes @ v) for v in vectors]
        return np.argsort(-(terms[0] - alpha2 * (terms[1] + terms[2] + terms[3] + terms[4]) / 2))

    def one_query() -> np.ndarray:
        query = vectors[0] - alpha2 * (vectors[1:3].mean(0) + vectors[3:5].mean(0))
        return np.argsort(-(folded @ query))

    return Pair(f"folded critiques over {len(folded)} sentences", four_terms, one_query)


def index(bundle: Bundle) -> Pair:
    """The HNSW index against exact search at 100,000 vectors of the bundle's width."""
    import hnswlib  # noqa: PLC0415  the extra 'hnsw'

    rng = np.random.default_rng(SEED)
    vectors = _unit(rng, 100_000, bundle.shapes.vector_width)
    graph = hnswlib.Index(space="ip", dim=vectors.shape[1])
    graph.init_index(max_elements=len(vectors), ef_construction=100, M=16)
    graph.add_items(vectors)
    graph.set_ef(200)
    graph.set_num_threads(1)
    query, rows = vectors[0], np.arange(len(vectors))
    exact = ExactSearch(vectors)
    return Pair(
        "HNSW over 100,000 random sentences, ef 200, against exact search",
        lambda: exact.best(query, 10, rows),
        lambda: graph.knn_query(query, k=10),
    )


def int8(bundle: Bundle) -> Pair:
    """The encoder in dynamic int8 against float32; some processors are faster in float32."""
    rng = np.random.default_rng(SEED)
    size = bundle.shapes.image_size
    image = rng.integers(256, size=(1, 1, size, size), dtype=np.uint8)
    both = [OnnxNetworks(bundle, variant, threads=1) for variant in ("fp32", "int8")]
    return Pair("int8 encoder, against fp32", *(lambda n=n: n.see(image) for n in both))


def jpeg2000() -> Pair:
    """A 3000 x 3000 film in JPEG 2000 at a quarter of its resolution, against all of it."""
    ramp = np.add.outer(np.arange(3000), np.arange(3000)) * 10
    noise = np.random.default_rng(SEED).integers(512, size=ramp.shape)
    stream = io.BytesIO()
    Image.fromarray((ramp + noise).astype(np.uint16)).save(stream, "JPEG2000", irreversible=False)
    raw = stream.getvalue()
    return Pair(
        "JPEG 2000 of 3000 x 3000 at the resolution that is needed, against all of it",
        lambda: decode_reduced(raw, 0),
        lambda: decode_reduced(raw, levels_to_skip(3000, 3000)),
    )


def _unit(rng: np.random.Generator, count: int, width: int) -> np.ndarray:
    vectors = rng.normal(size=(count, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


if __name__ == "__main__":
    main()

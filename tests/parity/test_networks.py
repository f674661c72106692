"""Every head says the same in torch, in ONNX and in int8, to the tolerance beside it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from radscr_edge.contract import Bundle
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Bytes, Floats, Grid
from radscr_runtime.networks import OnnxNetworks, Rows

TOLERANCES = {
    ("features", "torch"): 1e-5,
    ("features", "fp32"): 1e-4,
    ("features", "int8"): 0.15,
    ("logits", "torch"): 1e-5,
    ("logits", "fp32"): 1e-4,
    ("logits", "int8"): 0.3,
    ("saliency", "torch"): 3e-5,
    ("saliency", "fp32"): 1e-4,
    ("saliency", "int8"): 0.8,
    ("vectors", "torch"): 1e-6,
    ("vectors", "fp32"): 1e-5,
    ("vectors", "int8"): 0.05,
}
"""Largest absolute difference from torch, one film at a time in float32."""

See = Callable[[Bytes], dict[str, Floats]]


@pytest.mark.parametrize(("head", "variant"), TOLERANCES)
def test_a_head_agrees_with_torch(head: str, variant: str, exported, images: Bytes) -> None:
    see = {"torch": in_a_batch(exported, images)}.get(variant) or in_onnx(exported, variant)

    found = np.stack([see(image)[head] for image in images])

    expected = np.stack([alone(exported)(image)[head] for image in images])
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= TOLERANCES[head, variant]


def test_the_heads_of_different_films_differ_by_more_than_the_tolerances(
    exported, images: Bytes
) -> None:
    seen = [alone(exported)(image) for image in images]

    for head in ("features", "logits", "saliency", "vectors"):
        table = np.stack([one[head] for one in seen])
        assert np.ptp(table, axis=0).max() > 2 * TOLERANCES[head, "int8"], head


@torch.no_grad()
def propose_in_torch(exported, grid: Grid) -> Floats:
    rows = rows_of(grid)
    arrays = (rows.grids, rows.grid_of_row, rows.regions, rows.concepts)
    return exported.model.heads.propose(*map(torch.from_numpy, arrays)).numpy()


def rows_of(grid: Grid) -> Rows:
    """A proposal, an alternative by concept, one by image (the film upside down), and C_Neg."""
    patches, n = len(grid.features), len(FINDINGS)
    half = (np.arange(patches) % 4 < 2).astype(np.float32)
    concepts = np.zeros((4, n + 1), np.float32)
    concepts[[0, 1, 2], [1, 5, 1]] = 1
    concepts[3, :-1] = 1 / n
    return Rows(
        grids=np.stack([grid.features, grid.features[::-1]]),
        grid_of_row=np.array([0, 0, 1, 0], np.int64),
        regions=np.stack([half, half, half, np.ones_like(half)]),
        concepts=concepts,
    )


def alone(exported) -> See:
    @torch.no_grad()
    def see(image: Bytes) -> dict[str, Floats]:
        seen = [one[0].numpy() for one in exported.model.see(torch.from_numpy(image))]
        return heads(Grid(*seen), propose_in_torch(exported, Grid(*seen)))

    return see


def in_a_batch(exported, images: Bytes) -> See:
    """As training computes: among other films."""

    @torch.no_grad()
    def see(image: Bytes) -> dict[str, Floats]:
        batch = torch.from_numpy(np.concatenate([image, *images]))
        seen = [one[0].numpy() for one in exported.model.see(batch)]
        return heads(Grid(*seen), propose_in_torch(exported, Grid(*seen)))

    return see


def in_onnx(exported, variant: str) -> See:
    networks = OnnxNetworks(exported.bundle, variant, threads=1)

    def see(image: Bytes) -> dict[str, Floats]:
        grid = networks.see(image)
        return heads(grid, networks.propose(rows_of(grid)))

    return see


def heads(grid: Grid, vectors: Floats) -> dict[str, Floats]:
    return {
        "features": grid.features,
        "logits": grid.logits,
        "saliency": grid.saliency,
        "vectors": vectors,
    }


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_proposal_graph_takes_any_number_of_rows(count: int, exported, images: Bytes) -> None:
    networks = OnnxNetworks(exported.bundle, "fp32", threads=1)
    rows = rows_of(networks.see(images[0]))
    chosen = np.arange(count) % 4
    some = Rows(rows.grids, rows.grid_of_row[chosen], rows.regions[chosen], rows.concepts[chosen])

    vectors = networks.propose(some)

    np.testing.assert_allclose(vectors, networks.propose(rows)[chosen], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


SHIPPED_INT8 = {"logits": 0.25, "features": 0.3}
"""Largest difference of the shipped int8 network from the fp32 one on the golden images."""


@pytest.fixture(scope="module")
def golden(bundle_folder) -> dict[str, np.ndarray]:
    with np.load(bundle_folder / "golden.npz") as stored:
        return dict(stored)


@pytest.mark.parametrize("head", SHIPPED_INT8)
def test_the_shipped_int8_network_agrees_with_the_fp32_one(
    head: str, bundle_folder, golden: dict[str, np.ndarray]
) -> None:
    bundle = Bundle.open(bundle_folder)
    int8, fp32 = (OnnxNetworks(bundle, name, threads=1) for name in ("int8", "fp32"))

    for image in golden["image"]:
        difference = getattr(int8.see(image[None]), head) - getattr(fp32.see(image[None]), head)
        assert np.abs(difference).max() <= SHIPPED_INT8[head]


@pytest.mark.parametrize("variant", ["int8", "fp32"])
def test_the_shipped_networks_replay_their_golden_logits(variant: str, bundle_folder) -> None:
    replay = OnnxNetworks(Bundle.open(bundle_folder), variant, threads=1).replay()

    assert replay.good
    assert replay.tolerance <= 0.25


def test_the_golden_images_are_told_apart_by_more_than_their_tolerance(
    golden: dict[str, np.ndarray], bundle_folder
) -> None:
    for name, variant in Bundle.open(bundle_folder).variants.items():
        assert np.ptp(golden[f"logits.{name}"], axis=0).max() > variant.tolerance

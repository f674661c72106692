"""The wide path sees edges and greys, learns from them, and joins the network's logits."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from radscr_edge.contract import Bundle, Files, Tensors
from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_export.data.labels import State
from radscr_export.data.training_set import Studies, load_studies
from radscr_export.model.wide import CELLS, GREYS, ORIENTATIONS, SHRINK, WideFeatures, WidePath
from radscr_export.widen import PREFIX, fit_wide, has_wide_path, widen

SIZE = 64
FINDING = FINDINGS.index("pleural effusion")


@pytest.fixture
def studies(pack: Path) -> Studies:
    return load_studies(pack, "train", SIZE)


@pytest.fixture
def spotted(studies: Studies) -> Studies:
    """Noise films; those that show an effusion are brighter in one corner."""
    rng = np.random.default_rng(0)
    images = rng.integers(90, 110, studies.images.shape, dtype=np.uint8)
    states = np.full_like(studies.states, State.NEGATIVE)
    states[::2, FINDING] = State.POSITIVE
    images[::2, -16:, -16:] += 60
    return replace(studies, images=images, states=states)


def edges_of(image: np.ndarray, block: int) -> np.ndarray:
    """Edges by orientation and cell, (ORIENTATIONS, side, side)."""
    side = SIZE // SHRINK // CELLS[block]
    blocks = WideFeatures()(torch.from_numpy(image[None, None]))
    return blocks[1 + block].numpy().reshape(ORIENTATIONS, side, side)


@pytest.mark.parametrize(("upright", "orientation"), [(True, 0), (False, ORIENTATIONS // 2)])
def test_a_straight_edge_is_counted_for_its_own_orientation(
    upright: bool, orientation: int
) -> None:
    image = np.zeros((SIZE, SIZE), np.uint8)
    image[:, SIZE // 2 :] = 200

    counted = edges_of(image if upright else image.T.copy(), 0).sum(axis=(1, 2))

    assert abs(int(counted.argmax()) - orientation) <= (0 if upright else 1)
    assert counted.max() > 0.9 * counted.sum() / (1 if upright else 2)


def test_contrast_does_not_change_how_edges_are_counted() -> None:
    rng = np.random.default_rng(1)
    faint = rng.integers(0, 100, (SIZE, SIZE)).astype(np.uint8)

    np.testing.assert_allclose(edges_of(faint, 0), edges_of(2 * faint, 0), atol=0.02)


def test_greys_are_means_of_squares() -> None:
    image = np.arange(SIZE * SIZE, dtype=np.uint8).reshape(SIZE, SIZE)
    square = SHRINK * GREYS

    greys = WideFeatures()(torch.from_numpy(image[None, None]))[0][0]

    assert float(greys[1]) == pytest.approx(image[:square, square : 2 * square].mean() / 255)


def test_what_is_bright_where_a_finding_was_coded_raises_its_logit(spotted: Studies) -> None:
    path = fit_wide(spotted)

    logits = path(torch.from_numpy(spotted.images[:, None]))[:, FINDING].numpy()

    assert logits[::2].min() > logits[1::2].max()


def test_a_finding_of_one_data_set_only_is_not_learned_from_the_look_of_the_set(
    spotted: Studies,
) -> None:
    states = np.full_like(spotted.states, State.NEGATIVE)
    states[spotted.source == 0, FINDING] = State.POSITIVE
    images = spotted.images.copy()
    images[spotted.source == 0] += 60

    path = fit_wide(replace(spotted, states=states, images=images))

    assert float(path.weight[FINDING].abs().max()) < 1e-6


def test_a_finding_with_too_few_positives_gets_no_wide_path(spotted: Studies) -> None:
    path = fit_wide(spotted)

    others = [index for index in range(len(FINDINGS)) if index != FINDING]
    assert not path.weight[others].any()
    assert not path.bias[others].any()


def test_the_joined_graph_adds_both_logits_and_changes_nothing_else(
    tiny_bundle: Bundle, tmp_path: Path, studies: Studies
) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(tiny_bundle.folder, folder)
    without = _without_wide_path(folder)
    rng = np.random.default_rng(0)
    fitted = fit_wide(studies)
    weight = torch.from_numpy(rng.normal(size=fitted.weight.shape).astype(np.float32))
    path = WidePath(weight, torch.ones(len(FINDINGS)))
    image = studies.images[:1, None]

    before = {name: _run(folder / name, image) for name in without}
    widen(folder, path, SIZE)
    after = {name: _run(folder / name, image) for name in without}

    wide = path(torch.from_numpy(image))[0].numpy()
    for name in without:
        np.testing.assert_allclose(after[name][1], before[name][1] + wide, atol=1e-3)
        np.testing.assert_array_equal(after[name][0], before[name][0])
        np.testing.assert_array_equal(after[name][2], before[name][2])


def test_a_built_bundle_has_a_wide_path_and_gets_no_second_one(
    tiny_bundle: Bundle, studies: Studies
) -> None:
    graphs = [tiny_bundle.path(name) for name in Files.VISION.values()]

    assert all(has_wide_path(graph) for graph in graphs)
    with pytest.raises(TrainingError, match="has a wide path already"):
        widen(tiny_bundle.folder, fit_wide(studies), SIZE)


def _run(graph: Path, image: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    names = [Tensors.FEATURES, Tensors.LOGITS, Tensors.SALIENCY]
    found: list[np.ndarray] = session.run(names, {Tensors.IMAGE: image})
    return found


def _without_wide_path(folder: Path) -> list[str]:
    """Gives the network's own logits their name back; returns the names of the graphs."""
    names = list(Files.VISION.values())
    for name in names:
        model = onnx.load(folder / name)
        own = [node for node in model.graph.node if not node.name.startswith(PREFIX)]
        weights = [one for one in model.graph.initializer if not one.name.startswith(PREFIX)]
        del model.graph.node[:], model.graph.initializer[:]
        model.graph.node.extend(own)
        model.graph.initializer.extend(weights)
        for node in model.graph.node:
            for place, end in enumerate(node.output):
                node.output[place] = Tensors.LOGITS if end == "deep/logits" else end
        onnx.save(model, folder / name)
    return names

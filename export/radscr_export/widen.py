"""Fits the wide path on the training films and joins it to the vision graphs of a bundle."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import compose, helper
from scipy.linalg import cho_factor, cho_solve  # type: ignore[import-untyped]
from tqdm import tqdm

from radscr_edge.contract import Files, Tensors
from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats, Mask
from radscr_export.data.labels import State
from radscr_export.data.training_set import Studies
from radscr_export.model.wide import WideFeatures, WidePath
from radscr_export.to_onnx import write_wide

PENALTY: Final = 9.0
"""Ridge penalty, for blocks of features of mean square length 1; chosen on validation films."""
FEWEST: Final = 20
"""Positives without which a finding gets no wide path."""
FLATTEST: Final = 0.05
"""Least slope of the probability, which would else make large logits of rare findings."""
BATCH: Final = 64
PREFIX: Final = "wide/"
DEEP: Final = "deep/logits"


def fit_wide(studies: Studies, penalty: float = PENALTY) -> WidePath:
    """A ridge regression for every finding, on all films whose state is known.

    What is learned is the deviation from the prevalence in a film's own source, so that the path
    cannot score by telling data sets, projections or drawings apart; probabilities become logits by
    their slope at the prevalence.
    """
    blocks = _features(studies)
    centre = np.concatenate([block.mean(axis=0) for block in blocks])
    scale = np.concatenate([np.full(block.shape[1], _length(block)) for block in blocks])
    films = (np.concatenate(blocks, axis=1) - centre) / scale
    weight = np.zeros((len(FINDINGS), films.shape[1]), np.float32)
    kernel = films @ films.T
    for index in tqdm(range(len(FINDINGS)), desc="wide path", unit="finding"):
        known = np.flatnonzero(studies.states[:, index] != State.UNKNOWN)
        truth = studies.states[known, index] == State.POSITIVE
        if truth.sum() >= FEWEST and not truth.all():
            residual = _residual(truth, studies.source[known])
            factor = cho_factor(kernel[np.ix_(known, known)] + penalty * np.eye(len(known)))
            slope = max(FLATTEST, truth.mean() * (1 - truth.mean()))
            weight[index] = films[known].T @ cho_solve(factor, residual) / slope
    weight /= scale
    bias = -weight @ centre
    return WidePath(torch.from_numpy(weight), torch.from_numpy(bias.astype(np.float32)))


def widen(folder: Path, path: WidePath, image_size: int) -> None:
    """Adds the logits of the wide path to those of every vision graph in `folder`.

    Raises TrainingError where a graph has a wide path already.
    """
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "wide.onnx"
        write_wide(path, image_size, source)
        wide = compose.add_prefix(onnx.load(source), PREFIX)
    for name in Files.VISION.values():
        target = folder / name
        onnx.save(_joined(onnx.load(target), wide, target), target)
        onnx.checker.check_model(str(target), full_check=True)


def has_wide_path(graph: Path) -> bool:
    """Whether a vision graph was widened."""
    return _is_widened(onnx.load(graph))


def _is_widened(model: onnx.ModelProto) -> bool:
    return any(node.name.startswith(PREFIX) for node in model.graph.node)


def _joined(deep: onnx.ModelProto, wide: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """Both graphs on one image, their logits summed."""
    if _is_widened(deep):
        raise TrainingError(f"{path.name} has a wide path already. Build the bundle anew.")
    _rename(deep.graph.node, {Tensors.LOGITS: DEEP})
    _rename(wide.graph.node, {PREFIX + Tensors.IMAGE: Tensors.IMAGE})
    total = helper.make_node(
        "Add", [DEEP, PREFIX + Tensors.LOGITS], [Tensors.LOGITS], name=f"{PREFIX}sum"
    )
    deep.graph.node.extend([*wide.graph.node, total])
    deep.graph.initializer.extend(wide.graph.initializer)
    return deep


def _rename(nodes: Any, names: Mapping[str, str]) -> None:
    for node in nodes:
        for ends in (node.input, node.output):
            for place, name in enumerate(ends):
                ends[place] = names.get(name, name)


def _features(studies: Studies) -> list[Floats]:
    network = WideFeatures()
    starts = range(0, len(studies.ids), BATCH)
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(studies.images[start : start + BATCH, None]))
            for start in tqdm(starts, desc="edges", unit="batch")
        ]
    return [torch.cat(block).numpy() for block in zip(*parts, strict=True)]


def _length(block: Floats) -> float:
    """Root mean square length of the films' deviations from the mean film."""
    return float(np.sqrt(((block - block.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _residual(truth: Mask, source: NDArray[np.int64]) -> NDArray[np.float64]:
    residual = truth.astype(np.float64)
    for one in np.unique(source):
        residual[source == one] -= truth[source == one].mean()
    return residual

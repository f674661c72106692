"""Writes the two graphs of a bundle: vision (image -> V, logits, W), proposal (rows -> vectors)."""

from __future__ import annotations

import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from radscr_edge.contract import Files, Tensors
from radscr_edge.ontology import FINDINGS
from radscr_edge.patches import STRIDE
from radscr_export.model.radscr import RadSCR

OPSET = 20


class VisionGraph(nn.Module):
    """One 8-bit radiograph in; V (P, D), logits (N,) and W (N, P) out, in a single pass."""

    def __init__(self, model: RadSCR) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """`image` is (1, 1, S, S) uint8."""
        features, logits, saliency = self.model.see(image)
        return features[0], logits[0], saliency[0]


class ProposalGraph(nn.Module):
    """PropEncoder with the concept bank inside: every row of a study in one call."""

    def __init__(self, model: RadSCR) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, grids: Tensor, grid_of_row: Tensor, regions: Tensor, concepts: Tensor
    ) -> Tensor:
        """(R, d) of unit length; shapes as in contract.Tensors."""
        return self.model.propose(grids, grid_of_row, regions, concepts)


def write_graphs(model: RadSCR, image_size: int, folder: Path) -> None:
    """Writes the fp32 vision graph and the proposal graph, each one self-contained file."""
    model = model.float().cpu().eval()
    image = torch.zeros(1, 1, image_size, image_size, dtype=torch.uint8)
    names = [Tensors.FEATURES, Tensors.LOGITS, Tensors.SALIENCY]
    _export(
        VisionGraph(model), (image,), ([Tensors.IMAGE], names), None, folder / Files.VISION["fp32"]
    )
    patches = (image_size // STRIDE) ** 2
    width = model.classifier.linear.in_features
    rows = torch.export.Dim("rows", min=1, max=4096)
    grids = torch.export.Dim("grids", min=1, max=4096)
    example = (
        torch.zeros(3, patches, width),
        torch.zeros(5, dtype=torch.int64),
        torch.ones(5, patches),
        torch.ones(5, len(FINDINGS) + 1),
    )
    inputs = [Tensors.GRIDS, Tensors.GRID_OF_ROW, Tensors.REGIONS, Tensors.CONCEPTS]
    shapes = ({0: grids}, {0: rows}, {0: rows}, {0: rows})
    _export(
        ProposalGraph(model), example, (inputs, [Tensors.VECTORS]), shapes, folder / Files.PROPOSAL
    )


def _export(
    graph: nn.Module,
    example: tuple[Tensor, ...],
    names: tuple[list[str], list[str]],
    shapes: tuple[dict[int, torch.export.Dim], ...] | None,
    path: Path,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals
        program = torch.onnx.export(
            graph.eval(),
            example,
            input_names=names[0],
            output_names=names[1],
            dynamic_shapes=shapes,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError(f"torch.onnx.export returned nothing for {path.name}")
    program.save(str(path), external_data=False)
    onnx.checker.check_model(str(path), full_check=True)

"""Writes the graphs of a bundle: vision (image -> V, logits, W), proposal and sentence heads."""

from __future__ import annotations

import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from radscr_edge.contract import Files, Tensors
from radscr_edge.ontology import FINDINGS
from radscr_export.model.radscr import Heads, RadSCR
from radscr_export.model.wide import WidePath

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

    def __init__(self, heads: Heads) -> None:
        super().__init__()
        self.heads = heads

    def forward(
        self, grids: Tensor, grid_of_row: Tensor, regions: Tensor, concepts: Tensor
    ) -> Tensor:
        """(R, d) of unit length; shapes as in contract.Tensors."""
        return self.heads.propose(grids, grid_of_row, regions, concepts)


class SentenceGraph(nn.Module):
    """Sentence head with the concept bank inside: a library can be embedded without torch's run."""

    def __init__(self, heads: Heads) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, states: Tensor, mask: Tensor, about: Tensor) -> Tensor:
        """(B, d) of unit length; shapes as in contract.Tensors."""
        return self.heads.embed(states, mask, about)


def write_graphs(model: RadSCR, image_size: int, folder: Path) -> None:
    """Writes the fp32 vision graph and the graphs of the heads, each one self-contained file."""
    model = model.float().cpu().eval()
    image = torch.zeros(1, 1, image_size, image_size, dtype=torch.uint8)
    names = [Tensors.FEATURES, Tensors.LOGITS, Tensors.SALIENCY]
    _export(
        VisionGraph(model), (image,), ([Tensors.IMAGE], names), None, folder / Files.VISION["fp32"]
    )
    write_heads(model.heads, folder)


def write_wide(path: WidePath, image_size: int, target: Path) -> None:
    """Writes the wide path: one 8-bit radiograph in, its share of the logits (N,) out."""
    image = torch.zeros(1, 1, image_size, image_size, dtype=torch.uint8)
    graph = nn.Sequential(path, nn.Flatten(0))
    _export(graph, (image,), ([Tensors.IMAGE], [Tensors.LOGITS]), None, target)


def write_heads(heads: Heads, folder: Path) -> None:
    """Writes the proposal graph and the sentence graph."""
    write_proposal_graph(heads, folder / Files.PROPOSAL)
    _write_sentence_graph(heads, folder / Files.SENTENCE)


def write_proposal_graph(heads: Heads, target: Path) -> None:
    """Writes PropEncoder with the concepts: all of the heads that reading a study needs."""
    heads = heads.float().cpu().eval()
    patches = heads.prop_encoder.rows.shape[0] ** 2
    width = heads.prop_encoder.from_features.in_features
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
    _export(ProposalGraph(heads), example, (inputs, [Tensors.VECTORS]), shapes, target)


def _write_sentence_graph(heads: Heads, path: Path) -> None:
    heads = heads.float().cpu().eval()
    sentences = torch.export.Dim("sentences", min=1, max=4096)
    tokens = torch.export.Dim("tokens", min=2, max=512)
    example = (
        torch.zeros(3, 7, heads.sentence_head.tokens.in_features),
        torch.ones(3, 7, dtype=torch.bool),
        torch.zeros(3, dtype=torch.int64),
    )
    inputs = [Tensors.STATES, Tensors.MASK, Tensors.ABOUT]
    shapes = ({0: sentences, 1: tokens}, {0: sentences, 1: tokens}, {0: sentences})
    _export(SentenceGraph(heads), example, (inputs, [Tensors.VECTORS]), shapes, path)


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

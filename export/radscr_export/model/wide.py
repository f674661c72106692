"""The wide path: a linear model on pixels and edges, whose logits are added to the network's."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

ORIENTATIONS = 9
SHRINK = 2
"""Edges are taken of the film at half its side: 128 pixels for one of 256."""
CELLS = (16, 4)
"""Sides of the cells that edges are counted in, in pixels of the smaller film."""
GREYS = 4
"""Side of the squares of which the mean grey is taken."""
STEEPNESS = math.cos(math.radians(20))
"""An edge counts for an orientation when it is turned less than 20 degrees away from it."""
FAINT = 1.0
"""Contrast (in grey levels a pixel) under which a cell counts as empty."""


class WideFeatures(nn.Module):
    """Mean greys and histograms of oriented gradients (Dalal & Triggs, CVPR 2005) of a radiograph.

    A film is aligned well enough for a linear model to know what is normal at every place, and four
    thousand films teach it more than they teach a network: both together are better than either.
    """

    def __init__(self) -> None:
        super().__init__()
        slope = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
        self.register_buffer("slopes", torch.stack([slope, slope.T]).unsqueeze(1))
        angles = torch.arange(ORIENTATIONS) * (math.pi / ORIENTATIONS)
        turns = torch.stack([torch.cos(angles), torch.sin(angles)], dim=1)
        self.register_buffer("turns", turns[:, :, None, None])

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """One (B, F) block of greys and one of edges for each of CELLS, of images (B, 1, S, S)."""
        film = F.avg_pool2d(image.float(), SHRINK)
        greys = F.avg_pool2d(film, GREYS) / 255.0
        edges = self._edges(film)
        blocks = [greys, *(self._histogram(edges, cell) for cell in CELLS)]
        return tuple(block.flatten(1) for block in blocks)

    def _edges(self, film: Tensor) -> Tensor:
        """Gradient strength by orientation, (B, ORIENTATIONS, S / SHRINK, S / SHRINK)."""
        padded = F.pad(film, (1, 1, 1, 1), mode="replicate")
        gradient = F.conv2d(padded, self.get_buffer("slopes"))
        strength = torch.sqrt((gradient**2).sum(dim=1, keepdim=True) + 1e-6)
        along = F.conv2d(gradient, self.get_buffer("turns")).abs()
        return F.relu(along - STEEPNESS * strength) / (1 - STEEPNESS)

    def _histogram(self, edges: Tensor, cell: int) -> Tensor:
        """Edges counted by cell, relative to what is around each cell."""
        counts = F.avg_pool2d(edges, cell)
        around = F.avg_pool2d(counts**2, 3, 1, 1, count_include_pad=False)
        return counts / torch.sqrt(around.sum(dim=1, keepdim=True) + FAINT / cell)


class WidePath(nn.Module):
    """Logits that are linear in WideFeatures."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        """`weight` (N, F) over all blocks of features in their order, `bias` (N,)."""
        super().__init__()
        self.features = WideFeatures()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, image: Tensor) -> Tensor:
        """(B, N) logits of 8-bit images (B, 1, S, S)."""
        features = torch.cat(self.features(image), dim=1)
        return F.linear(features, self.get_buffer("weight"), self.get_buffer("bias"))

"""PropEncoder: (V, B_m, E_m) -> P_m, and by other inputs every critique C_Abn, C_Img, C_Neg."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class PropEncoder(nn.Module):
    """FFN(V + F_m), pooled to one vector of unit length.

    F_m holds concept E_m on the patches of B_m and the background concept elsewhere, plus a learned
    position of each patch's row and column, so that the pooled vector knows sides. The FFN's first
    layer is split into a part for V and one for F_m (the same product, without repeating V for
    every row), and its last layer is applied after pooling, which commutes with a linear map.
    """

    def __init__(
        self, side: int, feature_width: int, concept_width: int, vector_width: int
    ) -> None:
        super().__init__()
        self.rows = nn.Parameter(0.02 * torch.randn(side, 1, concept_width))
        self.columns = nn.Parameter(0.02 * torch.randn(1, side, concept_width))
        self.from_features = nn.Linear(feature_width, vector_width)
        self.from_concepts = nn.Linear(concept_width, vector_width, bias=False)
        self.out = nn.Linear(vector_width, vector_width)

    def forward(
        self, features: Tensor, grid_of_row: Tensor, regions: Tensor, concepts: Tensor, bank: Tensor
    ) -> Tensor:
        """(R, d) of unit length.

        `features` (G, P, D) are the distinct grids, `grid_of_row` (R,) picks one for each row,
        `regions` (R, P) in [0, 1] is B, `concepts` (R, N + 1) weighs the concept `bank` E (N + 1,
        D_e) whose last row is the background.
        """
        position = self._position(round(features.shape[1] ** 0.5))
        inside = self.from_concepts(concepts @ bank).unsqueeze(1)
        outside = self.from_concepts(bank[-1:]).unsqueeze(0)
        covered = regions.unsqueeze(-1)
        spatial = covered * inside + (1 - covered) * outside + self.from_concepts(position)
        hidden = F.gelu(self.from_features(features)[grid_of_row] + spatial)
        share = regions / regions.sum(dim=1, keepdim=True).clamp_min(1e-6)
        weights = share + 1.0 / regions.shape[1]
        pooled = (weights.unsqueeze(1) @ hidden).squeeze(1)
        return F.normalize(self.out(pooled), dim=-1)

    def of_hard_regions(
        self, features: Tensor, grid_of_row: Tensor, regions: Tensor, concepts: Tensor, bank: Tensor
    ) -> Tensor:
        """What `forward` gives of `regions` of 0 and 1, which get no gradient here.

        Outside its region a row is like every other row of its grid, so that only covered patches
        are computed row by row: several times cheaper.
        """
        patches = features.shape[1]
        position = self._position(round(patches**0.5))
        free = self.from_features(features) + self.from_concepts(position)
        outside = F.gelu(free + self.from_concepts(bank[-1]))
        row, patch = regions.nonzero(as_tuple=True)
        place = grid_of_row[row] * patches + patch
        own = self.from_concepts(concepts @ bank).index_select(0, row)
        inside = F.gelu(free.flatten(0, 1).index_select(0, place) + own)
        weight = 1.0 / regions.sum(dim=1)[row] + 1.0 / patches
        gained = inside * weight.unsqueeze(-1)
        gained = gained - outside.flatten(0, 1).index_select(0, place) / patches
        pooled = outside.mean(dim=1)[grid_of_row].index_add(0, row, gained)
        return F.normalize(self.out(pooled), dim=-1)

    def _position(self, side: int) -> Tensor:
        """(P, D_e) of a grid of that side; made smaller for the smaller images of early phases."""
        position = self.rows + self.columns
        if side != len(position):
            maps = position.permute(2, 0, 1).unsqueeze(0)
            position = F.interpolate(maps, size=(side, side), mode="bilinear")[0].permute(1, 2, 0)
        return position.flatten(0, 1)

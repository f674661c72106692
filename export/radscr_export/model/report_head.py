"""What a film's own report teaches the encoder: one vector of each, close for a pair that belongs.

Trained beside the classifier and never exported.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class ReportHead(nn.Module):
    """A linear map from the mean of V to the space of the frozen text encoder."""

    def __init__(self, feature_width: int, text_width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(feature_width, text_width)

    def forward(self, features: Tensor) -> Tensor:
        """(B, text_width) of unit length, of V (B, P, D)."""
        return F.normalize(self.linear(features.mean(dim=1)), dim=-1)

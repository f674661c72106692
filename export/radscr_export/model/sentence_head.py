"""Sentence vectors: token states -> cross-attention with E_m -> self-attention pooling -> s_(m)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class SentenceHead(nn.Module):
    """One vector per (sentence, abnormality) over a frozen text encoder's token states."""

    def __init__(self, text_width: int, concept_width: int, vector_width: int) -> None:
        super().__init__()
        self.tokens = nn.Linear(text_width, vector_width)
        self.cross = nn.MultiheadAttention(
            vector_width, 4, kdim=concept_width, vdim=concept_width, batch_first=True
        )
        self.norm = nn.LayerNorm(vector_width)
        self.score = nn.Sequential(nn.Linear(vector_width, 64), nn.Tanh(), nn.Linear(64, 1))
        self.out = nn.Linear(vector_width, vector_width)

    def forward(self, states: Tensor, mask: Tensor, concepts: Tensor, background: Tensor) -> Tensor:
        """s, (B, d) of unit length.

        `states` (B, T, width) and `mask` (B, T) come from the text encoder, `concepts` (B, D_e) is
        E_m of each sentence's abnormality, `background` (D_e,) the concept it is weighed against.
        """
        tokens = self.tokens(states)
        keys = concepts.unsqueeze(1)
        keys = F.pad(keys, (0, 0, 0, 1)) + F.pad(background.expand_as(keys), (0, 0, 1, 0))
        attended, _ = self.cross(tokens, keys, keys, need_weights=False)
        tokens = self.norm(tokens + attended)
        weights = self.score(tokens).squeeze(-1).masked_fill(~mask, float("-inf")).softmax(dim=1)
        pooled = (weights.unsqueeze(1) @ tokens).squeeze(1)
        return F.normalize(self.out(pooled), dim=-1)

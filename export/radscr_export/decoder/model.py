"""The decoder in torch: Phi-3's architecture, small, with a tokenizer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import Phi3Config, Phi3ForCausalLM

from radscr_runtime.decoders.question import DROP, KEEP


@dataclass(frozen=True, slots=True)
class Size:
    """Dimensions of a model."""

    width: int = 320
    feed_forward: int = 768
    layers: int = 5
    heads: int = 5
    """Each holds whole blocks of a quantised KV."""


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """Hidden states of a batch of prompts."""

    states: Tensor
    """(B, T, width)."""
    last: Tensor
    """(B,) the last token of each prompt."""


@dataclass(frozen=True, slots=True, eq=False)
class TinyPhi:
    """A model of Phi-3's architecture with its tokenizer."""

    model: Phi3ForCausalLM
    tokenizer: Tokenizer

    @property
    def answers(self) -> tuple[int, int]:
        """Token ids of KEEP and DROP."""
        return self.tokenizer.encode(KEEP).ids[0], self.tokenizer.encode(DROP).ids[0]

    @property
    def parameters(self) -> int:
        """Their number."""
        return sum(one.numel() for one in self.model.parameters())

    def read(self, prompts: Sequence[str], blanked: float = 0.0) -> Read:
        """What the model makes of some prompts, padded behind their ends.

        `blanked`: the share of tokens that it does not get to see, while it learns.
        """
        return self.read_tokens([self.tokenizer.encode(prompt).ids for prompt in prompts], blanked)

    def read_tokens(self, rows: Sequence[Sequence[int]], blanked: float = 0.0) -> Read:
        """The same of prompts as tokens."""
        longest = max(len(row) for row in rows)
        tokens = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])
        if blanked:
            tokens[torch.rand(tokens.shape) < blanked] = 0
        last = torch.tensor([len(row) - 1 for row in rows])
        return Read(self.model.model(tokens).last_hidden_state, last)

    def odds(self, read: Read) -> Tensor:
        """ln P(keep) / P(drop) after each prompt, (B,)."""
        keep, drop = self.answers
        weights = self.model.lm_head.weight
        last = read.states[torch.arange(len(read.last)), read.last]
        odds: Tensor = last @ (weights[keep] - weights[drop])
        return odds

    def log_odds(self, prompts: Sequence[str]) -> Tensor:
        """ln P(keep) / P(drop) after each prompt, (B,)."""
        return self.odds(self.read(prompts))


def new_phi(tokenizer: Tokenizer, seed: int, size: Size | None = None) -> TinyPhi:
    """An untrained model; the words that it reads and says share their vectors."""
    size = size or Size()
    torch.manual_seed(seed)
    config = Phi3Config(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=size.width,
        intermediate_size=size.feed_forward,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=1024,
        rms_norm_eps=1e-5,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=0,
        tie_word_embeddings=True,
    )
    return TinyPhi(Phi3ForCausalLM(config), tokenizer)

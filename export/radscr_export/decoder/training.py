"""Trains the decoder on its examples and writes it as GGUF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional as F  # noqa: N812
from tqdm import trange
from transformers import Phi3Config, Phi3ForCausalLM

from radscr_edge.records import Sentence
from radscr_export.decoder.examples import (
    Example,
    Wording,
    candidate_only_accuracy,
    make_examples,
    make_open_examples,
    split_wording,
)
from radscr_export.decoder.gguf_file import write_gguf
from radscr_export.decoder.tokenizer import train_tokenizer
from radscr_runtime.decoders.question import DROP, KEEP

BATCH = 16
RATE = 1e-3
TESTS = 400


@dataclass(frozen=True, slots=True, eq=False)
class TinyPhi:
    """A model of Phi-3's architecture with its tokenizer."""

    model: Phi3ForCausalLM
    tokenizer: Tokenizer

    @property
    def answers(self) -> tuple[int, int]:
        """Token ids of KEEP and DROP."""
        return self.tokenizer.encode(KEEP).ids[0], self.tokenizer.encode(DROP).ids[0]

    def log_odds(self, prompts: Sequence[str]) -> torch.Tensor:
        """ln P(keep) / P(drop) of each prompt, (B,)."""
        rows = [self.tokenizer.encode(prompt).ids for prompt in prompts]
        longest = max(len(row) for row in rows)
        tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        last = torch.tensor([len(row) - 1 for row in rows])
        states = self.model.model(tokens).last_hidden_state[torch.arange(len(rows)), last]
        keep, drop = self.answers
        weights = self.model.lm_head.weight
        odds: torch.Tensor = states @ (weights[keep] - weights[drop])
        return odds


def new_phi(tokenizer: Tokenizer, seed: int) -> TinyPhi:
    """An untrained model of about 0.8 million parameters."""
    torch.manual_seed(seed)
    config = Phi3Config(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        rms_norm_eps=1e-5,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=0,
        tie_word_embeddings=False,
    )
    return TinyPhi(Phi3ForCausalLM(config), tokenizer)


def train_decoder(
    sentences: Sequence[Sentence], path: Path, seed: int, steps: int
) -> dict[str, Any]:
    """Writes the GGUF to `path`; returns what the model card says of it.

    Accuracies are on `TESTS` balanced questions each, made of wording that was not trained on; the
    candidate-only ones are what ignoring Q could reach on the same questions.
    """
    train, held = split_wording(sentences, seed)
    rng = np.random.default_rng(seed)
    drawn = make_examples(train, 2000, rng)
    tokenizer = train_tokenizer([one.prompt + answer for one in drawn for answer in (KEEP, DROP)])
    phi = new_phi(tokenizer, seed)
    _fit(phi, train, steps, rng)
    write_gguf(phi.model, tokenizer, path)
    return {
        "architecture": "phi3",
        "parameters": sum(one.numel() for one in phi.model.parameters()),
        "steps": steps,
        "held_out_questions": TESTS,
        **_figures(phi, held, seed + 1),
    }


def _fit(phi: TinyPhi, wording: Wording, steps: int, rng: np.random.Generator) -> None:
    """Fits the model to fresh questions in place; the loss is on the answer only."""
    optimiser = torch.optim.AdamW(phi.model.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    phi.model.train()
    for _ in trange(steps, desc="training the decoder", unit="step"):
        batch = make_examples(wording, BATCH, rng)
        answers = torch.tensor([float(one.keep) for one in batch])
        odds = phi.log_odds([one.prompt for one in batch])
        loss = F.binary_cross_entropy_with_logits(odds, answers)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
        optimiser.step()
        schedule.step()
    phi.model.eval()


def _figures(phi: TinyPhi, held: Wording, seed: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, make in (("held_out", make_examples), ("open", make_open_examples)):
        questions = make(held, TESTS, np.random.default_rng(seed))
        figures[f"{name}_accuracy"] = _accuracy(phi, questions)
        figures[f"{name}_candidate_only"] = round(candidate_only_accuracy(questions), 3)
    return figures


@torch.no_grad()
def _accuracy(phi: TinyPhi, examples: Sequence[Example]) -> float:
    right = [bool((phi.log_odds([one.prompt]) > 0).item()) == one.keep for one in examples]
    return round(float(np.mean(right)), 3)

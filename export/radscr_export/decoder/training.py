"""Trains the decoder on its examples and writes it as GGUF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from tqdm import trange
from transformers import Phi3Config, Phi3ForCausalLM

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity, Sentence
from radscr_export.decoder.examples import (
    FILLERS,
    Example,
    Wording,
    candidate_only_accuracy,
    make_examples,
    make_open_examples,
    wording_of,
)
from radscr_export.decoder.gguf_file import write_gguf
from radscr_export.decoder.tokenizer import train_tokenizer
from radscr_runtime.decoders.question import DROP, KEEP

BATCH = 32
RATE = 2e-3
TESTS = 400


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

    def read(self, prompts: Sequence[str]) -> Read:
        """What the model makes of some prompts, padded behind their ends."""
        rows = [self.tokenizer.encode(prompt).ids for prompt in prompts]
        longest = max(len(row) for row in rows)
        tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
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

    Trained and measured on the wording of the whole library, which is all that it will ever read;
    accuracies are on fresh questions, the candidate-only ones are what ignoring Q could reach.
    """
    wording, rng = wording_of(sentences), np.random.default_rng(seed)
    drawn = make_examples(wording, 2000, rng)
    tokenizer = train_tokenizer([one.prompt + answer for one in drawn for answer in (KEEP, DROP)])
    phi = new_phi(tokenizer, seed)
    _fit(phi, wording, steps, rng)
    write_gguf(phi.model, tokenizer, path)
    return {
        "architecture": "phi3",
        "parameters": sum(one.numel() for one in phi.model.parameters()),
        "steps": steps,
        "questions": TESTS,
        **_figures(phi, wording, seed + 1),
    }


def _fit(phi: TinyPhi, wording: Wording, steps: int, rng: np.random.Generator) -> None:
    """Fits the model to fresh questions in place, from short reports to long ones."""
    meaning = nn.Linear(phi.model.config.hidden_size, len(FINDINGS) + len(Polarity))
    learnt = [*phi.model.parameters(), *meaning.parameters()]
    optimiser = torch.optim.AdamW(learnt, lr=RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    phi.model.train()
    for step in trange(steps, desc="training the decoder", unit="step"):
        fillers = int(FILLERS * min(1.0, 1.5 * step / steps))
        loss = _loss(phi, meaning, make_examples(wording, BATCH, rng, fillers))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        schedule.step()
    phi.model.eval()


def _loss(phi: TinyPhi, meaning: nn.Linear, batch: Sequence[Example]) -> Tensor:
    """The answer's loss, and that of telling each sentence's finding and polarity at its end.

    Without the second the answer alone teaches next to nothing in thousands of steps.
    """
    read = phi.read([one.prompt for one in batch])
    answers = torch.tensor([float(one.keep) for one in batch])
    answered = F.binary_cross_entropy_with_logits(phi.odds(read), answers)
    ends = [_ends(phi.tokenizer, one) for one in batch]
    rows = [row for row, places in enumerate(ends) for _ in places]
    told = meaning(read.states[rows, [place for places in ends for place in places]])
    said = [sentence for one in batch for sentence in one.sentences]
    finding = torch.tensor([FINDINGS.index(one.finding) for one in said])
    polarity = torch.tensor([list(Polarity).index(one.polarity) for one in said])
    of_findings, of_polarities = told.split([len(FINDINGS), len(Polarity)], dim=1)
    understood = F.cross_entropy(of_findings, finding) + F.cross_entropy(of_polarities, polarity)
    total: Tensor = answered + understood
    return total


def _ends(tokenizer: Tokenizer, example: Example) -> list[int]:
    """The last token of each sentence of the prompt."""
    offsets, places, start, token = tokenizer.encode(example.prompt).offsets, [], 0, 0
    for sentence in example.sentences:
        start = example.prompt.index(sentence.text, start) + len(sentence.text)
        while token + 1 < len(offsets) and offsets[token + 1][1] <= start:
            token += 1
        places.append(token)
    return places


def _figures(phi: TinyPhi, wording: Wording, seed: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, make in (("any", make_examples), ("open", make_open_examples)):
        questions = make(wording, TESTS, np.random.default_rng(seed))
        figures[f"{name}_accuracy"] = _accuracy(phi, questions)
        figures[f"{name}_candidate_only"] = round(candidate_only_accuracy(questions), 3)
    return figures


@torch.no_grad()
def _accuracy(phi: TinyPhi, examples: Sequence[Example]) -> float:
    right = [bool((phi.log_odds([one.prompt]) > 0).item()) == one.keep for one in examples]
    return round(float(np.mean(right)), 3)

"""Trains the decoder on its examples and writes it as GGUF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from tqdm import trange

from radscr_edge.contract import sha256_of
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity, Sentence
from radscr_export.decoder.examples import Example, Words, make_examples, taught_words
from radscr_export.decoder.gguf_file import write_quantised
from radscr_export.decoder.merges import Merge, make_merges
from radscr_export.decoder.model import Size, TinyPhi, new_phi
from radscr_export.decoder.tokenizer import train_tokenizer
from radscr_runtime.decoders.question import DROP, KEEP
from radscr_runtime.decoders.writing import shared_start

BATCH = 32
MERGES = 12
"""Joints of prose a step."""
RATE = 1e-3
BLANKED = 0.04
"""Share of tokens that are hidden while it learns, so that no single word decides."""
TOKENIZED = 4000
"""Questions that the tokenizer learns its words from."""
STEPS = 2000
"""Under an hour of one core."""


def train_decoder(
    sentences: Sequence[Sentence],
    path: Path,
    seed: int,
    steps: int = STEPS,
    size: Size | None = None,
) -> dict[str, Any]:
    """Writes the GGUF to `path`; returns what the model card says of it.

    Of the library only the odd families are learnt, so that the decision set, which is made of the
    even ones, measures unseen wording.
    """
    rng = np.random.default_rng(seed)
    words = taught_words(sentences, rng)
    phi = fit(words, rng, new_phi(_tokenizer(words, rng), seed, size), steps)
    write_quantised(phi.model, phi.tokenizer, path)
    return {
        "architecture": "phi3",
        "parameters": phi.parameters,
        "sha256": sha256_of(path),
        "steps": steps,
        "seed": seed,
    }


def fit(words: Words, rng: np.random.Generator, phi: TinyPhi, steps: int) -> TinyPhi:
    """Fits the model in place to fresh questions made of `words`; returns it."""
    meaning = nn.Linear(phi.model.config.hidden_size, len(FINDINGS) + len(Polarity))
    learnt = [*phi.model.parameters(), *meaning.parameters()]
    optimiser = torch.optim.AdamW(learnt, lr=RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    phi.model.train()
    for _ in trange(steps, desc="training the decoder", unit="step", mininterval=5.0):
        loss = _loss(phi, meaning, make_examples(words, BATCH, rng))
        loss += merging_loss(phi, make_merges(words, MERGES, rng))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        schedule.step()
    phi.model.eval()
    return phi


@torch.no_grad()
def accuracy(phi: TinyPhi, examples: Sequence[Example]) -> float:
    """The share of questions that are answered as wanted."""
    right = [bool((phi.log_odds([one.prompt]) > 0).item()) == one.keep for one in examples]
    return float(np.mean(right))


def _tokenizer(words: Words, rng: np.random.Generator) -> Tokenizer:
    asked, merges = make_examples(words, TOKENIZED, rng), make_merges(words, TOKENIZED // 10, rng)
    texts = [one.prompt + answer for one in asked for answer in (KEEP, DROP)]
    return train_tokenizer([*texts, *(one.prompt + one.options[one.wanted] for one in merges)])


def _loss(phi: TinyPhi, meaning: nn.Linear, batch: Sequence[Example]) -> Tensor:
    """The answer's loss, and that of telling each sentence's finding and polarity at its end.

    Without the second the answer alone teaches next to nothing in thousands of steps.
    """
    read = phi.read([one.prompt for one in batch], BLANKED)
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


def merging_loss(phi: TinyPhi, merges: Sequence[Merge]) -> Tensor:
    """How far Phi is from the wanted choice at each joint, at the token in which they differ."""
    rows = [[phi.tokenizer.encode(one.prompt + text).ids for text in one.options] for one in merges]
    starts = [shared_start(row) for row in rows]
    read = phi.read_tokens(
        [row[0][:start] for row, start in zip(rows, starts, strict=True)], BLANKED
    )
    last = read.states[torch.arange(len(rows)), read.last]
    losses = []
    for state, row, start, one in zip(last, rows, starts, merges, strict=True):
        differing = phi.model.lm_head.weight[[tokens[start] for tokens in row]]
        losses.append(F.cross_entropy(differing @ state, torch.tensor(one.wanted)))
    return torch.stack(losses).mean()


def _ends(tokenizer: Tokenizer, example: Example) -> list[int]:
    """The last token of each sentence of the prompt."""
    offsets, places, start, token = tokenizer.encode(example.prompt).offsets, [], 0, 0
    for sentence in example.sentences:
        start = example.prompt.index(sentence.text, start) + len(sentence.text)
        while token + 1 < len(offsets) and offsets[token + 1][1] <= start:
            token += 1
        places.append(token)
    return places

"""The decoder in torch and in llama.cpp give the same odds; the shipped one reads Q."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from needs import needs

from radscr_edge.contract import Files
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_export.decoder.examples import (
    Example,
    candidate_only_accuracy,
    make_open_examples,
    wording_of,
)
from radscr_export.decoder.gguf_file import write_gguf
from radscr_export.decoder.tokenizer import train_tokenizer
from radscr_export.decoder.training import TinyPhi, new_phi, train_decoder
from radscr_runtime import Options
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.question import DROP, KEEP
from radscr_runtime.decoders.setup import choose_setup

llama = needs("radscr_runtime.decoders.llama")

TOLERANCE = 0.02
"""Of log-odds: weights are stored, and products added, in half precision."""
MARGIN = 0.1
"""By how much the shipped decoder must beat what the candidate alone would tell."""


def opened(path: Path) -> llama.Phi:
    return llama.Phi(path, choose_setup(check_gguf(path), Options(), 4000))


@pytest.fixture(scope="module")
def questions() -> list[Example]:
    return make_open_examples(
        wording_of(load_sentences(Role.FINDING)), 200, np.random.default_rng(1)
    )


@pytest.fixture(scope="module")
def phi(questions: list[Example]) -> TinyPhi:
    """Untrained, but with weights large enough for odds that differ."""
    words = [one.prompt + answer for one in questions for answer in (KEEP, DROP)]
    phi = new_phi(train_tokenizer(words), seed=0)
    for parameter in phi.model.parameters():
        if parameter.ndim == 2:
            parameter.data.mul_(3)
    phi.model.eval()
    return phi


@torch.no_grad()
def test_llama_cpp_gives_the_odds_that_torch_gives(
    phi: TinyPhi, questions: list[Example], tmp_path: Path
) -> None:
    write_gguf(phi.model, phi.tokenizer, tmp_path / "phi.gguf")
    prompts = [one.prompt for one in questions[:20]]
    oracle = opened(tmp_path / "phi.gguf")

    found = np.array(oracle.log_odds(prompts))

    expected = np.array([phi.log_odds([prompt]).item() for prompt in prompts])
    oracle.close()
    assert np.ptp(expected) > 10 * TOLERANCE
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)


def test_llama_cpp_cuts_a_text_into_the_same_tokens(
    phi: TinyPhi, questions: list[Example], tmp_path: Path
) -> None:
    write_gguf(phi.model, phi.tokenizer, tmp_path / "phi.gguf")
    oracle = opened(tmp_path / "phi.gguf")

    cut = [oracle.tokens(one.prompt) for one in questions[:20]]

    oracle.close()
    assert cut == [phi.tokenizer.encode(one.prompt).ids for one in questions[:20]]


@torch.no_grad()
def test_a_question_padded_among_longer_ones_keeps_its_odds(
    phi: TinyPhi, questions: list[Example]
) -> None:
    prompts = [one.prompt for one in questions[:8]]

    together = phi.log_odds(prompts)

    alone = torch.cat([phi.log_odds([prompt]) for prompt in prompts])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=0)


def test_the_shipped_decoder_reads_the_report_and_not_the_candidate_alone(
    bundle_folder: Path, questions: list[Example]
) -> None:
    oracle = opened(bundle_folder / Files.DECODER)

    odds = oracle.log_odds([one.prompt for one in questions])
    right = [(found > 0) == one.keep for found, one in zip(odds, questions, strict=True)]

    oracle.close()
    assert np.mean(right) > candidate_only_accuracy(questions) + MARGIN


def test_a_few_steps_write_a_decoder_that_llama_cpp_opens(tmp_path: Path) -> None:
    facts = train_decoder(load_sentences(Role.FINDING), tmp_path / "phi.gguf", seed=0, steps=2)

    oracle = opened(tmp_path / "phi.gguf")
    (odds,) = oracle.log_odds(["Report:\n- The lungs are clear."])

    oracle.close()
    assert np.isfinite(odds)
    assert facts["steps"] == 2
    assert 0.3 < facts["open_accuracy"] < 0.9

"""The decoder in torch and in llama.cpp give the same odds, whole and quantised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from needs import needs

from radscr_edge.contract import sha256_of
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_export.decoder.examples import Example, make_examples, taught_words
from radscr_export.decoder.gguf_file import write_gguf, write_quantised
from radscr_export.decoder.model import Size, TinyPhi, new_phi
from radscr_export.decoder.tokenizer import train_tokenizer
from radscr_export.decoder.training import train_decoder
from radscr_runtime import Options
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.question import DROP, KEEP
from radscr_runtime.decoders.setup import choose_setup

llama = needs("radscr_runtime.decoders.llama")

TOLERANCE = 0.02
"""Of log-odds: weights are stored, and products added, in half precision."""
QUANTISED = 0.2
"""Of the spread of the log-odds: eight bits a weight."""
SMALL = Size(64, 128, 2, 2)


def opened(path: Path) -> llama.Phi:
    return llama.Phi(path, choose_setup(check_gguf(path), Options(), 4000))


@pytest.fixture(scope="module")
def questions() -> list[Example]:
    rng = np.random.default_rng(1)
    return make_examples(taught_words(load_sentences(Role.FINDING), rng), 200, rng)


@pytest.fixture(scope="module")
def phi(questions: list[Example]) -> TinyPhi:
    """Untrained, but with weights large enough for odds that differ."""
    words = [one.prompt + answer for one in questions for answer in (KEEP, DROP)]
    phi = new_phi(train_tokenizer(words), 0, SMALL)
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


@torch.no_grad()
def test_eight_bits_hardly_change_the_odds(
    phi: TinyPhi, questions: list[Example], tmp_path: Path
) -> None:
    write_gguf(phi.model, phi.tokenizer, tmp_path / "whole.gguf")
    write_quantised(phi.model, phi.tokenizer, tmp_path / "phi.gguf")
    prompts = [one.prompt for one in questions[:20]]
    oracle = opened(tmp_path / "phi.gguf")

    found = np.array(oracle.log_odds(prompts))

    expected = np.array([phi.log_odds([prompt]).item() for prompt in prompts])
    oracle.close()
    assert (tmp_path / "phi.gguf").stat().st_size < 0.7 * (tmp_path / "whole.gguf").stat().st_size
    np.testing.assert_allclose(found, expected, atol=QUANTISED * np.ptp(expected))


def test_a_few_steps_write_a_decoder_that_llama_cpp_opens(tmp_path: Path) -> None:
    path = tmp_path / "phi.gguf"
    facts = train_decoder(load_sentences(Role.FINDING), path, seed=0, steps=2, size=SMALL)

    oracle = opened(tmp_path / "phi.gguf")
    (odds,) = oracle.log_odds(["Report:\n- The lungs are clear."])

    oracle.close()
    assert np.isfinite(odds)
    assert facts["steps"] == 2
    assert facts["sha256"] == sha256_of(path)

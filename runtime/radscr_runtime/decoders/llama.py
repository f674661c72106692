"""Phi through llama.cpp; the only importer of llama_cpp."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.question import DROP, KEEP

try:
    import llama_cpp
except ImportError as problem:  # an extra: the base install has no compiler
    raise DecoderError(
        "llama-cpp-python is not installed, so Phi cannot run. Install the extra 'phi'."
    ) from problem
except (OSError, RuntimeError) as problem:  # its shared library does not suit this machine
    raise DecoderError(
        "llama-cpp-python is installed but cannot start on this machine. Install it again."
    ) from problem

CONTEXT: Final = 1024
"""Tokens of a prompt at most."""


class Phi:
    """One GGUF model, asked for the odds of two words."""

    def __init__(self, path: Path, threads: int) -> None:
        """Loads the GGUF at `path`; DecoderError where llama.cpp cannot."""
        try:
            self._model = llama_cpp.Llama(
                str(path),
                n_ctx=CONTEXT,
                n_batch=CONTEXT,
                n_threads=threads,
                n_threads_batch=threads,
                use_mmap=True,
                use_mlock=False,
                seed=0,
                verbose=False,
            )
        except (ValueError, OSError, RuntimeError) as problem:
            raise DecoderError(
                f"{path.name} could not be loaded by llama.cpp ({problem}). Copy the file again."
            ) from problem
        # llama-cpp-python still prints native errors when not verbose; ours are raised instead.
        logging.getLogger("llama-cpp-python").setLevel(logging.CRITICAL)
        self._keep, self._drop = self._answers()

    def log_odds(self, prompts: Sequence[str]) -> list[float]:
        """ln P(keep) / P(drop) as the next word after each prompt.

        Raises DecoderError where a prompt is empty or longer than the context, or llama.cpp fails.
        """
        return [self._odds(prompt) for prompt in prompts]

    def close(self) -> None:
        """Frees the model."""
        self._model.close()

    def tokens(self, text: str) -> list[int]:
        """Token ids of a text, without a start token."""
        found: list[int] = self._model.tokenize(text.encode(), add_bos=False, special=False)
        return found

    def _tokens(self, prompt: str) -> list[int]:
        found: list[int] = self._model.tokenize(prompt.encode(), add_bos=True, special=False)
        return found

    def _odds(self, prompt: str) -> float:
        tokens = self._tokens(prompt)
        if len(tokens) > CONTEXT:
            raise DecoderError(
                f"The question to Phi has {len(tokens)} tokens; it can read {CONTEXT}."
            )
        if not tokens:  # llama.cpp would answer with the logits of the question before
            raise DecoderError("The question to Phi is empty.")
        self._model.reset()
        try:
            self._model.eval(tokens)
        except RuntimeError as problem:
            raise DecoderError(f"llama.cpp failed on a question ({problem}).") from problem
        pointer = llama_cpp.llama_get_logits_ith(self._model.ctx, -1)
        logits = np.ctypeslib.as_array(pointer, shape=(self._model.n_vocab(),))
        odds = float(logits[self._keep] - logits[self._drop])
        if not math.isfinite(odds):
            raise DecoderError("Phi gave no finite answer. Copy the decoder's file again.")
        return odds

    def _answers(self) -> tuple[int, int]:
        """The first token in which the two answers differ."""
        for keep, drop in zip(self.tokens(KEEP), self.tokens(DROP), strict=False):
            if keep != drop:
                return keep, drop
        raise DecoderError("The tokenizer of this GGUF cannot tell 'keep' from 'drop'.")

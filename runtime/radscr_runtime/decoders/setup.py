"""How llama.cpp is set up for a model on this machine, and what that will need at its peak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.gguf_check import Gguf
from radscr_runtime.options import Options

MIB: Final = 2**20
CONTEXT: Final = 1024
"""Tokens that the questions about one report may have together, what they share counted once."""
MICRO_BATCH: Final = 128
"""Tokens evaluated at once: more would widen the buffer of intermediate values, not the pace."""
SEQUENCES: Final = 8
"""Questions evaluated in one batch."""
PROCESS_MB: Final = 60
"""Python, numpy and llama.cpp before a model is loaded."""
SPARE_MB: Final = 200
"""Free memory that is left to the rest of the machine."""
TOKEN_BYTES: Final = 400
"""What llama.cpp keeps of one token of the vocabulary: its text, its merge, their tables."""
STACK_MB: Final = 8
"""Address space of one thread's stack."""
KV_BLOCK: Final = 32
"""Columns of a block of the quantised KV; a head must hold whole blocks."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Settings of one process of Phi."""

    threads: int
    """For single tokens."""
    threads_batch: int
    """For prompts."""
    context: int
    """Most tokens in the KV."""
    repack: bool
    """Whether llama.cpp keeps a second, faster copy of quantised weights."""
    quantised_kv: bool
    """Keys and values of the context in 8 bits instead of 16."""


def choose_setup(gguf: Gguf, options: Options, free_mb: int) -> Setup:
    """The fastest set-up whose predicted peak fits `options.memory_limit_mb` and the free memory.

    Memory is saved by leaving out the repacked weights first, then by a quantised KV. Raises
    DecoderError with the numbers where nothing fits.
    """
    room = max(0, free_mb - SPARE_MB)
    limit = room if options.memory_limit_mb is None else min(room, options.memory_limit_mb)
    tries = list(_setups(gguf, options))
    for setup in tries:
        if predicted_mb(gguf, setup) <= limit:
            return setup
    least = predicted_mb(gguf, tries[-1])
    raise DecoderError(
        f"Phi needs {least} MB of memory; {limit} MB may be used ({free_mb} MB are free). "
        "Close other programs, raise --memory-limit-mb, or use a smaller GGUF."
    )


def predicted_mb(gguf: Gguf, setup: Setup) -> int:
    """Upper bound of the resident memory of Phi's process, in MiB.

    The weights, once more where they are repacked; the KV; the buffers of one micro-batch; logits;
    the vocabulary.
    """
    weights = gguf.weights * (2 if setup.repack else 1)
    row = gguf.kv_heads * gguf.head_width * (34 / 32 if setup.quantised_kv else 2)
    kv = 2 * gguf.layers * row * setup.context
    # Of each token: the residual stream and its copies, q, k, v and both halves of the gate.
    widest = 6 * gguf.width + 3 * gguf.feed_forward + gguf.heads * setup.context
    buffers = 4 * (MICRO_BATCH * widest + SEQUENCES * gguf.tokens)
    return PROCESS_MB + round((weights + kv + buffers + TOKEN_BYTES * gguf.tokens) / MIB)


def most_data_mb(gguf: Gguf, setup: Setup) -> int:
    """MiB that Phi's process may allocate once llama.cpp is imported: what was predicted, and room.

    The weights themselves are mapped from the file, which allocates nothing.
    """
    own = predicted_mb(gguf, setup) - PROCESS_MB - gguf.weights // MIB
    return own + SPARE_MB + STACK_MB * (setup.threads + setup.threads_batch)


def _setups(gguf: Gguf, options: Options) -> Iterator[Setup]:
    """From the fastest to the smallest."""
    blocks = gguf.head_width % KV_BLOCK == 0
    first = Setup(
        threads=options.threads,
        threads_batch=options.prompt_threads or options.threads,
        context=min(CONTEXT, gguf.context),
        repack=True,
        quantised_kv=options.quantised_kv and blocks,
    )
    yield first
    yield replace(first, repack=False)
    if blocks:
        yield replace(first, repack=False, quantised_kv=True)

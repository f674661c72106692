"""Phi through llama.cpp; the only importer of llama_cpp."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.question import DROP, INSTRUCTION, KEEP, WRITING
from radscr_runtime.decoders.setup import MICRO_BATCH, SEQUENCES, Setup
from radscr_runtime.decoders.states import States
from radscr_runtime.decoders.writing import shared_start

try:
    import llama_cpp
    from jinja2 import TemplateError
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter
except ImportError as problem:  # an extra: the base install has no compiler
    raise DecoderError(
        "llama-cpp-python is not installed, so Phi cannot run. Install the extra 'phi'."
    ) from problem
except (OSError, RuntimeError) as problem:  # its shared library does not suit this machine
    raise DecoderError(
        "llama-cpp-python is installed but cannot start on this machine. Install it again."
    ) from problem

BUILD: Final = (llama_cpp.__version__, llama_cpp.llama_print_system_info().decode())
"""What a saved state depends on beside the model: the build of llama.cpp."""
CONTENT: Final = "<content>"
"""Stands in a chat template for what is said."""
LONGEST_PIECE: Final = 256
"""Bytes of a token's text."""
PAGE: Final = 256
"""The context is a multiple of so many tokens."""

Tokens = list[int]
Floats = NDArray[np.float32]


SILENCE: Final = llama_cpp.llama_log_callback(lambda level, text, data: None)
"""Failures are told by return values; llama.cpp's own talk goes nowhere."""


class Phi:
    """One GGUF model, asked for the odds of two words."""

    def __init__(self, path: Path, setup: Setup, states: States | None = None) -> None:
        """Loads the GGUF at `path`; DecoderError where llama.cpp cannot.

        With a chat template in the GGUF the question is put as a user's message behind an
        instruction, whose evaluated state is kept in `states`.
        """
        llama_cpp.llama_log_set(SILENCE, None)
        llama_cpp.llama_backend_init()
        self._setup = setup
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(path), _model_of(setup))
        if not self._model:
            raise DecoderError(f"{path.name} could not be loaded by llama.cpp. Copy it again.")
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self._states = states
        head, self._tail = self._frame()
        self._prefix, self._writing = self._behind(head, INSTRUCTION), self._behind(head, WRITING)
        self._keep, self._drop = self._answers()

    def log_odds(self, prompts: Sequence[str]) -> list[float]:
        """ln P(keep) / P(drop) as the next word after each prompt.

        Prompts are evaluated as parallel sequences of one batch; what they share at their start is
        evaluated once. Raises DecoderError where a prompt is empty or longer than the context, or
        llama.cpp fails.
        """
        rows = [self._checked(self._row(prompt)) for prompt in prompts]
        return [odds for group in _groups(rows, self._setup.context) for odds in self._weigh(group)]

    def close(self) -> None:
        """Frees the model."""
        if self._model:
            llama_cpp.llama_model_free(self._model)
        self._model = None

    @property
    def chats(self) -> bool:
        """Whether the GGUF brings a chat template."""
        return bool(self._tail)

    def tokens(self, text: str, start: bool = True, special: bool = False) -> Tokens:
        """Token ids of a text.

        `start`: with the start token that the model asks for; `special`: names of special tokens
        are read as such, which no text of a report may be.
        """
        raw = text.encode()
        room = (llama_cpp.llama_token * (len(raw) + 2))()
        count = llama_cpp.llama_tokenize(
            self._vocabulary, raw, len(raw), room, len(room), start, special
        )
        return list(room[: max(count, 0)])

    @contextmanager
    def passage(self, opening: str, room: int) -> Iterator[Passage]:
        """A text that the model writes behind `opening`, of at most `room` tokens.

        Raises DecoderError where both are longer than the context.
        """
        begun = [*self._writing, *self.tokens(opening, start=False), *self._tail]
        total = room + len(begun if self.chats else self.tokens(opening))
        if total > self._setup.context:
            raise DecoderError(
                f"The text has {total} tokens with its sentences; Phi can read "
                f"{self._setup.context}."
            )
        with self._context(total, 1) as context:
            ready = self._restore(context, self._writing)
            yield Passage(self, context, begun if self.chats else opening, ready)

    def longest(self, steps: Sequence[Sequence[str]]) -> int:
        """Upper bound of the tokens that a text of these pieces has."""
        pieces = [max((self.tokens(one) for one in options), key=len) for options in steps]
        return sum(map(len, pieces)) + len(pieces)

    def after(self, context: Any, row: Tokens, ready: int) -> Floats:
        """The logits after `row`, of which the first `ready` tokens are evaluated already."""
        llama_cpp.llama_memory_seq_rm(llama_cpp.llama_get_memory(context), 0, ready, -1)
        return self._evaluate(context, [row[ready:]], ready)[0]

    def ends(self, token: int) -> bool:
        """Whether a token ends a turn."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocabulary, token))

    def piece(self, token: int) -> bytes:
        """The text of a token, which may be a part of a character."""
        room = ctypes.create_string_buffer(LONGEST_PIECE)
        count = llama_cpp.llama_token_to_piece(
            self._vocabulary, token, room, LONGEST_PIECE, 0, False
        )
        return room.raw[: max(count, 0)]

    def _row(self, prompt: str) -> Tokens:
        if not self.chats:
            return self.tokens(prompt)
        return [*self._prefix, *self.tokens(prompt, start=False), *self._tail]

    def _frame(self) -> tuple[Tokens, Tokens]:
        """What stands before and behind a user's message; nothing without a chat template.

        DecoderError where the template is faulty.
        """
        template = llama_cpp.llama_model_chat_template(self._model, None)
        if not template:
            return [], []
        head, _, tail = _applied(template.decode()).partition(CONTENT)
        return self.tokens(head, special=True), self.tokens(tail, start=False, special=True)

    def _behind(self, head: Tokens, instruction: str) -> Tokens:
        return [*head, *self.tokens(instruction, start=False)] if self.chats else []

    def _checked(self, row: Tokens) -> Tokens:
        if len(row) > self._setup.context:
            raise DecoderError(
                f"The question to Phi has {len(row)} tokens; it can read {self._setup.context}."
            )
        if not row:
            raise DecoderError("The question to Phi is empty.")
        return row

    def _weigh(self, rows: Sequence[Tokens]) -> list[float]:
        """The odds after each of some rows that fit the context together."""
        shared = _shared(rows)
        rest = [row[shared:] for row in rows]
        with self._context(shared + sum(map(len, rest)), len(rows)) as context:
            ready = self._restore(context, self._prefix) if shared >= len(self._prefix) else 0
            if ready < shared:
                self._evaluate(context, [rows[0][ready:shared]], ready)
            memory = llama_cpp.llama_get_memory(context)
            for sequence in range(1, len(rows)):
                llama_cpp.llama_memory_seq_cp(memory, 0, sequence, -1, -1)
            return [self._odds(logits) for logits in self._evaluate(context, rest, shared)]

    @contextmanager
    def _context(self, tokens: int, sequences: int) -> Iterator[Any]:
        """A context with room for just so many tokens; freed at the end."""
        size = -(-tokens // PAGE) * PAGE
        context = llama_cpp.llama_init_from_model(
            self._model, _context_of(self._setup, size, sequences)
        )
        if not context:
            raise DecoderError("llama.cpp made no context: memory is short. Close other programs.")
        try:
            yield context
        finally:
            llama_cpp.llama_free(context)

    def _evaluate(self, context: Any, rows: Sequence[Tokens], start: int) -> list[Floats]:
        """The logits after each row, evaluated as one sequence each from position `start` on."""
        batch = llama_cpp.llama_batch_init(sum(map(len, rows)), 0, 1)
        try:
            ends = _fill(batch, rows, start)
            if llama_cpp.llama_decode(context, batch) != 0:
                raise DecoderError("llama.cpp failed on a question. Copy the GGUF again.")
            size = llama_cpp.llama_vocab_n_tokens(self._vocabulary)
            pointers = [llama_cpp.llama_get_logits_ith(context, end) for end in ends]
            return [np.ctypeslib.as_array(one, shape=(size,)).copy() for one in pointers]
        finally:
            llama_cpp.llama_batch_free(batch)

    def _restore(self, context: Any, prefix: Tokens) -> int:
        """Puts a constant prefix into sequence 0, from its saved state or afresh; its length."""
        if not prefix:
            return 0
        if self._states is None:
            self._evaluate(context, [prefix], 0)
            return len(prefix)
        path = self._states.path(prefix, BUILD, self._setup.repack, self._setup.quantised_kv)
        if self._states.sound(path) and _load(context, path, prefix):
            return len(prefix)
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        self._evaluate(context, [prefix], 0)
        self._states.save(path, lambda fresh: _save(context, fresh, prefix))
        return len(prefix)

    def _odds(self, logits: Floats) -> float:
        odds = float(
            np.logaddexp.reduce(logits[self._keep]) - np.logaddexp.reduce(logits[self._drop])
        )
        if not np.isfinite(odds):
            raise DecoderError("Phi gave no finite answer. Copy the decoder's file again.")
        return odds

    def _answers(self) -> tuple[Tokens, Tokens]:
        """The tokens that either answer may begin with.

        Ours answers in one spelling; how another begins its turn is not known, so all are counted.
        """
        keep, drop = (
            {row[0] for text in self._spellings(word) if (row := self.tokens(text, start=False))}
            for word in (KEEP, DROP)
        )
        if not keep - drop or not drop - keep:
            raise DecoderError("The tokenizer of this GGUF cannot tell 'keep' from 'drop'.")
        return sorted(keep - drop), sorted(drop - keep)

    def _spellings(self, word: str) -> tuple[str, ...]:
        bare = word.strip()
        return (word, bare, bare.title(), f" {bare.title()}") if self.chats else (word,)


class Passage:
    """A text that grows behind an opening; whatever of it was evaluated is not evaluated again."""

    def __init__(self, phi: Phi, context: Any, opening: str | Tokens, ready: int) -> None:
        """`opening`: what stands before the text, as tokens where the text has its own turn."""
        self._phi = phi
        self._context = context
        self._opening = opening
        self._seen: Tokens = list(opening[:ready]) if isinstance(opening, list) else []

    def row(self, text: str) -> Tokens:
        """The tokens of the opening and a text, cut as the whole that they are."""
        if isinstance(self._opening, list):
            return [*self._opening, *self._phi.tokens(text, start=False)]
        return self._phi.tokens(self._opening + text)

    def after(self, row: Tokens) -> Floats:
        """The logits after a row; all of it that is new is evaluated in one batch."""
        ready = min(shared_start([self._seen, row]), len(row) - 1)
        logits = self._phi.after(self._context, row, ready)
        if np.isnan(logits).any():
            raise DecoderError("Phi gave no finite answer. Copy the decoder's file again.")
        self._seen = list(row)
        return logits

    def ends(self, token: int) -> bool:
        """Whether a token ends the text."""
        return self._phi.ends(token)

    def piece(self, token: int) -> bytes:
        """The text of a token."""
        return self._phi.piece(token)


def _model_of(setup: Setup) -> Any:
    model = llama_cpp.llama_model_default_params()
    model.n_gpu_layers = 0
    model.load_mode = llama_cpp.LLAMA_LOAD_MODE_MMAP
    model.use_extra_bufts = setup.repack
    return model


def _context_of(setup: Setup, size: int, sequences: int) -> Any:
    context = llama_cpp.llama_context_default_params()
    context.n_ctx = context.n_batch = size
    context.n_ubatch = min(size, MICRO_BATCH)
    context.n_seq_max = sequences
    context.n_outputs_max = max(1, sequences)
    context.n_threads, context.n_threads_batch = setup.threads, setup.threads_batch
    context.kv_unified = True  # so that sequences share what they have in common
    if setup.quantised_kv:
        context.type_k = context.type_v = llama_cpp.GGML_TYPE_Q8_0
        context.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
    return context


def _applied(template: str) -> str:
    """A user's message of CONTENT in the template's words, up to where the answer begins."""
    try:
        # The template is a program from the file: Jinja runs it in its sandbox, in this process.
        formatter = Jinja2ChatFormatter(template, eos_token="", bos_token="")
        text = str(formatter(messages=[{"role": "user", "content": CONTENT}]).prompt)
    except TemplateError as problem:
        raise DecoderError(
            f"The chat template of this GGUF is faulty ({problem}). Give another GGUF."
        ) from problem
    if text.count(CONTENT) != 1 or text.endswith(CONTENT):
        raise DecoderError("The chat template of this GGUF asks nothing. Give another GGUF.")
    return text


def _save(context: Any, path: Path, prefix: Tokens) -> bool:
    tokens = (llama_cpp.llama_token * len(prefix))(*prefix)
    size = llama_cpp.llama_state_seq_save_file(context, os.fsencode(path), 0, tokens, len(prefix))
    return bool(size)


def _load(context: Any, path: Path, prefix: Tokens) -> bool:
    tokens, count = (llama_cpp.llama_token * len(prefix))(), ctypes.c_size_t()
    size = llama_cpp.llama_state_seq_load_file(
        context, os.fsencode(path), 0, tokens, len(prefix), ctypes.byref(count)
    )
    return bool(size) and list(tokens[: count.value]) == prefix


def _fill(batch: Any, rows: Sequence[Tokens], start: int) -> list[int]:
    """Puts the rows into a batch; returns the index of each row's last token."""
    ends = []
    for sequence, row in enumerate(rows):
        for place, token in enumerate(row):
            index = batch.n_tokens
            batch.token[index] = token
            batch.pos[index] = start + place
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = sequence
            batch.logits[index] = place == len(row) - 1
            batch.n_tokens = index + 1
        ends.append(batch.n_tokens - 1)
    return ends


def _shared(rows: Sequence[Tokens]) -> int:
    """How many tokens all rows share at their start; each keeps at least one of its own."""
    return min(shared_start(rows), min(map(len, rows)) - 1)


def _groups(rows: Sequence[Tokens], context: int) -> Iterator[Sequence[Tokens]]:
    """The rows in order, as many at once as the context and a batch hold."""
    group: list[Tokens] = []
    for row in rows:
        grown = [*group, row]
        shared = _shared(grown)
        if len(grown) > SEQUENCES or shared + sum(len(one) - shared for one in grown) > context:
            yield group
            grown = [row]
        group = grown
    if group:
        yield group

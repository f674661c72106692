"""Writes a GGUF of a published Phi's exact shapes with random weights: real cost, no knowledge.

    python benchmarks/random_phi.py phi-3.5-mini phi-3.5-mini.gguf
    python benchmarks/random_phi.py phi-4-mini phi-4-mini.gguf

Every tensor has the type that the quantiser of the pinned llama.cpp gives it in Q4_K_M. A tensor is
made of random blocks under one scale, so that its weights have mean 0 and the deviation DEVIATION;
it is written before the next is made. The tokenizer is that of the bundle's own small Phi, with
the tokens of the chat and unused ones up to the vocabulary's size.
`--layers`, `--width` and `--tokens` make a small relative.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind
from numpy.typing import NDArray

SHIPPED = Path(__file__).parents[1] / "models" / "default" / "decoder.gguf"
DEVIATION = 0.02
SEED = 0
NAME = "random weights"
"""A name with phi-3 in it would make llama.cpp look for tokens of Phi-3's own tokenizer."""
CHAT = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>BREAK' + message['content'] + '<|end|>BREAK' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>BREAK' }}{% endif %}"
)
"""The published format of both; Phi-3.5 breaks the line where BREAK stands, Phi-4-mini does not."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shapes:
    """Sizes of one published model."""

    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    rotated: int
    """Columns of a head that turn with the position."""
    tokens: int
    tied: bool
    """Whether the embedding is also the output."""
    line_break: str
    context: int = 131_072
    trained_context: int = 4_096
    """Before the positions were stretched."""
    window: int = 262_144

    @property
    def head_width(self) -> int:
        """Columns of a head."""
        return self.width // self.heads


MODELS = {
    "phi-3.5-mini": Shapes(32, 3072, 8192, 32, 32, 96, 32_064, False, "\\n"),
    "phi-4-mini": Shapes(32, 3072, 8192, 24, 8, 96, 200_064, True, ""),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """How the fixed bytes of a block turn its random ones into weights around 0."""

    head: bytes
    """Before the random bytes."""
    tail: bytes
    """Behind them."""


def main() -> None:
    """Writes the file that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", choices=list(MODELS))
    parser.add_argument("out", type=Path, metavar="OUT.gguf")
    parser.add_argument("--layers", type=int, help="instead of all")
    parser.add_argument("--width", type=int, help="a multiple of 768, with as many heads as fit")
    parser.add_argument("--tokens", type=int, help="size of the vocabulary")
    parser.add_argument("--tokenizer", type=Path, default=SHIPPED, metavar="FILE.gguf")
    asked = parser.parse_args()
    if asked.width and asked.width % 768:
        parser.error("--width must be a multiple of 768: whole heads, and whole blocks of weights.")
    shapes = reduced(MODELS[asked.model], asked.layers, asked.width, asked.tokens)
    write(asked.out, shapes, asked.tokenizer)
    print(f"{asked.out}: {asked.out.stat().st_size / 2**20:.0f} MiB")


def reduced(full: Shapes, layers: int | None, width: int | None, tokens: int | None) -> Shapes:
    """The shapes with what was asked for instead; heads keep their width and their sharing."""
    width = width or full.width
    return replace(
        full,
        layers=layers or full.layers,
        width=width,
        feed_forward=full.feed_forward * width // full.width,
        heads=full.heads * width // full.width,
        kv_heads=full.kv_heads * width // full.width,
        tokens=tokens or full.tokens,
    )


def write(path: Path, shapes: Shapes, tokenizer: Path) -> None:
    """The whole file, one tensor in memory at a time."""
    writer = gguf.GGUFWriter(path, "phi3")
    writer.add_name(NAME)
    add_sizes(writer, shapes)
    add_tokenizer(writer, shapes, tokenizer)
    matrices = dict(quantised(shapes))
    plain = dict(unquantised(shapes))
    for tensor, values in plain.items():
        writer.add_tensor_info(tensor, values.shape, values.dtype, values.nbytes)
    for tensor, (kind, shape) in matrices.items():
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        row = shape[1] // elements * size
        writer.add_tensor_info(
            tensor, (shape[0], row), np.dtype(np.uint8), shape[0] * row, raw_dtype=kind
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    rng = np.random.default_rng(SEED)
    for values in plain.values():
        writer.write_tensor_data(values)
    for kind, shape in matrices.values():
        writer.write_tensor_data(random_blocks(rng, kind, math.prod(shape)))
    writer.close()


def add_sizes(writer: gguf.GGUFWriter, shapes: Shapes) -> None:
    """The keys that the published files have."""
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(shapes.context)
    writer.add_embedding_length(shapes.width)
    writer.add_feed_forward_length(shapes.feed_forward)
    writer.add_block_count(shapes.layers)
    writer.add_head_count(shapes.heads)
    writer.add_head_count_kv(shapes.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shapes.rotated)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_scaling_orig_ctx_len(shapes.trained_context)
    stretch = shapes.context / shapes.trained_context
    attention = math.sqrt(1 + math.log(stretch) / math.log(shapes.trained_context))
    writer.add_rope_scaling_attn_factors(attention)
    writer.add_sliding_window(shapes.window)
    writer.add_vocab_size(shapes.tokens)


def add_tokenizer(writer: gguf.GGUFWriter, shapes: Shapes, path: Path) -> None:
    """The tokens and merges of the GGUF at `path`, those of the chat, and unused ones.

    As in a published tokenizer there are about as many merges as tokens: they take memory.
    """
    reader = gguf.GGUFReader(path)
    own = [str(one) for one in reader.fields["tokenizer.ggml.tokens"].contents()]
    kinds = [int(one) for one in reader.fields["tokenizer.ggml.token_type"].contents()]
    known = [*own, *(one for one in CHAT if one not in own)]
    kinds += [int(gguf.TokenType.CONTROL)] * (len(known) - len(own))
    spare = [f"<|unused {number}|>" for number in range(len(known), shapes.tokens)]
    kinds += [int(gguf.TokenType.UNUSED)] * len(spare)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([*known, *spare])
    writer.add_token_types(kinds)
    merges = [str(one) for one in reader.fields["tokenizer.ggml.merges"].contents()]
    spare = [f"unused {number}" for number in range(len(merges), shapes.tokens)]
    writer.add_token_merges([*merges, *spare])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(known.index("<|end|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE.replace("BREAK", shapes.line_break))


def unquantised(shapes: Shapes) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Norms, all 1, and how positions are stretched: not at all, or more in slower columns."""
    columns = shapes.rotated // 2
    stretch = shapes.context / shapes.trained_context
    yield "rope_factors_short.weight", np.ones(columns, np.float32)
    yield "rope_factors_long.weight", np.geomspace(1.0, stretch, columns, dtype=np.float32)
    for layer in range(shapes.layers):
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{layer}.{name}.weight", np.ones(shapes.width, np.float32)
    yield "output_norm.weight", np.ones(shapes.width, np.float32)


def quantised(shapes: Shapes) -> Iterator[tuple[str, tuple[Kind, tuple[int, int]]]]:
    """Name -> type and (rows, columns) of every matrix, as llama.cpp chooses for Q4_K_M."""
    vocabulary = (shapes.tokens, shapes.width)
    yield "token_embd.weight", (Kind.Q6_K if shapes.tied else Kind.Q4_K, vocabulary)
    if not shapes.tied:
        yield "output.weight", (Kind.Q6_K, vocabulary)
    keys = 2 * shapes.kv_heads * shapes.head_width
    for layer in range(shapes.layers):
        finer = Kind.Q6_K if gets_more_bits(layer, shapes.layers) else Kind.Q4_K
        matrices = {
            "attn_qkv": (finer, (shapes.width + keys, shapes.width)),
            "attn_output": (Kind.Q4_K, (shapes.width, shapes.width)),
            "ffn_up": (Kind.Q4_K, (2 * shapes.feed_forward, shapes.width)),
            "ffn_down": (finer, (shapes.width, shapes.feed_forward)),
        }
        for name, matrix in matrices.items():
            yield f"blk.{layer}.{name}.weight", matrix


def gets_more_bits(layer: int, layers: int) -> bool:
    """Whether llama.cpp keeps attn_qkv and ffn_down finer: first and last eighth, every third."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def random_blocks(rng: np.random.Generator, kind: Kind, weights: int) -> Bytes:
    """That many weights of mean 0 and deviation DEVIATION, as the bytes of their blocks."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    scale = SCALES[kind]
    blocks = rng.integers(0, 256, size=(weights // elements, size), dtype=np.uint8)
    blocks[:, : len(scale.head)] = np.frombuffer(scale.head, np.uint8)
    if scale.tail:
        blocks[:, -len(scale.tail) :] = np.frombuffer(scale.tail, np.uint8)
    return blocks


def scale_with_minimum() -> Scale:
    """Of Q4_K: weight = d * 32 * level - dmin * 32, levels 0 .. 15."""
    d = DEVIATION / (32 * deviation_of(16))
    halves = np.array([d, d * 7.5], np.float16).tobytes()
    # Eight scales and eight minima of 6 bits, all 32, in the packing of ggml's K quants.
    return Scale(halves + bytes([0xA0] * 8 + [0] * 4), b"")


def symmetric_scale() -> Scale:
    """Of Q6_K: weight = d * 8 * (level - 32), levels 0 .. 63; mean half a level below 0."""
    d = DEVIATION / (8 * deviation_of(64))
    return Scale(b"", bytes([8] * 16) + np.array([d], np.float16).tobytes())


def deviation_of(levels: int) -> float:
    """Standard deviation of whole numbers drawn evenly from 0 .. `levels` - 1."""
    return math.sqrt((levels**2 - 1) / 12)


SCALES = {Kind.Q4_K: scale_with_minimum(), Kind.Q6_K: symmetric_scale()}


if __name__ == "__main__":
    main()

"""Reads the header of a GGUF file as untrusted input, before llama.cpp may parse it.

Source: the GGUF specification (ggml/docs/gguf.md), versions 2 and 3, little-endian.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.gguf_stream import GgufStream, Value

ARCHITECTURE: Final = "phi3"
"""The family of Phi-3, Phi-3.5 and Phi-4-mini: llama.cpp knows them all under this name."""
MOST_KEYS: Final = 1024
MOST_TENSORS: Final = 4096
LONGEST_NAME: Final = 256
LONGEST_TEXT: Final = 2**20
MOST_BYTES: Final = 2**40
"""Of one tensor; far beyond any file here, and no product of dimensions overflows before it."""
ALIGNMENT: Final = 32

SCALARS: Final = dict(zip((*range(8), 10, 11, 12), "BbHhIif?Qqd", strict=True))
"""Type of a value -> its struct code."""
TEXT, ARRAY = 8, 9

BLOCKS: Final = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    29: (256, 56),
    30: (1, 2),
}
"""ggml type -> elements and bytes of a block: F32, F16, Q4_0 .. Q8_0, K and I quants, BF16."""

SIZES: Final = {
    "block_count": 512,
    "embedding_length": 2**16,
    "attention.head_count": 1024,
    "attention.head_count_kv": 1024,
    "feed_forward_length": 2**20,
    "context_length": 2**24,
}
"""Of the model -> the most that is believed."""
TOKENS: Final = "tokenizer.ggml.tokens"
ARRAYS: Final = {
    TOKENS: (TEXT,),
    "tokenizer.ggml.merges": (TEXT,),
    "tokenizer.ggml.scores": (6,),
    "tokenizer.ggml.token_type": (4, 5),
}
"""Arrays whose elements llama.cpp takes as they should be -> the types that they may have."""
PER_TOKEN: Final = ("tokenizer.ggml.scores", "tokenizer.ggml.token_type")
"""Those of which llama.cpp reads as many elements as there are tokens."""
KEPT: Final = frozenset(
    {
        "general.architecture",
        "general.name",
        "general.alignment",
        "split.count",
        "tokenizer.ggml.model",
        "tokenizer.chat_template",
        *(f"{ARCHITECTURE}.{size}" for size in SIZES),
    }
)
"""The only values that are kept; all others are passed over."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where one tensor lies."""

    name: str
    shape: tuple[int, ...]
    """Fastest dimension first, as the file has it."""
    start: int
    """Bytes from the start of the data."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Gguf:
    """What the header of a checked file says."""

    name: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    feed_forward: int
    context: int
    """Tokens that the model was trained to read."""
    tokens: int
    """Size of the vocabulary."""
    weights: int
    """Bytes of all tensors."""
    chat_template: str
    """Jinja template of the chat, as the file brings it; empty where it brings none."""

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads


def check_gguf(path: Path) -> Gguf:
    """The facts of a Phi-3 family GGUF whose header is sound and whose tensors lie in the file.

    Checked are magic, version, counts, lengths, keys, every tensor's type, place and size, the
    architecture and its sizes, that the vocabulary has as many tokens as the embedding rows, and
    that what belongs to a token is there for each, in the type that llama.cpp takes it for.
    Raises DecoderError that says what is wrong and at which byte.
    """
    try:
        with path.open("rb") as stream:
            return _check(GgufStream(stream, path.name, os.fstat(stream.fileno()).st_size))
    except OSError as problem:
        raise DecoderError(
            f"{path.name} cannot be read ({problem.strerror}). Copy the file again."
        ) from problem


@dataclass(frozen=True, slots=True)
class _Header:
    values: Mapping[str, Value]
    """Of KEPT."""
    lengths: Mapping[str, int]
    """Of ARRAYS."""
    tensors: Mapping[str, Tensor]
    data: int
    """Byte at which the tensors' data start."""


def _check(reader: GgufStream) -> Gguf:
    header = _header(reader)
    _check_places(reader, header)
    return _facts(reader, header)


def _header(reader: GgufStream) -> _Header:
    if reader.take(4) != b"GGUF":
        reader.refuse("it does not start with GGUF")
    version = reader.number("I")
    if version not in (2, 3):
        reader.refuse(f"version {version}; only versions 2 and 3, little-endian, are read")
    count = reader.count(MOST_TENSORS, "tensors")
    keys = reader.count(MOST_KEYS, "keys")
    values: dict[str, Value] = {}
    lengths: dict[str, int] = {}
    seen: set[str] = set()
    for _ in range(keys):
        name = reader.text(LONGEST_NAME)
        if name in seen:
            reader.refuse(f"the key {name!r} occurs twice")
        seen.add(name)
        _value(reader, name, values, lengths)
    alignment = values.get("general.alignment", ALIGNMENT)
    if type(alignment) is not int or not 1 <= alignment <= 2**16 or alignment & (alignment - 1):
        reader.refuse(f"an alignment of {alignment!r}")
    tensors: dict[str, Tensor] = {}
    for _ in range(count):
        tensor = _tensor(reader, alignment)
        if tensor.name in tensors:
            reader.refuse(f"the tensor {tensor.name!r} occurs twice")
        tensors[tensor.name] = tensor
    return _Header(values, lengths, tensors, math.ceil(reader.place / alignment) * alignment)


def _value(
    reader: GgufStream, name: str, values: dict[str, Value], lengths: dict[str, int]
) -> None:
    """Keeps what KEPT names, and of what ARRAYS names the length; passes over all else."""
    kind = int(reader.number("I"))
    if name in (KEPT if kind == ARRAY else ARRAYS):
        reader.refuse(f"the key {name!r} has the wrong type {kind}")
    if kind == ARRAY:
        length = _array(reader, name)
        if name in ARRAYS:
            lengths[name] = length
    elif name not in KEPT:
        _pass_over(reader, name, kind, 1)
    elif kind == TEXT:
        values[name] = reader.text(LONGEST_TEXT)
    else:
        values[name] = reader.number(_code(reader, name, kind))


def _array(reader: GgufStream, name: str) -> int:
    """Passes over an array; its length."""
    kind = int(reader.number("I"))
    if kind not in ARRAYS.get(name, (kind,)):
        reader.refuse(f"the elements of {name!r} have the wrong type {kind}")
    count = reader.count(reader.elements, f"elements in {name!r}")
    reader.elements -= count
    _pass_over(reader, name, kind, count)
    return count


def _pass_over(reader: GgufStream, name: str, kind: int, count: int) -> None:
    if kind != TEXT:
        reader.skip(count * struct.calcsize(f"<{_code(reader, name, kind)}"))
        return
    for _ in range(count):
        reader.skip(reader.length(LONGEST_TEXT, f"bytes in a text of {name!r}"))


def _code(reader: GgufStream, name: str, kind: int) -> str:
    code = SCALARS.get(kind)
    if code is None:
        reader.refuse(f"the key {name!r} has the unknown type {kind}")
    return code


def _tensor(reader: GgufStream, alignment: int) -> Tensor:
    name = reader.text(LONGEST_NAME)
    dimensions = int(reader.number("I"))
    if not 1 <= dimensions <= 4:
        reader.refuse(f"the tensor {name!r} has {dimensions} dimensions")
    shape = tuple(
        reader.count(MOST_BYTES, f"as a dimension of {name!r}") for _ in range(dimensions)
    )
    kind, start = int(reader.number("I")), int(reader.number("Q"))
    if kind not in BLOCKS:
        reader.refuse(f"the tensor {name!r} has the unknown type {kind}")
    elements, size = BLOCKS[kind]
    if 0 in shape or shape[0] % elements or math.prod(shape) > MOST_BYTES:
        reader.refuse(f"the tensor {name!r} has the impossible shape {shape}")
    if start % alignment:
        reader.refuse(f"the tensor {name!r} starts at {start}, which is not aligned")
    return Tensor(name, shape, start, math.prod(shape) // elements * size)


def _check_places(reader: GgufStream, header: _Header) -> None:
    """Every tensor lies within the file and none on another."""
    end, before = 0, ""
    for one in sorted(header.tensors.values(), key=lambda one: one.start):
        if one.start < end:
            reader.refuse(f"the tensors {before!r} and {one.name!r} overlap")
        end, before = one.start + one.size, one.name
    if header.data + end > reader.size:
        reader.refuse(
            f"the tensor {before!r} ends at {header.data + end}, the file at {reader.size}"
        )


def _facts(reader: GgufStream, header: _Header) -> Gguf:
    architecture = header.values.get("general.architecture")
    if architecture != ARCHITECTURE:
        reader.refuse(f"its architecture is {architecture!r}, not {ARCHITECTURE!r}")
    if "split.count" in header.values and header.values["split.count"] != 1:
        reader.refuse("it is one of several parts; join them with llama-gguf-split --merge")
    heads = _size(reader, header, "attention.head_count")
    gguf = Gguf(
        name=str(header.values.get("general.name", "")),
        layers=_size(reader, header, "block_count"),
        width=_size(reader, header, "embedding_length"),
        heads=heads,
        kv_heads=_size(reader, header, "attention.head_count_kv", heads),
        feed_forward=_size(reader, header, "feed_forward_length"),
        context=_size(reader, header, "context_length"),
        tokens=_tokens(reader, header),
        weights=sum(one.size for one in header.tensors.values()),
        chat_template=str(header.values.get("tokenizer.chat_template", "")),
    )
    if gguf.width % gguf.heads or gguf.heads % gguf.kv_heads:
        reader.refuse(f"{gguf.heads} and {gguf.kv_heads} heads do not share {gguf.width} columns")
    _check_tensors(reader, header, gguf)
    return gguf


def _tokens(reader: GgufStream, header: _Header) -> int:
    """Size of the vocabulary, of which every array that is there speaks."""
    tokens = header.lengths.get(TOKENS, 0)
    if not tokens or not isinstance(header.values.get("tokenizer.ggml.model"), str):
        reader.refuse("it holds no tokenizer")
    for name in PER_TOKEN:
        if header.lengths.get(name, tokens) != tokens:
            reader.refuse(f"{name!r} has {header.lengths[name]} elements for {tokens} tokens")
    return tokens


def _size(reader: GgufStream, header: _Header, key: str, default: int = 0) -> int:
    value = header.values.get(f"{ARCHITECTURE}.{key}", default)
    if type(value) is not int or not 1 <= value <= SIZES[key]:
        reader.refuse(f"{ARCHITECTURE}.{key} is {value!r}")
    return value


def _check_tensors(reader: GgufStream, header: _Header, gguf: Gguf) -> None:
    """The matrices that every model of the family has, in the shapes that its sizes ask for."""
    key_width = gguf.kv_heads * gguf.head_width
    layer = {
        "attn_norm": (gguf.width,),
        "attn_qkv": (gguf.width, gguf.width + 2 * key_width),
        "attn_output": (gguf.width, gguf.width),
        "ffn_norm": (gguf.width,),
        "ffn_up": (gguf.width, 2 * gguf.feed_forward),
        "ffn_down": (gguf.feed_forward, gguf.width),
    }
    wanted = {"token_embd": (gguf.width, gguf.tokens), "output_norm": (gguf.width,)}
    wanted |= {
        f"blk.{number}.{name}": shape
        for number in range(gguf.layers)
        for name, shape in layer.items()
    }
    if "output.weight" in header.tensors:
        wanted["output"] = wanted["token_embd"]
    for name, shape in wanted.items():
        tensor = header.tensors.get(f"{name}.weight")
        if tensor is None or tensor.shape != shape:
            found = "missing" if tensor is None else f"of shape {tensor.shape}"
            reader.refuse(f"the tensor '{name}.weight' is {found}; its sizes ask for {shape}")

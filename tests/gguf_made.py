"""GGUF files made here: a small one of zeros, and the shipped one with another chat template."""

import math
import struct

ALIGNMENT = 32
PADDING = "test.padding"

PHI3 = (
    "{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)
"""The template of Phi-3, shortened to what a user's message needs."""


def text_of(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def with_template(shipped, template):
    """The shipped GGUF as bytes, with a chat template as its first key.

    What is put in has whole units of the alignment, so that all that follows keeps its place in it.
    """
    keys = struct.unpack_from("<Q", shipped, 16)[0]
    entry = pair_of("tokenizer.chat_template", template)
    missing = -len(entry + pair_of(PADDING, "")) % ALIGNMENT
    entry += pair_of(PADDING, " " * missing)
    return shipped[:16] + struct.pack("<Q", keys + 2) + entry + shipped[24:]


def pair_of(key, value):
    return text_of(key) + struct.pack("<I", 8) + text_of(value)


def array_of(key, kind, count, elements):
    """A key with an array of so many elements of a type, given as bytes."""
    return text_of(key) + struct.pack("<IIQ", 9, kind, count) + elements


def small_phi(**keys):
    """A sound Phi of 3 layers and 1024 tokens whose weights are zeros, and its header's length.

    `keys` are bytes of further ones; `tokens` replaces that of the tokens.
    """
    tensors = dict(_small_tensors())
    pairs = [*_small_keys(), *({"tokens": WORDS} | keys).values()]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join(pairs)
    start = 0
    for name, shape in tensors.items():
        kind = 0 if len(shape) == 1 else 1
        sizes = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        head += text_of(name) + sizes + struct.pack("<IQ", kind, start)
        start += math.prod(shape) * (2 if kind else 4)
    head = head.ljust(-(-len(head) // ALIGNMENT) * ALIGNMENT, b"\0")
    return head + bytes(start), len(head)


WORDS = array_of(
    "tokenizer.ggml.tokens", 8, 1024, b"".join(text_of(f"w{number}") for number in range(1024))
)


def _small_keys():
    numbers = {
        **{"context_length": 1024, "embedding_length": 128, "feed_forward_length": 256},
        **{"block_count": 3, "attention.head_count": 4, "attention.head_count_kv": 4},
    }
    return [
        pair_of("general.architecture", "phi3"),
        text_of("general.file_type") + struct.pack("<II", 4, 1),
        *(text_of(f"phi3.{key}") + struct.pack("<II", 4, one) for key, one in numbers.items()),
        pair_of("tokenizer.ggml.model", "gpt2"),
    ]


def _small_tensors():
    yield "token_embd.weight", (128, 1024)
    for layer in range(3):
        yield f"blk.{layer}.attn_norm.weight", (128,)
        yield f"blk.{layer}.attn_qkv.weight", (128, 384)
        yield f"blk.{layer}.attn_output.weight", (128, 128)
        yield f"blk.{layer}.ffn_norm.weight", (128,)
        yield f"blk.{layer}.ffn_up.weight", (128, 512)
        yield f"blk.{layer}.ffn_down.weight", (256, 128)
    yield "output_norm.weight", (128,)
    yield "output.weight", (128, 1024)

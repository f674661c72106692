"""GGUF files made of the shipped one: the same model with another chat template."""

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

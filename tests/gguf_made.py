"""GGUF files made of the shipped one: the same model with another chat template."""

import struct

HEADER_END = 30229
"""Where the shipped decoder's header ends, before its padding."""
ALIGNMENT = 32

PHI3 = (
    "{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)
"""The template of Phi-3, shortened to what a user's message needs."""


def text_of(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def padded(size):
    return -(-size // ALIGNMENT) * ALIGNMENT


def with_template(shipped, template):
    """The shipped GGUF as bytes, with a chat template as its first key."""
    keys = struct.unpack_from("<Q", shipped, 16)[0]
    entry = text_of("tokenizer.chat_template") + struct.pack("<I", 8) + text_of(template)
    head = shipped[:16] + struct.pack("<Q", keys + 1) + entry + shipped[24:HEADER_END]
    return head.ljust(padded(len(head)), b"\0") + shipped[padded(HEADER_END) :]

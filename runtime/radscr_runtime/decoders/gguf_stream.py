"""The bytes of a GGUF file as they are read before llama.cpp may: bounded, and with their place."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, Final, NoReturn

from radscr_edge.errors import DecoderError

MOST_ELEMENTS: Final = 2**21
"""Of all arrays: the largest vocabulary of the family has 200,064 tokens, as many types and merges.
"""
MOST_TEXT: Final = 2**25
"""Bytes of all texts: some eighty for every token and merge of that vocabulary."""

Value = int | float | bool | str


class GgufStream:
    """A stream that never reads more than the file has, and says where it stumbles."""

    def __init__(self, stream: BinaryIO, name: str, size: int) -> None:
        self._stream = stream
        self._name = name
        self.size = size
        self.elements = MOST_ELEMENTS
        """That arrays may still have."""
        self._text = MOST_TEXT

    @property
    def place(self) -> int:
        """Byte that is read next."""
        return self._stream.tell()

    def refuse(self, what: str) -> NoReturn:
        """Raises the DecoderError."""
        raise DecoderError(
            f"{self._name} is no sound Phi model: {what} (before byte {self.place}). "
            "Copy the file again, or give another GGUF of the Phi-3 family."
        )

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        part = self._stream.read(size)
        if len(part) != size:
            self.refuse("the file ends early")
        return part

    def skip(self, size: int) -> None:
        """Passes over `size` bytes, which must be there."""
        if size > self.size - self.place:
            self.refuse("the file ends early")
        self._stream.seek(size, os.SEEK_CUR)

    def number(self, code: str) -> Value:
        """One little-endian number of a struct code."""
        layout = struct.Struct(f"<{code}")
        value: Value = layout.unpack(self.take(layout.size))[0]
        return value

    def count(self, most: int, what: str) -> int:
        """A 64-bit count of at most `most`."""
        value = int(self.number("Q"))
        if value > most:
            self.refuse(f"{value} {what}; at most {most} are read")
        return value

    def length(self, longest: int, what: str) -> int:
        """Bytes of the string that follows; all strings together are bounded too."""
        size = self.count(longest, what)
        self._text -= size
        if self._text < 0:
            self.refuse(f"more than {MOST_TEXT} bytes of text")
        return size

    def text(self, longest: int) -> str:
        """A string with its length before it."""
        raw = self.take(self.length(longest, "bytes in a text"))
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.refuse("a text is not UTF-8")

"""Decoders: which supplementary sentences U join the retrieved ones Q, which stay verbatim."""

from radscr_runtime.decoders.choose import open_decoder
from radscr_runtime.decoders.decoder import Decoder
from radscr_runtime.decoders.plain import PlainDecoder

__all__ = ["Decoder", "PlainDecoder", "open_decoder"]

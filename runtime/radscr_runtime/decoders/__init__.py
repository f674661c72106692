"""Decoders: which supplementary sentences U join the retrieved ones Q, which stay verbatim."""

from radscr_runtime.decoders.choose import in_order, open_decoder
from radscr_runtime.decoders.decoder import Decoder
from radscr_runtime.decoders.plain import PlainDecoder

__all__ = ["Decoder", "PlainDecoder", "in_order", "open_decoder"]

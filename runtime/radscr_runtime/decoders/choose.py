"""Opens the decoder that was asked for, or `plain` with the reason why."""

from __future__ import annotations

from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.decoder import Decoder
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.plain import PlainDecoder

CHOICES = ("auto", "plain", "judge")


def open_decoder(bundle: Bundle, choice: str, threads: int) -> tuple[Decoder, str]:
    """The decoder and, where it is not the one asked for, one sentence that says why.

    `choice` is one of CHOICES; 'auto' is what the bundle's manifest names.
    """
    if choice not in CHOICES:
        raise DecoderError(f"{choice!r} is no decoder; choose one of {', '.join(CHOICES)}.")
    wanted = bundle.decoder if choice == "auto" else choice
    if wanted == "plain":
        return PlainDecoder(), ""
    if not bundle.has_decoder:
        return PlainDecoder(), "The bundle holds no language model; the plain decoder was used."
    try:
        check_gguf(bundle.path(Files.DECODER))
        from radscr_runtime.decoders.llama import Phi  # noqa: PLC0415  loads native code

        return JudgeDecoder(Phi(bundle.path(Files.DECODER), threads)), ""
    except DecoderError as problem:
        return PlainDecoder(), f"{problem} The plain decoder was used."

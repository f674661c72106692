"""Opens the decoder that was asked for, or `plain` with the reason why."""

from __future__ import annotations

from importlib.util import find_spec

from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.decoder import Decoder
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.plain import PlainDecoder
from radscr_runtime.decoders.process import Model, PhiProcess
from radscr_runtime.options import Options

CHOICES = ("auto", "plain", "judge")


def open_decoder(bundle: Bundle, options: Options) -> tuple[Decoder, str]:
    """The decoder and, where it is not the one asked for, one sentence that says why.

    `options.decoder` is one of CHOICES; 'auto' is what the bundle's manifest names.
    """
    choice = options.decoder
    if choice not in CHOICES:
        raise DecoderError(f"{choice!r} is no decoder; choose one of {', '.join(CHOICES)}.")
    wanted = bundle.decoder if choice == "auto" else choice
    if wanted == "plain":
        return PlainDecoder(), ""
    if not bundle.has_decoder:
        return PlainDecoder(), "The bundle holds no language model; the plain decoder was used."
    try:
        return JudgeDecoder(_phi(bundle, options)), ""
    except DecoderError as problem:
        return PlainDecoder(), f"{problem} The plain decoder was used."


def _phi(bundle: Bundle, options: Options) -> PhiProcess:
    """A process that has not started yet; DecoderError where it would be of no use."""
    if find_spec("llama_cpp") is None:
        raise DecoderError(
            "llama-cpp-python is not installed, so Phi cannot run. Install the extra 'phi'."
        )
    path = bundle.path(Files.DECODER)
    return PhiProcess(Model(path, bundle.decoder_digest, check_gguf(path)), options)

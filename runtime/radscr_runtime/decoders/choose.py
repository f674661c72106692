"""Opens the decoder that was asked for, or `plain` with the reason why."""

from __future__ import annotations

from importlib.util import find_spec

from radscr_edge.contract import Bundle
from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.decoder import Decoder
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.plain import PlainDecoder
from radscr_runtime.decoders.process import PhiProcess
from radscr_runtime.decoders.site import SHIPPED, Entry, load_decoders, model_of
from radscr_runtime.options import Options

CHOICES = ("auto", "plain", "judge")


def open_decoder(bundle: Bundle, options: Options) -> tuple[Decoder, str]:
    """The decoder, whose process starts when it is needed, and a sentence for the report.

    The sentence says why it is not the one asked for, or which one added on site it is.
    `options.decoder` is one of CHOICES. 'judge' asks the GGUF that the site uses; so does 'auto'
    where that one passed the gate, and else it is what the bundle's manifest names, with the
    bundle's own GGUF.
    """
    choice = options.decoder
    if choice not in CHOICES:
        raise DecoderError(f"{choice!r} is no decoder; choose one of {', '.join(CHOICES)}.")
    if choice == "plain":
        return PlainDecoder(), ""
    try:
        added = _added(bundle)
        if choice == "auto" and not (added and added.verdict and added.verdict.passed):
            if bundle.decoder == "plain":
                return PlainDecoder(), ""
            added = None
        model = model_of(bundle, added.name if added else SHIPPED)
        _check_installed()
    except DecoderError as problem:
        return PlainDecoder(), f"{problem} The plain decoder was used."
    return JudgeDecoder(PhiProcess(model, options)), _told(added)


def _added(bundle: Bundle) -> Entry | None:
    """The GGUF of the site that is in use; None where it is the bundle's own."""
    site = load_decoders(bundle)
    return None if site.used == SHIPPED else site.find(site.used)


def _told(added: Entry | None) -> str:
    if added is None:
        return ""
    return f"Phi is {added.name} ({added.sha256[:12]}), added on site; {added.measured}."


def _check_installed() -> None:
    if find_spec("llama_cpp") is None:
        raise DecoderError(
            "llama-cpp-python is not installed, so Phi cannot run. Install the extra 'phi'."
        )

"""Opens the decoder that was asked for, or `plain` with the reason why."""

from __future__ import annotations

from importlib.util import find_spec

from radscr_edge.contract import Bundle
from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.decoder import Decoder
from radscr_runtime.decoders.fluent import FREE, JOINED, MODES, FluentDecoder
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.plain import PlainDecoder
from radscr_runtime.decoders.process import Model, PhiProcess
from radscr_runtime.decoders.prose_site import check_offered
from radscr_runtime.decoders.site import SHIPPED, load_decoders, model_of
from radscr_runtime.options import Options

CHOICES = ("auto", "plain", "judge", "fluent")


def open_decoder(bundle: Bundle, options: Options) -> tuple[Decoder, str]:
    """The decoder, whose process starts when it is needed, and a sentence for the report.

    The sentence says why it is not the one asked for, or which one added on site it is.
    `options.decoder` is one of CHOICES; 'auto' is what the bundle's manifest names, with the
    bundle's own GGUF; 'judge' and 'fluent' ask the GGUF that the site uses. Where that one is not
    known to write well in the mode asked for, the judge stands in for 'fluent'.
    """
    choice = options.decoder
    if options.prose not in MODES:
        raise DecoderError(f"{options.prose!r} is no mode of prose; choose {' or '.join(MODES)}.")
    if choice not in CHOICES:
        raise DecoderError(f"{choice!r} is no decoder; choose one of {', '.join(CHOICES)}.")
    wanted = bundle.decoder if choice == "auto" else choice
    if wanted == "plain":
        return PlainDecoder(), ""
    try:
        used = SHIPPED if choice == "auto" else load_decoders(bundle).used
        model = model_of(bundle, used)
        _check_installed()
    except DecoderError as problem:
        return PlainDecoder(), f"{problem} The plain decoder was used."
    added = f"Phi is {used} ({model.sha256[:12]}), added on site; its decisions were not measured."
    remark, phi = "" if used == SHIPPED else added, PhiProcess(model, options)
    if wanted != "fluent":
        return JudgeDecoder(phi), remark
    try:
        _check_author(model, options.prose, used)
        check_offered(bundle, model.sha256, options.prose, used)
    except DecoderError as problem:
        return JudgeDecoder(phi), f"{problem} The judge decoder was used. {remark}".strip()
    return FluentDecoder(phi, options.prose), remark


def _check_author(model: Model, mode: str, name: str) -> None:
    if mode == FREE and not model.gguf.chat_template:
        raise DecoderError(
            f"The decoder {name!r} has no chat template, so it cannot write freely. "
            f"Choose --prose {JOINED}."
        )


def _check_installed() -> None:
    if find_spec("llama_cpp") is None:
        raise DecoderError(
            "llama-cpp-python is not installed, so Phi cannot run. Install the extra 'phi'."
        )

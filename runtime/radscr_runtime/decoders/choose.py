"""Opens the decoder that was asked for, or `plain` with the reason why."""

from __future__ import annotations

from importlib.util import find_spec

from radscr_edge.contract import Bundle
from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.decoder import Decoder
from radscr_runtime.decoders.fluent import FREE, JOINED, MODES, FluentDecoder
from radscr_runtime.decoders.gate import check_measured
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.plain import PlainDecoder
from radscr_runtime.decoders.process import Model, PhiProcess
from radscr_runtime.decoders.prose_site import check_offered
from radscr_runtime.decoders.site import SHIPPED, Entry, load_decoders, model_of
from radscr_runtime.options import Options

CHOICES = ("auto", "plain", "judge", "fluent")


def open_decoder(bundle: Bundle, options: Options) -> tuple[Decoder, str]:
    """The decoder, whose process starts when it is needed, and a sentence for the report.

    The sentence says why it is not the one asked for, or which one added on site it is.
    `options.decoder` is one of CHOICES. 'judge' and 'fluent' ask the GGUF that the site uses; so
    does 'auto' where that one passed the gate, and else it is what the bundle's manifest names,
    with the bundle's own GGUF. The judge stands in for 'fluent' where the GGUF is not known to
    write well in the mode asked for.
    """
    _check(options)
    try:
        wanted, added = _wanted(bundle, options.decoder)
        if wanted == "plain":
            return PlainDecoder(), ""
        name = added.name if added else SHIPPED
        model = model_of(bundle, name)
        _check_installed()
    except DecoderError as problem:
        return PlainDecoder(), f"{problem} The plain decoder was used."
    remark, phi = _told(added), PhiProcess(model, options)
    if wanted != "fluent":
        return JudgeDecoder(phi), remark
    try:
        _check_author(model, options.prose, name)
        check_offered(bundle, model.sha256, options.prose, name)
    except DecoderError as problem:
        return JudgeDecoder(phi), f"{problem} The judge decoder was used. {remark}".strip()
    return FluentDecoder(phi, options.prose), remark


def in_order(decoder: Decoder) -> tuple[Decoder, ...]:
    """What composes a report: rules alone, which take no time, and then whoever asks Phi."""
    plain = PlainDecoder()
    return (plain,) if decoder.name == plain.name else (plain, decoder)


def _check(options: Options) -> None:
    if options.prose not in MODES:
        raise DecoderError(f"{options.prose!r} is no mode of prose; choose {' or '.join(MODES)}.")
    if options.decoder not in CHOICES:
        raise DecoderError(
            f"{options.decoder!r} is no decoder; choose one of {', '.join(CHOICES)}."
        )


def _wanted(bundle: Bundle, choice: str) -> tuple[str, Entry | None]:
    """The decoder that a choice stands for, and whose GGUF it asks; None: the bundle's.

    DecoderError where 'auto' would ask one that was measured on other questions.
    """
    if choice == "plain":
        return choice, None
    added = _added(bundle)
    if choice != "auto":
        return choice, added
    if added and added.passed:
        return "judge", added
    if bundle.decoder != "plain":
        check_measured(bundle)
    return bundle.decoder, None


def _check_author(model: Model, mode: str, name: str) -> None:
    if mode == FREE and not model.gguf.chat_template:
        raise DecoderError(
            f"The decoder {name!r} has no chat template, so it cannot write freely. "
            f"Choose --prose {JOINED}."
        )


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

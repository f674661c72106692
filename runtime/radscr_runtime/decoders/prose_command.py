"""The part of `decoder test` about fluent text: tries a GGUF in every mode that it can write in."""

from __future__ import annotations

from collections.abc import Iterator

from radscr_edge.contract import Bundle
from radscr_runtime.decoders.fluent import FREE, JOINED, FluentDecoder
from radscr_runtime.decoders.process import PhiProcess
from radscr_runtime.decoders.prose_site import save_rate
from radscr_runtime.decoders.prose_trial import Trial, try_prose
from radscr_runtime.decoders.site import model_of
from radscr_runtime.options import Options


def try_and_record(bundle: Bundle, name: str, options: Options) -> Iterator[str]:
    """Records how often the GGUF `name` falls back, and says it a line a mode.

    Raises DecoderError where there is no such GGUF, or where a trial was ended by anything but the
    text: by Ctrl-C, the time limit, too little memory. Nothing is recorded of that trial.
    """
    model = model_of(bundle, name)
    # Without a chat template a model does not know that it is asked to write.
    for mode in (JOINED, FREE) if model.gguf.chat_template else (JOINED,):
        phi = PhiProcess(model, options)
        try:
            trial = try_prose(FluentDecoder(phi, mode).write)
        finally:
            phi.close()
        rate = save_rate(bundle, model.sha256, mode, trial)
        offered = f"not offered, as {rate.fault}" if rate.fault else "offered"
        yield (
            f"{name}: fluent text ({mode}) passes the check for {trial.lists - trial.fallen} of "
            f"{trial.lists} lists of sentences: {offered}.{_joints(trial)}{_first(trial)}"
        )


def _joints(trial: Trial) -> str:
    said = ", ".join(f"{count} x {connector!r}" for connector, count in trial.joints)
    fitting = f"{trial.fitting} of {trial.choices} as they should be"
    return f" Its choices between two sentences: {said}; {fitting}." if said else ""


def _first(trial: Trial) -> str:
    return f" The first failure: {trial.failures[0]}" if trial.failures else ""

"""The disposable process in which llama.cpp runs: its crash costs a decision, never a report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from radscr_edge.child import (
    Message,
    answer,
    limit_data,
    limit_processor,
    pack,
    private_output,
    requests,
)
from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.setup import Setup
from radscr_runtime.decoders.states import States

if TYPE_CHECKING:
    from radscr_runtime.decoders.llama import Phi


def main() -> None:
    """Loads the GGUF, then answers one list of prompts after another until the parent leaves."""
    order = json.loads(sys.argv[1])
    setup, seconds = Setup(**order["setup"]), float(order["seconds"])
    states = States(Path(order["states"]), order["sha256"])
    processor_seconds = seconds * max(setup.threads, setup.threads_batch)
    answers = private_output()
    limit_processor(processor_seconds)
    try:
        from radscr_runtime.decoders.llama import Phi  # noqa: PLC0415  where its absence can be told

        limit_data(order["data_mb"])
        phi = Phi(Path(order["path"]), setup, states)
    except (DecoderError, MemoryError) as problem:
        answer(answers, pack(_told(problem)))
        return
    answer(answers, pack({"ready": True}))
    for request in requests():
        limit_processor(processor_seconds)
        answer(answers, pack(_serve(phi, request["prompts"])))


def _serve(phi: Phi, prompts: list[str]) -> Message:
    try:
        return {"log_odds": phi.log_odds(prompts)}
    except (DecoderError, MemoryError) as problem:
        return _told(problem)


def _told(problem: DecoderError | MemoryError) -> Message:
    if isinstance(problem, DecoderError):
        return {"error": str(problem)}
    return {"error": "This GGUF needs more memory than its sizes ask for. Give another GGUF."}


if __name__ == "__main__":
    main()

"""The disposable process in which llama.cpp runs: its crash costs a decision, never a report."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

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
from radscr_runtime.decoders.writing import Order, join, write_freely

if TYPE_CHECKING:
    from radscr_runtime.decoders.llama import Phi

LOADING_S: Final = 120.0
"""Seconds of processor time that loading may take, however short the limit of an answer."""


def main() -> None:
    """Loads the GGUF, then answers one request after another until the parent leaves."""
    order = json.loads(sys.argv[1])
    setup, seconds = Setup(**order["setup"]), float(order["seconds"])
    states = States(Path(order["states"]), order["sha256"])
    processor_seconds = seconds * max(setup.threads, setup.threads_batch)
    answers = private_output()
    limit_processor(max(processor_seconds, LOADING_S))
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
        for message in _serve(phi, request):
            answer(answers, pack(message))


def _serve(phi: Phi, request: Message) -> Iterator[Message]:
    """The odds in one answer; or a text in pieces, and then its end."""
    try:
        if "write" in request:
            order = Order(**request["write"])
            yield from ({"text": piece} for piece in _written(phi, order))
            yield {"end": True}
        else:
            yield {"log_odds": phi.log_odds(request["prompts"])}
    except (DecoderError, MemoryError) as problem:
        yield _told(problem)


def _written(phi: Phi, order: Order) -> Iterator[str]:
    if not order.steps and not phi.chats:
        raise DecoderError("This GGUF has no chat template, so it cannot write freely.")
    # What is to be written is about as long as the sentences that it is made of.
    most = 2 * len(phi.tokens(order.opening))
    room = phi.longest(order.steps) if order.steps else most
    with phi.passage(order.opening, room) as passage:
        yield from join(passage, order.steps) if order.steps else write_freely(passage, most)


def _told(problem: DecoderError | MemoryError) -> Message:
    if isinstance(problem, DecoderError):
        return {"error": str(problem)}
    return {"error": "This GGUF needs more memory than its sizes ask for. Give another GGUF."}


if __name__ == "__main__":
    main()

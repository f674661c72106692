"""The child of phi.py that decodes freely, through llama-cpp-python's own `create_completion`."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from llama_cpp import Llama, LogitsProcessorList, llama_cpp
from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from numpy.typing import NDArray

from radscr_edge.child import Message, answer, pack, private_output, requests

CONTEXT = 1024
MATERIAL = "<material>"


class Script:
    """A logits processor that leaves nothing to choose: one token after another of a script."""

    def __init__(self, tokens: list[int]) -> None:
        self._tokens = iter(tokens)

    def __call__(self, tokens: NDArray[np.intc], scores: NDArray[np.single]) -> NDArray[np.single]:
        """The scores with all but the next scripted token impossible."""
        scores.fill(-np.inf)
        scores[next(self._tokens)] = 0.0
        return scores


def main() -> None:
    """Loads the GGUF, then answers requests until the parent leaves."""
    order = json.loads(sys.argv[1])
    answers = private_output()
    if not order["repack"]:
        load_without_repack()
    threads = order["threads"]
    llama = Llama(
        order["path"], n_ctx=CONTEXT, n_threads=threads, n_threads_batch=threads, verbose=False
    )
    answer(answers, pack({"ready": True}))
    for request in requests():
        answer(answers, pack(serve(llama, request)))


def load_without_repack() -> None:
    """Llama has no argument for it: its default parameters are changed before it reads them."""
    default = llama_cpp.llama_model_default_params

    def changed() -> Any:
        parameters = default()
        parameters.use_extra_bufts = False
        return parameters

    llama_cpp.llama_model_default_params = changed


def serve(llama: Llama, request: Message) -> Message:
    """Writes a script behind instruction and material, counts it, or forgets what was read."""
    if request["do"] == "forget":
        llama.reset()
        return {}
    if request["do"] == "keep":
        llama.reset()
        kept, _, _ = chat(llama, request["instruction"] + MATERIAL).partition(MATERIAL)
        llama.eval(llama.tokenize(kept.encode(), add_bos=False, special=True))
        return {}
    script = llama.tokenize(request["script"].encode(), add_bos=False)
    if request["do"] == "count":
        return {"tokens": len(script)}
    script = script[: request["tokens"]]
    made = llama.create_completion(
        chat(llama, request["instruction"] + request["material"]),
        max_tokens=len(script),
        temperature=0.0,
        logits_processor=LogitsProcessorList([Script(script)]),
    )
    return dict(made["usage"])


def chat(llama: Llama, content: str) -> str:
    """A user's message in the words of the file's template, up to where the answer begins."""
    formatter = Jinja2ChatFormatter(llama.metadata["tokenizer.chat_template"], "", "")
    return str(formatter(messages=[{"role": "user", "content": content}]).prompt)


if __name__ == "__main__":
    main()

"""Ways to finish one report with Phi, in turns on the same GGUF: seconds, ratios, peak memory.

    python benchmarks/random_phi.py phi-3.5-mini phi-3.5-mini.gguf
    python benchmarks/phi.py phi-3.5-mini.gguf

Run it on a quiet machine. The report has 8 retrieved sentences Q and 6 supplements U. The naive way
is llama-cpp-python's `create_completion` over a prompt with an instruction, Q and U; a logits
processor makes it write the report's 14 sentences, about 160 tokens, so that random weights do the
work of real ones. Ours are the decoders as a reading runs them: rules, and a child process that is
asked what is open and then, by `fluent`, at which joints of the sentences to join them; the state
of its instructions is made now, or was saved before. Loading stands apart, measured on ours as the
first answer less the second. Prints tables in Markdown: weights repacked and not, then the
bundle's own Phi.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psutil

from radscr_edge.child import Child, Message, start_child
from radscr_edge.contract import Bundle, sha256_of
from radscr_edge.errors import DecoderError
from radscr_edge.ontology import ORGANS
from radscr_edge.prose import Told
from radscr_edge.records import Missed, Polarity, Sentence, Side
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_runtime.bench import peak_mb
from radscr_runtime.decoders.decoder import Hearer
from radscr_runtime.decoders.fluent import FluentDecoder
from radscr_runtime.decoders.gguf_check import Gguf, check_gguf
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.process import Model, PhiProcess
from radscr_runtime.decoders.setup import MIB, choose_setup, predicted_mb
from radscr_runtime.decoders.site import SHIPPED, model_of
from radscr_runtime.golden import cache_folder
from radscr_runtime.options import Options

NAIVE = "naive free decoding"
WORDS = 9
"""Of each sentence at most, so that the report has about 160 tokens."""
SECONDS = 3600.0
"""Longest wait for one answer."""
AFFIRMED = (
    "pleural effusion",
    "lung opacity",
    "vascular congestion",
    "lung lesion",
    "mediastinal widening",
    "enlarged cardiac silhouette",
    "spinal degenerative changes",
)
DENIED = ("pneumothorax",)
OPEN = (
    "costophrenic angle blunting",
    "consolidation",
    "pulmonary edema/hazy opacity",
    "mass/nodule (not otherwise specified)",
    "superior mediastinal mass/enlargement",
    "linear/patchy atelectasis",
)
"""Each beside a relative in Q, so that no rule settles it."""
STRANGERS = ("elevated hemidiaphragm", "hernia", "scoliosis", "vascular calcification")
"""Nothing in Q speaks of these: a rule keeps them."""
INSTRUCTION = (
    "You write the findings of a chest radiograph report. You are given the sentences that were "
    "retrieved for this film, in the order in which they must appear, and supplementary sentences "
    "that are less certain. Copy every retrieved sentence word for word and in its order. Then add "
    "a supplementary sentence only if it neither contradicts a retrieved sentence nor repeats what "
    "one of them says, implies or explains. Add no finding, side, size or comparison of your own, "
    "and do not mention that sentences were given to you. Answer with the text of the report.\n\n"
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to finish the report."""

    name: str
    prepare: Callable[[], object]
    """Not timed."""
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A process with the model in it, and the ways that ask it."""

    name: str
    seconds: float
    """From its start to its readiness."""
    pid: int
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Bench:
    """What every way is given."""

    model: Model
    options: Options
    """With which a reading would load the model."""
    repack: bool
    closing: ExitStack
    """Takes what ends the processes."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found with weights repacked, or with weights as they are."""

    seconds: Mapping[str, float]
    """Median of each way."""
    loaded: tuple[tuple[str, float, int], ...]
    """Name, seconds to load and peak MiB of each process."""


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("gguf", type=Path)
    parser.add_argument("--bundle", type=Path, default=Path("models/default"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    model = Model(given.gguf, sha256_of(given.gguf), check_gguf(given.gguf))
    options = Options(threads=given.threads, budget_s=SECONDS)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        measured = [measure(model, options, repack, given.turns) for repack in (True, False)]
        print(f"{given.gguf.name}, {given.threads} threads, median of {given.turns} turns\n")
        print_ways(measured)
        print_processes(measured)
        print_own(model_of(Bundle.open(given.bundle), SHIPPED), options, given.turns)


def measure(model: Model, options: Options, repack: bool, turns: int) -> Measured:
    """All ways in turns, with weights repacked or as they are."""
    with ExitStack() as closing:
        bench = Bench(model, set_up(model.gguf, options, repack), repack, closing)
        processes = [load(bench) for load in WAYS]
        times: dict[str, list[float]] = {}
        for _ in range(turns):
            for way in (one for process in processes for one in process.ways):
                way.prepare()
                times.setdefault(way.name, []).append(timed(way.run))
        medians = {name: statistics.median(row) for name, row in times.items()}
        loaded = tuple((one.name, one.seconds, peak_mb(str(one.pid))) for one in processes)
        return Measured(medians, loaded)


def set_up(gguf: Gguf, options: Options, repack: bool) -> Options:
    """Options with which `choose_setup` repacks the weights, or does not.

    DecoderError where memory is too short for what is asked.
    """
    free_mb = psutil.virtual_memory().available // MIB
    first = choose_setup(gguf, options, free_mb)
    if not repack:
        lean = predicted_mb(gguf, replace(first, repack=False))
        return replace(options, memory_limit_mb=lean)
    if not first.repack:
        raise DecoderError(f"{free_mb} MB are free: too little to repack weights. Close programs.")
    return options


def naive(bench: Bench) -> Loaded:
    """Free decoding through llama-cpp-python's own interface."""
    order = {
        "path": str(bench.model.path),
        "threads": bench.options.threads,
        "repack": bench.repack,
    }
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    begun = time.perf_counter()
    child = start_child("naive_phi", [json.dumps(order)], {"PYTHONPATH": paths})
    bench.closing.callback(child.stop)
    told(child)
    seconds = time.perf_counter() - begun
    q, u = retrieved(), supplements(len(OPEN))
    write = {
        "do": "write",
        "instruction": INSTRUCTION,
        "material": listed("Retrieved", q) + listed("Supplementary", [one.sentence for one in u]),
        "script": " ".join(one.text for one in report()),
    }
    keep = {"do": "keep", "instruction": INSTRUCTION}
    count = asked(child, {**write, "do": "count"})["tokens"]
    full = {**write, "tokens": count}
    # Reads the weights from disk once, as ours has by now.
    read = asked(child, {**write, "tokens": 1})["prompt_tokens"]
    ways = (
        Way(NAIVE, lambda: asked(child, {"do": "forget"}), lambda: written(child, full)),
        Way(
            "naive, its instruction already evaluated",
            lambda: asked(child, keep),
            lambda: written(child, full),
        ),
    )
    name = f"naive, {read} tokens read and {count} written"
    return Loaded(name, seconds, child.process.pid, ways)


def ours(bench: Bench) -> Loaded:
    """Decisions by rules and Phi, as a reading makes them; and prose of all sentences."""
    phi = PhiProcess(bench.model, bench.options)
    bench.closing.callback(phi.close)
    decoder = JudgeDecoder(phi)
    begun = time.perf_counter()
    decide(decoder, 2)
    first = time.perf_counter() - begun
    forget_states()
    again = timed(lambda: decide(decoder, 2))
    ways = [
        Way(f"judge, {count} of 6 open, {when}", prepare, partial(decide, decoder, count))
        for count in (2, len(OPEN))
        for when, prepare in (("state made now", forget_states), ("state saved", keep_states))
    ]
    author = FluentDecoder(phi)
    ways.append(
        Way("fluent, 6 of 6 open, state saved", partial(compose, author), partial(compose, author))
    )
    if phi.pid is None:
        raise DecoderError("Phi was not asked: rules settled what must be open.")
    return Loaded("ours", first - again, phi.pid, tuple(ways))


WAYS: tuple[Callable[[Bench], Loaded], ...] = (naive, ours)
"""Each loads its own process; a further way is one more function."""


def retrieved() -> list[Sentence]:
    """Q: eight sentences of the package's library."""
    affirmed = [sentence_of(name, Polarity.POSITIVE) for name in AFFIRMED]
    return [*affirmed, *(sentence_of(name, Polarity.NEGATIVE) for name in DENIED)]


def supplements(open_count: int) -> list[Missed]:
    """U: six sentences, the first `open_count` of which no rule settles."""
    names = [*OPEN[:open_count], *STRANGERS][: len(OPEN)]
    return [Missed(sentence_of(name, Polarity.UNCERTAIN), 0.5, 0.3) for name in names]


def report() -> list[Sentence]:
    """All of Q and U, organ by organ: what every way ends with when all of U is kept."""
    sentences = [*retrieved(), *(one.sentence for one in supplements(len(OPEN)))]
    return sorted(sentences, key=lambda one: ORGANS.index(one.organ))


def sentence_of(finding: str, polarity: Polarity) -> Sentence:
    """The longest of at most WORDS that says so, without a side and without a comma."""
    fitting = [
        one
        for one in load_sentences(Role.FINDING)
        if (one.finding, one.polarity, one.side) == (finding, polarity, Side.NONE)
        and len(one.text.split()) <= WORDS
        and "," not in one.text
    ]
    return max(fitting, key=lambda one: len(one.text))


def listed(title: str, sentences: Sequence[Sentence]) -> str:
    """A titled list of sentences."""
    return "\n".join([f"{title}:", *(f"- {one.text}" for one in sentences), ""])


def decide(decoder: JudgeDecoder, open_count: int) -> None:
    """Decides on the report; DecoderError where another number than `open_count` was open."""
    decisions = decoder.decide(retrieved(), supplements(open_count))
    asked_of_phi = sum(one.decided_by == "phi" for one in decisions)
    if asked_of_phi != open_count:
        raise DecoderError(f"Phi decided {asked_of_phi} questions instead of {open_count}.")


def compose(decoder: FluentDecoder) -> None:
    """Decides on the report with all of U open, and writes it with all of U kept."""
    decoder.decide(retrieved(), supplements(len(OPEN)))
    decoder.write([Told(one.id, one.text) for one in report()], Hearer())


def forget_states() -> None:
    """Removes the saved states of prompts."""
    shutil.rmtree(cache_folder() / "phi", ignore_errors=True)


def keep_states() -> None:
    """DecoderError where the turn before saved no state."""
    if not list((cache_folder() / "phi").glob("*.state")):
        raise DecoderError("No state was saved: the GGUF has no chat template.")


def written(child: Child, request: Message) -> None:
    """The scripted report; DecoderError where it has another length."""
    found = asked(child, request)["completion_tokens"]
    if found != request["tokens"]:
        raise DecoderError(f"{found} tokens were written instead of {request['tokens']}.")


def asked(child: Child, request: Message) -> Message:
    """The answer of the naive child."""
    child.send(request)
    return told(child)


def told(child: Child) -> Message:
    """What the naive child says next."""
    return child.receive(time.monotonic() + SECONDS)[0]


def timed(run: Callable[[], object]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def print_ways(measured: Sequence[Measured]) -> None:
    """Seconds, and ratio to the naive way."""
    print("| way | repacked s | / naive | not repacked s | / naive |\n|---|---|---|---|---|")
    for name in measured[0].seconds:
        cells = [
            f"{one.seconds[name]:.2f} | {one.seconds[name] / one.seconds[NAIVE]:.3f}"
            for one in measured
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def print_processes(measured: Sequence[Measured]) -> None:
    """Loading and memory of each process."""
    print("\n| process | loading s | peak MiB | not repacked: loading s | peak MiB |")
    print("|---|---|---|---|---|")
    for rows in zip(*(one.loaded for one in measured), strict=True):
        cells = [f"{seconds:.1f} | {peak}" for _, seconds, peak in rows]
        print(f"| {rows[0][0]} | {' | '.join(cells)} |")


def print_own(model: Model, options: Options, turns: int) -> None:
    """The bundle's own Phi: from no process to two decisions, and the peak of the process."""
    rows = [own(model, options) for _ in range(turns)]
    seconds, peak = statistics.median(row[0] for row in rows), max(row[1] for row in rows)
    print("\n| the bundle's own Phi | s | peak MiB |\n|---|---|---|")
    print(f"| judge, 2 of 6 open, from no process to the decisions | {seconds:.2f} | {peak} |")


def own(model: Model, options: Options) -> tuple[float, int]:
    """Seconds and peak MiB of one process that is started, asked and ended."""
    phi = PhiProcess(model, options)
    try:
        seconds = timed(lambda: decide(JudgeDecoder(phi), 2))
        return seconds, peak_mb(str(phi.pid))
    finally:
        phi.close()


if __name__ == "__main__":
    main()

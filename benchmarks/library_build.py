"""Builds libraries of growing size from generated reports: sentences a second and peak memory.

    python benchmarks/library_build.py --sentences 10000 100000 1000000

The text is generated, so that a size can be had at will. The text encoder is MiniLM's tokenizer
with one untrained layer of its width: its real cost is linear and measured apart (`--minilm N`),
and memory does not depend on it beyond the weights. Every size runs in a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertModel

from radscr_edge.contract import Bundle
from radscr_edge.records import Side
from radscr_edge.sentences import spell, written_sentences
from radscr_edge.wording import Role
from radscr_export.library.build import ReportSource, build_library
from radscr_export.text_encoder import TextEncoder

BUNDLE = Path(__file__).parents[1] / "models" / "default"
PER_REPORT = 4
PLACES = ("near the fissure", "behind the heart", "toward the chest wall", "at the periphery")


def reports(count: int) -> Iterator[list[str]]:
    """Reports of PER_REPORT sentences each; `count` sentences in all, nearly all different."""
    rng = np.random.default_rng(0)
    written = [one for one in written_sentences() if one.role is Role.FINDING]
    for _ in range(count // PER_REPORT):
        texts = []
        for index in rng.integers(len(written), size=PER_REPORT):
            text = spell(written[index].text, (Side.NONE, Side.RIGHT, Side.LEFT)[rng.integers(3)])
            place = PLACES[rng.integers(len(PLACES))]
            texts.append(f"{text.rstrip('.')} {place}, image {rng.integers(1_000_000)}.")
        yield [" ".join(texts), ""]


def small_encoder() -> TextEncoder:
    """MiniLM's tokenizer before one untrained layer of the same width."""
    real = TextEncoder.load("minilm")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(real.tokenizer),
        hidden_size=int(real.model.config.hidden_size),
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=32,
    )
    return TextEncoder(real.tokenizer, BertModel(config).eval(), real.digest)


def build(count: int, encoder: TextEncoder) -> dict[str, float]:
    """One library of about `count` sentences."""
    bundle = replace(Bundle.open(BUNDLE), text_encoder=encoder.digest)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "reports.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([["findings", "impression"], *reports(count)])
        source = ReportSource(path, ("findings", "impression"), join=False, most=count)
        start = time.perf_counter()
        made = build_library(source, bundle, Path(scratch) / "bundle", encoder)
        seconds = time.perf_counter() - start
        size = sum(one.stat().st_size for one in made.folder.iterdir())
        kept = made.training["library"]["sentences"]
    return {
        "read": count,
        "kept": kept,
        "seconds": round(seconds, 1),
        "sentences_per_s": round(count / seconds),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "bundle_mib": size // 2**20,
    }


def main() -> None:
    """Runs every size in a process of its own and prints one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--minilm", type=int, default=0, help="sentences for the real encoder")
    parser.add_argument("--one", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        real = arguments.minilm
        encoder = TextEncoder.load("minilm") if real else small_encoder()
        print(
            json.dumps(
                {"encoder": "minilm" if real else "one layer", **build(arguments.one, encoder)}
            )
        )
        return
    sizes = [(count, 0) for count in arguments.sentences]
    sizes += [(arguments.minilm, 1)] if arguments.minilm else []
    for count, real in sizes:
        command = [sys.executable, __file__, "--one", str(count), "--minilm", str(real)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        print(done.stdout.splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()

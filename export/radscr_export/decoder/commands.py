"""`radscr-export decoder`: train a small Phi of our own, and measure the one of a bundle."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add_decoder_commands(commands: Any) -> None:
    """Adds `decoder train | gate` to an argparse parser."""
    decoder = commands.add_parser("decoder", help="train and measure the language model")
    kinds = decoder.add_subparsers(required=True, metavar="WHAT")
    training = kinds.add_parser("train", help="train one on decisions made from the library")
    training.add_argument("--out", type=Path, required=True, metavar="FILE.gguf")
    training.add_argument("--steps", type=int, help="of 32 questions each")
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--threads", type=int, default=0, help="0: as many as torch likes")
    training.set_defaults(run=_train)
    gating = kinds.add_parser("gate", help="measure a bundle's; name it in the manifest or not")
    gating.add_argument("bundle", type=Path, metavar="BUNDLE")
    gating.add_argument("--decoder", type=Path, metavar="FILE.gguf", help="put this one in first")
    gating.set_defaults(run=_gate)


def _train(arguments: argparse.Namespace) -> None:
    import torch  # noqa: PLC0415  the other commands' help should not wait for it

    from radscr_edge.sentences import load_sentences  # noqa: PLC0415
    from radscr_edge.wording import Role  # noqa: PLC0415
    from radscr_export.decoder.gate import admit  # noqa: PLC0415
    from radscr_export.decoder.training import STEPS, train_decoder  # noqa: PLC0415

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    sentences, steps = load_sentences(Role.FINDING), arguments.steps or STEPS
    made = train_decoder(sentences, arguments.out, arguments.seed, steps)
    text = json.dumps(admit(arguments.out, made).facts, indent=1)
    arguments.out.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    print(text)


def _gate(arguments: argparse.Namespace) -> None:
    from radscr_edge.contract import Bundle  # noqa: PLC0415
    from radscr_export.decoder.gate import gate_bundle  # noqa: PLC0415

    bundle = gate_bundle(Bundle.open(arguments.bundle), arguments.decoder)
    print(json.dumps(bundle.training["decoder"], indent=1))
    print(f"{bundle.folder} names {bundle.decoder!r}.")

"""`radscr-edge decoder`: bring a GGUF of one's own, list, choose and try what there is."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import DecoderError
from radscr_edge.ontology import load_ontology
from radscr_edge.records import Polarity, Sentence, Side
from radscr_edge.wording import Role
from radscr_runtime.decoders.process import PhiProcess
from radscr_runtime.decoders.prose_command import try_and_record
from radscr_runtime.decoders.question import ask
from radscr_runtime.decoders.rules import settle
from radscr_runtime.decoders.site import (
    SHIPPED,
    add_decoder,
    load_decoders,
    model_of,
    use_decoder,
)
from radscr_runtime.library import load_rows
from radscr_runtime.options import Options


def add_decoder_commands(commands: Any, default_bundle: Path) -> None:
    """Adds `decoder add | list | use | test` to an argparse parser."""
    decoder = commands.add_parser("decoder", help="bring, choose and try language models")
    kinds = decoder.add_subparsers(required=True, metavar="WHAT")
    adding = kinds.add_parser("add", help="record a GGUF of the Phi-3 family by its hash")
    adding.add_argument("file", type=Path, metavar="FILE.GGUF")
    adding.add_argument("--name", default="", help="default: the file's name")
    adding.set_defaults(run=_add)
    listing = kinds.add_parser("list", help="what was added, and what is used")
    listing.set_defaults(run=_list)
    using = kinds.add_parser("use", help="the one that --decoder judge asks from now on")
    using.add_argument("name", metavar="NAME", help=f"{SHIPPED}: that of the bundle")
    using.set_defaults(run=_use)
    testing = kinds.add_parser("test", help="its agreement with the rules, and its pace")
    testing.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="default: the used one"
    )
    testing.add_argument("--threads", type=int, choices=range(1, 65), default=1, metavar="N")
    testing.set_defaults(run=_test)
    for one in (adding, listing, using, testing):
        one.add_argument("--bundle", type=Path, default=default_bundle, help="default: %(default)s")


def _add(arguments: argparse.Namespace) -> int:
    bundle = Bundle.open(arguments.bundle)
    entry = add_decoder(bundle, arguments.file, arguments.name)
    print(f"{entry.name}: {entry.path} ({entry.sha256[:12]})")
    print(
        f"Try it: radscr-edge decoder test {entry.name}; then: radscr-edge decoder use {entry.name}"
    )
    return 0


def _list(arguments: argparse.Namespace) -> int:
    bundle = Bundle.open(arguments.bundle)
    site = load_decoders(bundle)
    rows = [(SHIPPED, bundle.decoder_digest, "of the bundle")] if bundle.has_decoder else []
    rows += [(one.name, one.sha256, f"added {one.on}: {one.path}") for one in site.entries]
    for name, digest, where in rows:
        print(f"{'*' if name == site.used else ' '} {name:<24} {digest[:12]}  {where}")
    return 0


def _use(arguments: argparse.Namespace) -> int:
    use_decoder(Bundle.open(arguments.bundle), arguments.name)
    print(
        f"--decoder judge asks {arguments.name} from now on. `auto` stays with what the bundle "
        "names: only its own GGUF was measured."
    )
    return 0


def _test(arguments: argparse.Namespace) -> int:
    """Agreement with decisions whose answer the rules give; such are never asked in a reading."""
    bundle = Bundle.open(arguments.bundle)
    name = arguments.name or load_decoders(bundle).used
    questions = list(known_questions(load_rows(bundle.path(Files.SENTENCES))))
    phi = PhiProcess(model_of(bundle, name), Options(threads=arguments.threads, budget_s=600.0))
    begun = time.perf_counter()
    try:
        phi.log_odds([questions[0][0]])
        loaded = time.perf_counter()
        odds = phi.log_odds([prompt for prompt, _ in questions])
    finally:
        phi.close()
    each = 1000 * (time.perf_counter() - loaded) / len(questions)
    right = sum((one > 0.0) == kept for one, (_, kept) in zip(odds, questions, strict=True))
    print(
        f"{name}: agrees with the rules in {right} of {len(questions)} decisions (half are keep). "
        f"Start and first answer {loaded - begun:.2f} s, then {each:.0f} ms a decision."
    )
    for line in try_and_record(bundle, name, Options(threads=arguments.threads, budget_s=600.0)):
        print(line)
    return 0


def known_questions(sentences: Sequence[Sentence]) -> Iterator[tuple[str, bool]]:
    """For every finding two prompts and whether to keep: beside itself, beside a stranger."""
    findings = [one for one in sentences if one.role is Role.FINDING]
    names = load_ontology().names
    for number, name in enumerate(names):
        candidate = _first(findings, name, Polarity.UNCERTAIN)
        turned = [*names[number + 1 :], *names[:number]]
        stranger = next(one for one in turned if one not in load_ontology().kin(name))
        for said in (name, stranger):
            q = [_first(findings, said, Polarity.POSITIVE)]
            decision = settle(q, candidate)
            if decision is not None:
                yield ask(q, candidate), decision.kept


def _first(sentences: Sequence[Sentence], finding: str, polarity: Polarity) -> Sentence:
    for one in sentences:
        if one.finding == finding and one.polarity is polarity and one.side is Side.NONE:
            return one
    raise DecoderError(
        f"The library says nothing {polarity} of {finding!r} without a side: Phi cannot be tried."
    )

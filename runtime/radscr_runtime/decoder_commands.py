"""`radscr-edge decoder`: bring a GGUF of one's own, list, choose and try what there is."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from radscr_edge.contract import Bundle
from radscr_runtime.decoders.gate import BATCH_S, measure
from radscr_runtime.decoders.prose_command import try_and_record
from radscr_runtime.decoders.site import (
    SHIPPED,
    add_decoder,
    load_decoders,
    model_of,
    record_verdict,
    use_decoder,
)
from radscr_runtime.options import Options


def add_decoder_commands(commands: Any, default_bundle: Path) -> None:
    """Adds `decoder add | list | use | test` to an argparse parser."""
    decoder = commands.add_parser("decoder", help="bring, choose and try language models")
    kinds = decoder.add_subparsers(required=True, metavar="WHAT")
    adding = kinds.add_parser("add", help="record a GGUF of the Phi-3 family by its hash")
    adding.add_argument("file", type=Path, metavar="FILE.GGUF")
    adding.add_argument("--name", default="", help="default: the file's name")
    adding.add_argument(
        "--no-gate", action="store_true", help="do not measure its decisions; `auto` never asks it"
    )
    adding.set_defaults(run=_add)
    listing = kinds.add_parser("list", help="what was added, and what is used")
    listing.set_defaults(run=_list)
    using = kinds.add_parser("use", help="the one that --decoder judge asks from now on")
    using.add_argument("name", metavar="NAME", help=f"{SHIPPED}: that of the bundle")
    using.set_defaults(run=_use)
    testing = kinds.add_parser("test", help="its decisions against the labelled ones, and its pace")
    testing.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="default: the used one"
    )
    testing.set_defaults(run=_test)
    for one in (adding, testing):
        one.add_argument("--threads", type=int, choices=range(1, 65), default=1, metavar="N")
    for one in (adding, listing, using, testing):
        one.add_argument("--bundle", type=Path, default=default_bundle, help="default: %(default)s")


def _add(arguments: argparse.Namespace) -> int:
    bundle = Bundle.open(arguments.bundle)
    entry = add_decoder(bundle, arguments.file, arguments.name)
    print(f"{entry.name}: {entry.path} ({entry.sha256[:12]})")
    if arguments.no_gate:
        print(f"Its decisions were not measured: radscr-edge decoder test {entry.name}")
    else:
        _measure(bundle, entry.name, arguments.threads)
    print(f"Ask it from now on: radscr-edge decoder use {entry.name}")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    bundle = Bundle.open(arguments.bundle)
    site = load_decoders(bundle)
    rows = [(SHIPPED, bundle.decoder_digest, "of the bundle")] if bundle.has_decoder else []
    rows += [
        (one.name, one.sha256, f"added {one.on}, {one.measured}: {one.path}")
        for one in site.entries
    ]
    for name, digest, where in rows:
        print(f"{'*' if name == site.used else ' '} {name:<24} {digest[:12]}  {where}")
    return 0


def _use(arguments: argparse.Namespace) -> int:
    use_decoder(Bundle.open(arguments.bundle), arguments.name)
    print(
        f"--decoder judge asks {arguments.name} from now on, and so does `auto` if it passed the "
        "gate: radscr-edge decoder test."
    )
    return 0


def _test(arguments: argparse.Namespace) -> int:
    bundle = Bundle.open(arguments.bundle)
    name = arguments.name or load_decoders(bundle).used
    _measure(bundle, name, arguments.threads)
    for line in try_and_record(bundle, name, Options(threads=arguments.threads, budget_s=BATCH_S)):
        print(line)
    return 0


def _measure(bundle: Bundle, name: str, threads: int) -> None:
    """Runs the gate on a GGUF, prints the verdict, and records it where the GGUF is the site's."""
    verdict = measure(model_of(bundle, name), threads, _tell)
    print(f"{name}: {verdict}")
    if name == SHIPPED:  # the manifest is sealed: radscr-export decoder gate
        print(f"The bundle's manifest names {bundle.decoder!r}.")
    else:
        record_verdict(bundle, name, verdict)


def _tell(done: int, count: int) -> None:
    """The progress, on a line of its own that the next replaces; a pipe gets none."""
    if sys.stderr.isatty():
        end = "\n" if done == count else ""
        print(f"\r{done} of {count} decisions", end=end, file=sys.stderr, flush=True)

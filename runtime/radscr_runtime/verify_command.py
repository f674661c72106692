"""`radscr-edge verify`: whether every sentence of a saved report replays, and which does not."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from radscr_edge.contract import Bundle
from radscr_edge.errors import LibraryError
from radscr_runtime.saved_report import ReportError, load_report
from radscr_runtime.verify import verify

FAULTS_EXIT = 1


def add_verify_command(commands: Any, default_bundle: Path) -> None:
    """Adds `verify` to an argparse parser."""
    parser = commands.add_parser("verify", help="replay every sentence of a report.json")
    parser.add_argument("report", type=Path, metavar="REPORT.JSON")
    parser.add_argument("--bundle", type=Path, default=default_bundle, help="default: %(default)s")
    parser.set_defaults(run=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    """0 where every sentence replays, else 1; the faults are the answer, so they go to stdout."""
    bundle = Bundle.open(arguments.bundle)
    try:
        report = load_report(arguments.report)
        faults = verify(report, bundle)
    except (ReportError, LibraryError) as problem:
        print(problem)
        return FAULTS_EXIT
    for fault in faults:
        print(fault)
    count = len(report.lines)
    said = f"{len(faults)} faults." if faults else "every one replays from its library id."
    print(f"{arguments.report}: {count} sentences; {said}")
    return FAULTS_EXIT if faults else 0

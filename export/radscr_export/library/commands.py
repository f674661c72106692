"""`radscr-export library`: build a library for a bundle, measure what a library covers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add_library_commands(commands: Any) -> None:
    """Adds `library build` and `library coverage` to the commands of an argparse parser."""
    library = commands.add_parser("library", help="build or measure a sentence library")
    kinds = library.add_subparsers(required=True, metavar="WHAT")
    build = kinds.add_parser("build", help="a copy of a bundle with another library")
    source = build.add_mutually_exclusive_group(required=True)
    source.add_argument("--sentences", type=Path, nargs="+", help="CSV files of written sentences")
    source.add_argument("--reports", type=Path, help="CSV file of your own licensed reports")
    build.add_argument(
        "--columns", nargs="+", default=["findings", "impression"], help="text columns of --reports"
    )
    build.add_argument("--data", type=Path, help="refuse reports held out in this data folder")
    build.add_argument("--set", default="", help="name of the reports' data set; default: any")
    build.add_argument("--study", default="study", help="column of --reports naming the study")
    build.add_argument("--join", action="store_true", help="join what a report says of a finding")
    build.add_argument("--most", type=int, default=20_000, help="sentences kept of each finding")
    build.add_argument("--text-encoder", default="minilm", help="'minilm' or a local folder")
    build.add_argument("--bundle", type=Path, required=True, help="bundle that gets the library")
    build.add_argument("--out", type=Path, required=True, help="folder of the new bundle")
    build.set_defaults(run=_build)
    coverage = kinds.add_parser("coverage", help="what IU reports say and the library can say")
    coverage.add_argument("--data", type=Path, required=True)
    coverage.add_argument("--split", choices=("train", "val", "test"), nargs="+", default=["val"])
    coverage.set_defaults(run=_coverage)


def _build(arguments: argparse.Namespace) -> None:
    from radscr_edge.contract import Bundle  # noqa: PLC0415
    from radscr_export.data.datasets import held_out  # noqa: PLC0415
    from radscr_export.library.build import ReportSource, build_library  # noqa: PLC0415
    from radscr_export.library.reports import HeldOut  # noqa: PLC0415
    from radscr_export.text_encoder import TextEncoder  # noqa: PLC0415

    encoder = TextEncoder.load(arguments.text_encoder)
    withheld = None
    if arguments.data is not None:
        withheld = HeldOut(held_out(arguments.data, arguments.set), arguments.study)
    columns = tuple(arguments.columns)
    source = arguments.sentences or ReportSource(
        arguments.reports, columns, arguments.join, arguments.most, withheld
    )
    bundle = Bundle.open(arguments.bundle)
    print(build_library(source, bundle, arguments.out, encoder).folder)


def _coverage(arguments: argparse.Namespace) -> None:
    from radscr_export.library.coverage import coverage  # noqa: PLC0415

    print(json.dumps(coverage(arguments.data, arguments.split), indent=1))

"""The command `radscr-edge`: read, verify, library, decoder, calibrate, check, doctor, bench."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from radscr_edge.claims import Profile
from radscr_edge.contract import Bundle
from radscr_edge.errors import BundleError, RadscrError, StudyError
from radscr_edge.sentences import LANGUAGES
from radscr_runtime.bench import bench, bench_table
from radscr_runtime.calibrate_command import add_calibrate_command
from radscr_runtime.canary import PERCENTILE, run_canary
from radscr_runtime.decoder_commands import add_decoder_commands
from radscr_runtime.decoders.choose import CHOICES
from radscr_runtime.decoders.decoder import OnText, unheard
from radscr_runtime.decoders.fluent import JOINED, MODES
from radscr_runtime.doctor import examine, findings_table
from radscr_runtime.library_commands import add_library_commands
from radscr_runtime.options import Options
from radscr_runtime.outputs import make_folder, save_report, to_record, to_text
from radscr_runtime.reader import Reader
from radscr_runtime.timing import listen
from radscr_runtime.verify_command import add_verify_command

USAGE_EXIT, STUDY_EXIT, BUNDLE_EXIT, STOPPED_EXIT = 2, 3, 4, 130
DEFAULT_BUNDLE = Path("models/default")


def main() -> None:
    """The answer on stdout, talk on stderr; exit code 3 for a study, 4 for a bundle."""
    arguments = _parser().parse_args()
    try:
        code: int = arguments.run(arguments)
    except RadscrError as problem:
        print(problem, file=sys.stderr)
        codes = {StudyError: STUDY_EXIT, BundleError: BUNDLE_EXIT}
        code = codes.get(type(problem), USAGE_EXIT)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        code = STOPPED_EXIT
    raise SystemExit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="radscr-edge", description="Reads chest radiographs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    read = commands.add_parser("read", help="read studies and print their reports")
    read.add_argument("studies", type=Path, nargs="+", metavar="STUDY", help="DICOM, PNG or JPEG")
    read.add_argument("--out", type=Path, help="folder for report.json and report.html")
    read.add_argument("--json", action="store_true", help="print JSON, one report a line")
    read.add_argument("--language", choices=tuple(LANGUAGES), default="en")
    read.add_argument(
        "--profile",
        type=Profile,
        choices=tuple(Profile),
        default=Profile.BALANCED,
        help="triage misses little, confirm says little; default: %(default)s",
    )
    read.add_argument("--advice", action="store_true", help="end reports with follow-up advice")
    _machine(read)
    read.set_defaults(run=_read)
    add_verify_command(commands, DEFAULT_BUNDLE)
    add_library_commands(commands, DEFAULT_BUNDLE)
    add_decoder_commands(commands, DEFAULT_BUNDLE)
    add_calibrate_command(commands, DEFAULT_BUNDLE)
    check = commands.add_parser("check", help="verify a bundle: its files, and that it looks")
    check.add_argument("bundle", type=Path, metavar="BUNDLE")
    check.set_defaults(run=_check)
    doctor = commands.add_parser("doctor", help="tell what this machine has and can do")
    doctor.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(run=_doctor)
    timed = commands.add_parser("bench", help="measure latency, processor time and memory")
    timed.add_argument("studies", type=Path, nargs="+", metavar="STUDY")
    timed.add_argument("--repeat", type=_count, default=10, help="readings of each study")
    timed.add_argument("--json", action="store_true")
    _machine(timed)
    timed.set_defaults(run=_bench)
    return parser


def _machine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE, help="default: %(default)s")
    parser.add_argument("--decoder", choices=CHOICES, default="auto")
    parser.add_argument(
        "--prose", choices=MODES, default=JOINED, help="how fluent writes; default: %(default)s"
    )
    parser.add_argument("--threads", type=_count, default=1)
    parser.add_argument(
        "--prompt-threads", type=_count, help="with which Phi reads; default: as --threads"
    )
    parser.add_argument(
        "--memory-limit-mb", type=_count, metavar="MB", help="for Phi; default: what is free"
    )
    parser.add_argument(
        "--quantised-kv", action="store_true", help="keep Phi's context in 8 bits, to save memory"
    )
    parser.add_argument(
        "--budget-s",
        type=_seconds,
        default=Options().budget_s,
        metavar="SECONDS",
        help="time for Phi on a study; then plain decides, and nothing is written; "
        "default: %(default)g",
    )


def _count(text: str) -> int:
    """A number of at least 1, or argparse's own complaint."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return number


def _seconds(text: str) -> float:
    """A number above 0, or argparse's own complaint."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def _options(arguments: argparse.Namespace) -> Options:
    return Options(
        threads=arguments.threads,
        prompt_threads=arguments.prompt_threads,
        quantised_kv=arguments.quantised_kv,
        memory_limit_mb=arguments.memory_limit_mb,
        decoder=arguments.decoder,
        prose=arguments.prose,
        budget_s=arguments.budget_s,
    )


def _read(arguments: argparse.Namespace) -> int:
    """Every study is read; one that cannot be read does not stop the others."""
    code = 0
    if arguments.out is not None:
        make_folder(arguments.out)
    options = replace(_options(arguments), advice=arguments.advice, profile=arguments.profile)
    with Reader.open(arguments.bundle, options) as reader:
        for study in arguments.studies:
            try:
                _read_one(reader, study, arguments)
            except StudyError as problem:
                print(problem, file=sys.stderr)
                code = STUDY_EXIT
    return code


def _read_one(reader: Reader, study: Path, arguments: argparse.Namespace) -> None:
    """Each tier is shown and saved when it is complete; the last one is the answer.

    So is the one before, where somebody stops the program while Phi is asked.
    """
    record: dict[str, Any] = {}
    page: Path | None = None
    try:
        with listen() as seconds:
            for report in reader.tiers(study, _stream(sys.stderr)):
                early = not record and reader.decoder.name != "plain"
                record = to_record(report, seconds, arguments.language)
                if arguments.out is not None:
                    page = save_report(arguments.out, record, report.radiograph)
                if early and sys.stderr.isatty():
                    _show_early(record)
            if reader.decoder.name == "fluent" and sys.stderr.isatty():
                print(file=sys.stderr)  # below what Phi wrote
    finally:
        if record:
            print(json.dumps(record, ensure_ascii=False) if arguments.json else to_text(record))
            if page is not None:
                print(f"Page: {page}", file=sys.stderr)


def _show_early(record: Mapping[str, Any]) -> None:
    """What the person at the terminal can read while Phi is asked."""
    print(to_text(record), file=sys.stderr)
    print("So far by rules alone. Phi is asked now; Ctrl-C leaves it at that.", file=sys.stderr)


def _stream(terminal: TextIO) -> OnText:
    """Shows a fluent text while Phi writes it, where somebody watches."""
    if not terminal.isatty():
        return unheard
    heading = iter(["Phi writes, and this is not checked yet:\n"])

    def show(piece: str) -> None:
        terminal.write(next(heading, "") + piece)
        terminal.flush()

    return show


def _check(arguments: argparse.Namespace) -> int:
    bundle = Bundle.open(arguments.bundle)
    print(f"{arguments.bundle}: bundle {bundle.name} is complete and undamaged ({bundle.digest}).")
    canaries = [run_canary(bundle, name) for name in bundle.variants]
    complaints = [said for one in canaries for said in one.complaints]
    for said in complaints:
        print(f"{arguments.bundle}: {said}", file=sys.stderr)
    if complaints:
        return BUNDLE_EXIT
    for one in canaries:
        print(
            f"{one.variant}: another image changes its probabilities by {one.swap:.4f} (median), "
            f"a shift by at most {one.shift:.4f} ({PERCENTILE}th percentile); blank and noise are "
            "refused, and would assert nothing."
        )
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    facts = examine(arguments.bundle)
    print(json.dumps(facts, indent=1) if arguments.json else findings_table(facts))
    return 0 if facts["can_run"] else BUNDLE_EXIT


def _bench(arguments: argparse.Namespace) -> int:
    figures = bench(arguments.bundle, arguments.studies, _options(arguments), arguments.repeat)
    print(json.dumps(figures, indent=1) if arguments.json else bench_table(figures))
    return 0

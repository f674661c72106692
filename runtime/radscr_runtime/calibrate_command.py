"""`radscr-edge calibrate`: refits thresholds to a clinic's own labelled studies."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radscr_edge.contract import Bundle, FindingRule
from radscr_edge.errors import CalibrationError, StudyError
from radscr_edge.imaging import DecodingWorker, load_radiograph
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats, View
from radscr_runtime.discrimination import Labelled
from radscr_runtime.encode import encode
from radscr_runtime.networks import OnnxNetworks
from radscr_runtime.options import Options
from radscr_runtime.site import Site, save_site, vision_of
from radscr_runtime.site_fit import reason_against, refit
from radscr_runtime.site_labels import UNKNOWN, check_enough, read_labels


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """The readable studies of a site with the logits of every network variant."""

    states: NDArray[np.int8]
    """(n, N)."""
    views: NDArray[np.int64]
    """(n,) index into View."""
    logits: Mapping[str, Floats]
    """(n, N) each."""

    def labelled(self, variant: str, finding: str) -> Labelled:
        """The studies that are labelled for a finding."""
        index = FINDINGS.index(finding)
        known = self.states[:, index] != UNKNOWN
        return Labelled(
            data="site",
            logits=self.logits[variant][known, index],
            truth=self.states[known, index] == 1,
            group=self.views[known],
        )


def add_calibrate_command(commands: Any, default_bundle: Path) -> None:
    """Adds `calibrate` to an argparse parser."""
    command = commands.add_parser("calibrate", help="refit thresholds to your own studies")
    columns = "columns: file, then findings with 1, 0 or nothing; at least 50 rows"
    command.add_argument("--studies", type=Path, required=True, metavar="CSV", help=columns)
    command.add_argument("--bundle", type=Path, default=default_bundle, help="default: %(default)s")
    command.set_defaults(run=_calibrate)


def _calibrate(arguments: argparse.Namespace) -> int:
    bundle = Bundle.open(arguments.bundle)
    scan = _scan(bundle, arguments.studies)
    anyone = next(iter(bundle.variants))
    reasons = {finding: reason_against(scan.labelled(anyone, finding)) for finding in FINDINGS}
    for finding, reason in reasons.items():
        if reason:
            print(f"left as shipped: {finding} ({reason})")
    enough = [finding for finding, reason in reasons.items() if not reason]
    if not enough:
        raise CalibrationError(
            f"{arguments.studies}: no finding has positive and negative studies enough. "
            "Label more of your own studies."
        )
    rules = {
        name: {
            finding: refit(finding, variant.rules[finding], scan.labelled(name, finding))
            for finding in enough
        }
        for name, variant in bundle.variants.items()
    }
    for finding, rule in rules[anyone].items():
        print(f"refitted: {finding} ({_told(rule)})")
    today = datetime.now(UTC).date().isoformat()
    print(save_site(bundle, Site(len(scan.states), today, vision_of(bundle), rules)))
    return 0


def _told(rule: FindingRule) -> str:
    support = rule.support
    counts = f"{support.positives} positive, {support.negatives} negative studies"
    if support.auroc is None:
        return f"{rule.status}; {counts}"
    interval = f"{support.low:.2f} to {support.high:.2f}"
    return f"{rule.status}; AUROC {support.auroc:.2f}, {interval}; {counts}"


def _scan(bundle: Bundle, table: Path) -> Scan:
    """Reads every study of the table; one that cannot be read is named and left out."""
    labels, options = read_labels(table), Options()
    networks = {name: OnnxNetworks(bundle, name, options.threads) for name in bundle.variants}
    logits: dict[str, list[Floats]] = {name: [] for name in networks}
    rows, views = [], []
    worker = DecodingWorker(options.decoding_seconds, options.decoding_memory_mb)
    try:
        for row, file in enumerate(labels.files):
            try:
                film = load_radiograph(file.absolute(), worker)
            except StudyError as problem:
                print(problem, file=sys.stderr)
                continue
            rows.append(row)
            views.append(tuple(View).index(film.view))
            for name, network in networks.items():
                logits[name].append(encode(network, film).logits)
    finally:
        worker.close()
    check_enough(table, len(rows))
    return Scan(
        labels.states[rows],
        np.array(views, np.int64),
        {name: np.stack(found) for name, found in logits.items()},
    )

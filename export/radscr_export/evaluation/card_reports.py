"""The tables of a model card about reports: scores, differences, retrieval and grounding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from radscr_export.evaluation.markdown import missing, table
from radscr_export.evaluation.wording import REPORT_METRICS, figure, plain_share

MICRO: Final = tuple(name for name in REPORT_METRICS if name.endswith("_micro"))
ORDERS: Final = ("acc_at_5", "acc_at_10", "po_1", "po_2", "po_3")
SHARES: Final = (
    "traced_to_library",
    "retrieved_traced_to_region",
    "fallback_regions",
    "side_agreement",
)
COUNTS: Final = ("lines", "reports_with_contradiction", "reports_with_tension")
ELSEWHERE: Final = "only `evaluate` does, on the pack of IU and NIH"
"""Why a figure is missing."""
KEPT: Final = (
    *("studies", "systems", "differences", "contradictions", "retrieval", "grounding", "rad_eval"),
)
"""What of an evaluation's reports the tables tell."""


def report_lines(reports: Mapping[str, Any] | None) -> Iterator[str]:
    """The tables, from a heading of the third level on."""
    if reports is None:
        yield from missing("Reports", ELSEWHERE)
        return
    yield from _scores(reports)
    yield from _differences(reports)
    yield from _rad_eval(reports.get("rad_eval"), reports["studies"])
    yield from _retrieval(reports["retrieval"])
    yield from _grounding(reports["grounding"])
    yield from _contradictions(reports["contradictions"])


def _scores(reports: Mapping[str, Any]) -> Iterator[str]:
    metrics = {name: REPORT_METRICS[name] for name in MICRO}
    yield from _by_subset("Reports, {}: micro F1", reports["systems"], reports["studies"], metrics)


def _rad_eval(found: Mapping[str, Any] | None, studies: Mapping[str, int]) -> Iterator[str]:
    if found is not None:
        metrics = {name: name for name in found["metrics"]}
        yield from _by_subset("Reports by RadEval, {}: means", found["systems"], studies, metrics)


def _by_subset(
    title: str,
    systems: Mapping[str, Any],
    studies: Mapping[str, int],
    metrics: Mapping[str, str],
) -> Iterator[str]:
    """A table of all systems for every subset of the studies; metrics with their titles."""
    for subset, count in studies.items():
        rows = [
            (name, *(figure(row[subset].get(metric)) for metric in metrics))
            for name, row in systems.items()
        ]
        head = ("system", *metrics.values())
        yield from table(title.format(f"{subset} IU studies ({count})"), head, rows)


def _differences(reports: Mapping[str, Any]) -> Iterator[str]:
    ours = next(iter(reports["systems"]))
    head = ("system", *(REPORT_METRICS[metric] for metric in MICRO))
    for subset in ("abnormal", "abnormal and distinct"):
        rows = [
            (name, *(figure(row[subset].get(metric)) for metric in MICRO))
            for name, row in reports["differences"].items()
            if subset in row
        ]
        yield from table(f"{ours} minus each other, {subset} studies", head, rows)


def _retrieval(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (kind.replace("_", " "), *(figure(found[kind].get(order), 2) for order in ORDERS))
        for kind in ("with_critiques", "without_critiques")
    ]
    title = f"Retrieval, {found['true_hypotheses']} true hypotheses on IU X-Ray"
    yield from table(title, ("", "Acc@5", "Acc@10", "PO-1", "PO-2", "PO-3"), rows)


def _grounding(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (name, *(plain_share(row[key]) for key in SHARES), *(str(row[key]) for key in COUNTS))
        for name, row in found.items()
    ]
    head = ("decoder", *(one.replace("_", " ") for one in (*SHARES, *COUNTS)))
    yield from table("Grounding of the lines of findings and impression", head, rows)


def _contradictions(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (name, str(row["reports_with_contradiction"]), str(row["reports_with_tension"]))
        for name, row in found.items()
    ]
    head = ("system", "reports with a contradiction", "with a tension")
    yield from table("Contradictions, as the labeler reads any text", head, rows)

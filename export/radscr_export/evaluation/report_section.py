"""All that an evaluation says of reports: ours beside the baselines, retrieval, grounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from radscr_edge.contract import Bundle
from radscr_export.data.training_set import Studies, select
from radscr_export.evaluation.baselines import baseline_reports
from radscr_export.evaluation.composed import compositions, text_of
from radscr_export.evaluation.grounding import contradictions_of, grounding_figures
from radscr_export.evaluation.published import load_published
from radscr_export.evaluation.rad_eval import RadEval, all_figures
from radscr_export.evaluation.report_bank import embed, open_bank
from radscr_export.evaluation.report_truth import SystemReports, first_films, load_truth
from radscr_export.evaluation.retrieval_metrics import retrieval_figures
from radscr_export.walk import Walk, Walker


@dataclass(frozen=True, slots=True, eq=False)
class WalkedFilms:
    """Films of one split and what the runtime's stages made of each, in the same order."""

    studies: Studies
    walks: Sequence[Walk]


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """Who writes the reports that are measured, and by what besides our own metrics."""

    decoders: tuple[str, ...] = ()
    """The first is compared with the baselines; empty: the bundle's own, then the plain one."""
    rad_eval: RadEval | None = None

    def of(self, bundle: Bundle) -> ReportPlan:
        """The same with the decoders named."""
        own = tuple(dict.fromkeys((bundle.decoder, "plain")))
        return replace(self, decoders=self.decoders or own)


def measure_reports(
    bundle: Bundle,
    walker: Walker,
    films: WalkedFilms,
    data: Path,
    split: str,
    plan: ReportPlan,
) -> dict[str, Any]:
    """Figures of the reports on the IU studies of a split, one film a study; no text among them.

    The plan's first decoder is the system that all others are compared with. Raises TrainingError
    where the pack is incomplete, DecoderError where a decoder cannot run here.
    """
    truth = load_truth(data, split)
    rows = first_films(films.studies.ids, truth.ids)
    studies, walks = select(films.studies, rows), [films.walks[row] for row in rows]
    composed = {name: compositions(bundle, studies, walks, name) for name in plan.decoders}
    ours = [
        SystemReports(f"radscr-edge, {name}", tuple(text_of(one) for one in reports))
        for name, reports in composed.items()
    ]
    bank = open_bank(data, walker.networks)
    hypotheses = [walk.hypotheses for walk in walks]
    systems = [*ours, *baseline_reports(bank, embed(walker.networks, studies), hypotheses)]
    return {
        "split": split,
        **all_figures(systems, truth, plan.rad_eval),
        "contradictions": {one.name: contradictions_of(one) for one in systems},
        "retrieval": retrieval_figures(walker.library, walker.settings, studies, walks),
        "grounding": {
            name: grounding_figures(walker.library, walks, reports)
            for name, reports in composed.items()
        },
        "published": asdict(load_published()),
    }

"""How well proposals find sentences: Acc@5, Acc@10 and the three pair orders (method section 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from radscr_edge.contract import Settings
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Challenge, Floats, Polarity, Severity, Side
from radscr_edge.sentences import best_match
from radscr_export.data.labels import Mention, State
from radscr_export.data.training_set import Studies
from radscr_export.evaluation.bootstrap import interval
from radscr_export.evaluation.report_bootstrap import Numbers, draw_weights
from radscr_export.walk import Walk
from radscr_runtime.critique import critique
from radscr_runtime.library import Library, Rows

UNSAID = Mention("", Side.NONE, Severity.NONE)


@dataclass(frozen=True, slots=True)
class Order:
    """Where the sentences of one true hypothesis stand in the library; nan where undefined."""

    acc_at_5: float
    """1 where a sentence that affirms the finding is among the best five of the whole library."""
    acc_at_10: float
    po_1: float
    """Share of pairs where a true sentence stands above one that affirms another finding."""
    po_2: float
    """... above one that affirms the same finding with another side or severity than is coded."""
    po_3: float
    """... above one that denies the finding."""


def retrieval_figures(
    library: Library, settings: Settings, studies: Studies, walks: Sequence[Walk]
) -> dict[str, Any]:
    """Acc@k and pair orders of the hypotheses that are truly positive, with and without critiques.

    The means are over hypotheses; their 95 % intervals over draws of studies, the films of one
    study together. Walks are in the order of the studies. The whole library is ranked, without the
    runtime's filter by finding, side and zone, so a hypothesis can fail.
    """
    true = list(_true_challenges(settings, studies, walks))
    names = [studies.ids[row] for row, _ in true]
    positives = int((studies.states == State.POSITIVE).sum())
    return {
        "true_hypotheses": len(true),
        "true_positives_of_the_films": positives,
        "with_critiques": _means([_order(library, studies, *one, True) for one in true], names),
        "without_critiques": _means([_order(library, studies, *one, False) for one in true], names),
    }


def retrieval_draws(
    library: Library, settings: Settings, studies: Studies, walks: Sequence[Walk]
) -> dict[str, Numbers]:
    """Figure with critiques -> (1 + draws,): its mean, and the mean of every draw of studies.

    Draws are the same for all heads on one vision; {} without a hypothesis that is truly positive.
    """
    true = list(_true_challenges(settings, studies, walks))
    if not true:
        return {}
    orders = [_order(library, studies, *one, True) for one in true]
    draws = _draws(orders, [studies.ids[row] for row, _ in true])
    return {field.name: column for field, column in zip(fields(Order), draws.T, strict=True)}


def order_of(library: Library, query: Floats, finding: str, told: Mention) -> Order:
    """Where the sentences of a finding stand for a query (d,), its side and severity as `told`."""
    scores = library.folded @ query
    affirming = library.about[finding, Polarity.POSITIVE]
    best = np.argsort(-scores, kind="stable")[:10]
    true = scores[_matching(library, affirming, told)]
    return Order(
        acc_at_5=float(np.isin(best[:5], affirming).any()),
        acc_at_10=float(np.isin(best, affirming).any()),
        po_1=_above(true, scores[_of_others(library, finding)]),
        po_2=_above(true, scores[_otherwise(library, affirming, told)]),
        po_3=_above(true, scores[library.about[finding, Polarity.NEGATIVE]]),
    )


def _true_challenges(
    settings: Settings, studies: Studies, walks: Sequence[Walk]
) -> Iterator[tuple[int, Challenge]]:
    for row, walk in enumerate(walks):
        for one in critique(walk.proposals, settings):
            index = FINDINGS.index(one.place.hypothesis.finding)
            if studies.states[row, index] == State.POSITIVE:
                yield row, one


def _order(
    library: Library, studies: Studies, row: int, challenge: Challenge, critiques: bool
) -> Order:
    finding = challenge.place.hypothesis.finding
    told = studies.mentions[row].get(FINDINGS.index(finding), UNSAID)
    return order_of(library, challenge.query if critiques else challenge.p_m, finding, told)


def _matching(library: Library, affirming: Rows, told: Mention) -> Rows:
    """Rows that say just what is coded of side and severity, or come nearest without opposing."""
    sentences = {library.sentences[row].id: row for row in affirming.tolist()}
    about = [library.sentences[row] for row in affirming.tolist()]
    finding = about[0].finding if about else ""
    found = best_match(about, finding, Polarity.POSITIVE, told.side, told.severity)
    return np.array([sentences[one.id] for one in found], np.int64)


def _otherwise(library: Library, affirming: Rows, told: Mention) -> Rows:
    """Rows that name another side or another severity than the coded one."""
    return np.array(
        [
            row
            for row in affirming.tolist()
            if _differs(library.sentences[row].side, told.side, Side.NONE)
            or _differs(library.sentences[row].severity, told.severity, Severity.NONE)
        ],
        np.int64,
    )


def _differs(said: str, told: str, unsaid: str) -> bool:
    return unsaid not in (said, told) and said != told


def _of_others(library: Library, finding: str) -> Rows:
    """Rows that affirm a finding which is neither in the line of this one nor related to it."""
    kin = load_ontology().kin(finding)
    rows = [library.about[name, Polarity.POSITIVE] for name in FINDINGS if name not in kin]
    return np.concatenate(rows)


def _above(true: Floats, other: Floats) -> float:
    """Share of pairs in which the true one scores higher, ties half; nan without a pair."""
    if not len(true) or not len(other):
        return float("nan")
    ordered = np.sort(other)
    below = np.searchsorted(ordered, true, "left") + np.searchsorted(ordered, true, "right")
    return float(below.mean() / 2 / len(other))


def _means(orders: Sequence[Order], names: Sequence[str]) -> Mapping[str, Any]:
    """Mean of each figure over hypotheses with its interval over studies; {} without any."""
    if not orders:
        return {}
    defined = ~np.isnan(_table(orders))
    return {
        field.name: {
            "hypotheses": int(known.sum()),
            **{key: round(value, 4) for key, value in asdict(interval(column)).items()},
        }
        for field, column, known in zip(
            fields(Order), _draws(orders, names).T, defined.T, strict=True
        )
        if known.any()
    }


def _draws(orders: Sequence[Order], names: Sequence[str]) -> Numbers:
    """(1 + draws, figures): means over the hypotheses of all studies, then of every draw of them.

    nan where a figure is defined nowhere.
    """
    table = _table(orders)
    studies, study_of = np.unique(np.array(names), return_inverse=True)
    weights = draw_weights(len(studies))[:, study_of]
    defined = ~np.isnan(table)
    with np.errstate(invalid="ignore"):
        means: Numbers = (weights @ np.where(defined, table, 0.0)) / (weights @ defined)
    return means


def _table(orders: Sequence[Order]) -> Numbers:
    """(hypotheses, figures)."""
    names = [field.name for field in fields(Order)]
    return np.array([[getattr(one, name) for name in names] for one in orders], np.float64)

"""Reports without proposals: by frequency, by the nearest films, and by the classifier alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats, Hypothesis, Polarity, Presence, Side
from radscr_edge.relations import Relation, worst_relation
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_export.evaluation.report_bank import (
    ReportBank,
    SpokenSentence,
    coded_positive,
    nearest,
    texts_of,
)
from radscr_export.evaluation.report_bootstrap import Numbers
from radscr_export.evaluation.report_truth import SystemReports

# Chosen on validation studies by CE-Abn, so that each baseline is as strong as it gets.
NEIGHBOURS: Final = 20
"""Training studies whose sentences are gathered."""
SENTENCES: Final = 15
"""Sentences of a report that is composed sentence by sentence."""
RANKED: Final = 10
"""Training studies whose reports are ranked again."""
REPORTS: Final = 3
"""Reports that are merged after the second ranking."""


def baseline_reports(
    bank: ReportBank, embeddings: Floats, hypotheses: Sequence[Sequence[Hypothesis]]
) -> tuple[SystemReports, ...]:
    """All baselines on films with `embeddings` (n, D) and the classifier's hypotheses (n of N)."""
    similarities = bank.similarities(embeddings)
    return (
        most_frequent(bank, len(embeddings)),
        nearest_report(bank, similarities),
        nearest_sentences(bank, similarities),
        fixed_sentences(hypotheses),
        merged_reports(bank, similarities, hypotheses),
    )


def most_frequent(bank: ReportBank, studies: int) -> SystemReports:
    """The report that occurs most often in training, for every study."""
    alike = Counter(" ".join(text.lower().split()) for text in bank.texts)
    commonest = alike.most_common(1)[0][0]
    row = next(
        row for row, text in enumerate(bank.texts) if " ".join(text.lower().split()) == commonest
    )
    return _retrieved("most frequent report", bank, [row] * studies)


def nearest_report(bank: ReportBank, similarities: Floats) -> SystemReports:
    """The whole report of the nearest training film (CXR-RePaiR, Endo et al., ML4H 2021)."""
    rows = nearest(similarities, 1)[:, 0]
    return _retrieved("nearest report", bank, [int(row) for row in rows])


def nearest_sentences(
    bank: ReportBank, similarities: Floats, count: int = SENTENCES
) -> SystemReports:
    """The `count` statements that the reports of the nearest films make most, one sentence each.

    CXR-RePaiR ranks single sentences by the image; a sentence has no film of its own here, so what
    it says is scored by the summed similarity of the studies, out of the NEIGHBOURS nearest, that
    say the same to the labeler; the nearest study lends its wording.
    """
    texts = [
        texts_of(_voted(bank, row, rows, count))
        for row, rows in zip(similarities, nearest(similarities, NEIGHBOURS), strict=True)
    ]
    return SystemReports("nearest sentences", tuple(texts))


def fixed_sentences(hypotheses: Sequence[Sequence[Hypothesis]]) -> SystemReports:
    """The classifier and one fixed sentence per finding: no region, no critique, no search.

    The bundle's own thresholds decide: the first written sentence without a side affirms what is
    present, the first denial denies what may be denied.
    """
    texts = [" ".join(_fixed(one) for one in film if _fixed(one)) for film in hypotheses]
    return SystemReports("classifier and fixed sentences", tuple(texts))


def merged_reports(
    bank: ReportBank, similarities: Floats, hypotheses: Sequence[Sequence[Hypothesis]]
) -> SystemReports:
    """Retrieved, ranked again, and freed of what repeats or contradicts (X-REM, Jeong et al. 2023).

    X-REM ranks again by an image-text matching score; here that is how much likelier a report's
    codes are under the classifier's probabilities for the film than by their frequency. Of the
    REPORTS best, sentence by sentence, only what neither repeats nor opposes what stands already
    is kept.
    """
    coded = coded_positive(bank.states)
    frequency = (coded.sum(axis=0) + 1) / (len(coded) + 2)
    texts = []
    for film, rows in zip(hypotheses, nearest(similarities, RANKED), strict=True):
        match = _likelihoods(_probabilities(film), coded[rows]) - _likelihoods(
            frequency, coded[rows]
        )
        best = rows[np.argsort(-match, kind="stable")][:REPORTS]
        texts.append(texts_of(_compatible([one for row in best for one in bank.sentences[row]])))
    return SystemReports("retrieved, reranked and merged", tuple(texts))


def _retrieved(name: str, bank: ReportBank, rows: list[int]) -> SystemReports:
    return SystemReports(name, tuple(bank.texts[row] for row in rows), bank.states[rows])


Statement = frozenset[tuple[str, str, Polarity, Side]]


def _voted(
    bank: ReportBank, similarity: Floats, rows: NDArray[np.int64], count: int
) -> list[SpokenSentence]:
    """The statements with most summed similarity, in the wording of the nearest study."""
    votes: defaultdict[Statement, float] = defaultdict(float)
    wording: dict[Statement, SpokenSentence] = {}
    for row in rows:
        said = {_statement(one): one for one in bank.sentences[row]}
        for statement, one in said.items():
            votes[statement] += max(float(similarity[row]), 0.0)
            wording.setdefault(statement, one)
    chosen = sorted(votes, key=lambda statement: -votes[statement])[:count]
    return [wording[statement] for statement in chosen]


def _statement(sentence: SpokenSentence) -> Statement:
    return frozenset((one.finding, one.organ, one.polarity, one.side) for one in sentence.mentions)


def _fixed(hypothesis: Hypothesis) -> str:
    polarity = {Presence.PRESENT: Polarity.POSITIVE, Presence.ABSENT: Polarity.NEGATIVE}
    if hypothesis.presence not in polarity:
        return ""
    return _first_sentences()[hypothesis.finding, polarity[hypothesis.presence]]


@cache
def _first_sentences() -> dict[tuple[str, Polarity], str]:
    """The first written sentence of each finding and polarity that names no side."""
    first: dict[tuple[str, Polarity], str] = {}
    for one in load_sentences(Role.FINDING):
        if one.side is Side.NONE:
            first.setdefault((one.finding, one.polarity), one.text)
    return first


def _probabilities(film: Sequence[Hypothesis]) -> Numbers:
    """(N,) in the order of FINDINGS."""
    by_name = {one.finding: one.probability for one in film}
    return np.clip([by_name[name] for name in FINDINGS], 1e-4, 1 - 1e-4)


def _likelihoods(probability: Numbers, coded: NDArray[np.bool_]) -> Numbers:
    """(k,) log-likelihood of the codes (k, N) of each report under probabilities (N,)."""
    result: Numbers = np.where(coded, np.log(probability), np.log(1 - probability)).sum(axis=1)
    return result


def _compatible(sentences: Sequence[SpokenSentence]) -> list[SpokenSentence]:
    """The sentences that neither repeat nor oppose an earlier one; others' wording, read so."""
    kept: list[SpokenSentence] = []
    for one in sentences:
        relations = [worst_relation(one.mentions, other.mentions, strict=False) for other in kept]
        if max(relations, default=Relation.COMPATIBLE) is Relation.COMPATIBLE:
            kept.append(one)
    return kept

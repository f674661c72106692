"""Finds the sentences that say just what a code says: finding, polarity, side and severity."""

from __future__ import annotations

from collections.abc import Sequence

from radscr_edge.records import Polarity, Sentence, Severity, Side


def best_match(
    sentences: Sequence[Sentence], finding: str, polarity: Polarity, side: Side, severity: Severity
) -> tuple[Sentence, ...]:
    """All sentences of that finding and polarity that come nearest in side, then in severity.

    A sentence of another side never stands in: where none names the side, those without a side do.
    Returns () where the finding has no sentence of that polarity and an admissible side.
    """
    about = [one for one in sentences if one.finding == finding and one.polarity is polarity]
    sided = [one for one in about if one.side is side]
    sided = sided or [one for one in about if one.side is Side.NONE]
    fitting = [one for one in sided if one.severity is severity]
    fitting = fitting or [one for one in sided if one.severity is Severity.NONE]
    return tuple(fitting or sided)

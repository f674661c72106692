"""Stage 7: what was missed: sentences that C_Neg finds for abnormalities nobody hypothesised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from radscr_edge.contract import Settings
from radscr_edge.records import (
    Floats,
    Hypothesis,
    Missed,
    Polarity,
    Presence,
    Sentence,
    Side,
)
from radscr_edge.relations import covers
from radscr_runtime.library import Library
from radscr_runtime.timing import stage


@stage
def recheck(
    library: Library, c_neg: Floats, hypotheses: Sequence[Hypothesis], settings: Settings
) -> tuple[Missed, ...]:
    """U: hedged sentences, one per finding, best first; none of a finding that was hypothesised.

    What another of them says too is left to that one.

    A finding counts as missed where it is not denied, its probability is near its threshold, and
    C_Neg, the mean of all that was not hypothesised, still comes near a sentence about it.
    """
    near = {
        one.finding: one.probability
        for one in hypotheses
        if one.presence in (Presence.INDETERMINATE, Presence.NOT_ASSESSED)
        and one.probability >= settings.supplement_share * one.threshold
    }

    def may_be_said(sentence: Sentence) -> bool:
        hedged = sentence.polarity is Polarity.UNCERTAIN and sentence.side is Side.NONE
        return hedged and not sentence.zone and sentence.finding in near

    admissible = library.admissible(may_be_said)
    if not len(admissible):
        return ()
    found = library.search.best(c_neg, len(admissible), admissible)
    missed: dict[str, Missed] = {}
    for row in found.tolist():
        sentence, score = library.sentences[row], library.score(c_neg, row)
        if score >= settings.supplement_score and sentence.finding not in missed:
            missed[sentence.finding] = Missed(sentence, score, near[sentence.finding])
    telling = [one for one in missed.values() if not _told(one, missed.values())]
    return tuple(telling[: settings.supplements])


def _told(missed: Missed, others: Iterable[Missed]) -> bool:
    """Whether one of the others says all that it says, and more."""
    return any(covers(one.sentence, missed.sentence) for one in others if one is not missed)

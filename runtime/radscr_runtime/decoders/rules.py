"""Rules that settle a supplementary sentence without a language model, where they can."""

from __future__ import annotations

from collections.abc import Sequence

from radscr_edge.ontology import load_ontology
from radscr_edge.records import Decision, Sentence
from radscr_edge.relations import Relation, relate


def settle(q: Sequence[Sentence], u: Sentence) -> Decision | None:
    """The decision where a rule is certain; None where the question is open.

    Certain are: nothing in Q touches the finding (keep), one of the two denies what the other says
    (drop: contradiction), Q says it already or something beneath it (drop: said).
    """
    related = touching(q, u)
    if not related:
        return _decided(u, True, "nothing retrieved speaks of it")
    relations = {relate(one, u) for one in related}
    if relations & {Relation.CONTRADICTION, Relation.TENSION}:
        return _decided(u, False, "contradicts a retrieved sentence")
    if Relation.REDUNDANT in relations:
        return _decided(u, False, "already said")
    return None


def touching(q: Sequence[Sentence], u: Sentence) -> list[Sentence]:
    """The sentences of Q that speak of the finding of `u` or of its kin, in their order."""
    return [one for one in q if one.finding in load_ontology().kin(u.finding)]


def _decided(u: Sentence, kept: bool, rule: str) -> Decision:
    return Decision(sentence_id=u.id, kept=kept, decided_by=f"rule: {rule}", log_odds=None)

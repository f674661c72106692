"""Rules that settle a supplementary sentence without a language model, where they can."""

from __future__ import annotations

from collections.abc import Sequence

from radscr_edge.ontology import load_ontology
from radscr_edge.records import Decision, Polarity, Sentence


def settle(q: Sequence[Sentence], u: Sentence) -> Decision | None:
    """The decision where a rule is certain; None where the question is open.

    Certain are: nothing in Q touches the finding (keep), Q denies it or what contains it, or U
    denies what Q affirms (drop: contradiction), Q already affirms it or something beneath it
    (drop: said).
    """
    ontology = load_ontology()
    line = ontology.ancestors(u.finding) | ontology.descendants(u.finding) | {u.finding}
    touching = [one for one in q if one.finding in ontology.kin(u.finding)]
    if not touching:
        return _decided(u, True, "nothing retrieved speaks of it")
    denied = u.polarity is Polarity.NEGATIVE
    if any(one.finding in line and (one.polarity is Polarity.NEGATIVE) != denied for one in q):
        return _decided(u, False, "contradicts a retrieved sentence")
    beneath = ontology.descendants(u.finding) | {u.finding}
    if any(one.finding in beneath for one in q):
        return _decided(u, False, "already said")
    return None


def _decided(u: Sentence, kept: bool, rule: str) -> Decision:
    return Decision(sentence_id=u.id, kept=kept, decided_by=f"rule: {rule}", log_odds=None)

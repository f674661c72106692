"""What the labeler reads from a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from radscr_edge.records import Polarity, Severity, Side
from radscr_edge.wording import Certainty


@dataclass(frozen=True, slots=True)
class Mention:
    """One statement of a sentence about a finding or about a whole organ."""

    finding: str
    """Ontology name; empty where the statement is about the whole organ."""
    organ: str
    """Organ of the finding, one of ontology.ORGANS."""
    polarity: Polarity
    certainty: Certainty
    side: Side
    severity: Severity
    zone: str
    """Zone family as in records.Sentence; empty where nothing is said."""
    historical: bool
    """True where it is said of the past: neither affirmed nor denied of this film."""
    start: int
    """First character of the phrase in the sentence."""
    end: int
    """One past its last character."""

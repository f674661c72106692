"""What a sentence is for and how it may put a finding: the values of its fields."""

from __future__ import annotations

from enum import StrEnum


class Acuity(StrEnum):
    """Whether a sentence calls its finding acute or chronic; NONE where it says nothing."""

    ACUTE = "acute"
    CHRONIC = "chronic"
    NONE = "none"


class Certainty(StrEnum):
    """How sure a sentence is of what it says."""

    DEFINITE = "definite"
    PROBABLE = "probable"
    POSSIBLE = "possible"


class Role(StrEnum):
    """What a library sentence is for; only a FINDING one has a vector and is retrieved."""

    FINDING = "finding"
    IMPRESSION = "impression"
    """Says a finding again, in short."""
    NORMAL = "normal"
    """Calls a whole organ normal."""
    ADVICE = "advice"
    """What to do next; said only where it is asked for."""


class Size(StrEnum):
    """Size class that a sentence names; NONE where it says nothing."""

    TINY = "tiny"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    NONE = "none"

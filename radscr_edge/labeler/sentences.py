"""Cuts a report into sentences, and tells which of them compare with an earlier film."""

from __future__ import annotations

import re
from typing import Final

_ENUMERATION: Final = re.compile(r"(?:(?<=^)|(?<=[\s.;:]))\(?\d{1,2}[.)](?=\s|$)")
"""'1.' or '2)' at the head of an item."""
_END: Final = re.compile(
    r"(?<=[.!?])(?=\s|$)"
    r"|(?<=[a-z]{3}\.)(?=[A-Za-z]{3})"  # a missing space after the full stop
    r"|\n\s*\n|\n(?=\s*(?:[-*\u2022]|\(?\d{1,2}[.)]\s))"
)
_NO_END: Final = re.compile(r"\b(?:dr|mr|mrs|ms|prof|vs|e\.g|i\.e|approx|resp)\.$", re.IGNORECASE)
"""Abbreviations after which a sentence goes on."""
_UNIT: Final = re.compile(r"\b(?:cm|mm|in|ml|min|hrs?|a\.m|p\.m|etc|ca)\.$", re.IGNORECASE)
"""Abbreviations after which it goes on where a small letter follows."""
_COMPARES: Final = re.compile(
    r"""
    x{3,} | _{2,} | \[\*\*
    | \b(?:
        compar(?:ed?|ing|ison|isons|able|ative) | prior | previous(?:ly)? | interval | interim
      | unchanged | stable | stability | again | redemonstrat\w+ | re-?identified | residual
      | increasing | decreas\w+ | improv\w+ | worse(?:n|ns|ned|ning)? | new(?:ly)? | persist\w*
      | resolv\w+ | resolution | since | no\ longer | progress\w* | regress\w* | formerly
      | (?:no|without|significant)\ change | change[ds]?\ (?:from|since) | not\ changed
      | (?:has|have|had)\ (?:increased|cleared|developed|changed|enlarged)
      | increased?\ (?:from|since|in\ size|compared) | (?:earlier|last)\ (?:film|stud|exam)\w*
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def split_sentences(report: str) -> tuple[str, ...]:
    """The sentences of a report in order, without enumeration; what holds no letter is dropped."""
    sentences: list[str] = []
    goes_on = False
    for piece in _pieces(_ENUMERATION.sub("\n\n", report)):
        if goes_on or (sentences and _UNIT.search(sentences[-1]) and piece[0].islower()):
            sentences[-1] += f" {piece}"
        else:
            sentences.append(piece)
        goes_on = _NO_END.search(piece) is not None
    return tuple(one for one in sentences if re.search(r"[^\W\d_]", one))


def compares(sentence: str) -> bool:
    """Whether a sentence compares with an earlier film or holds a de-identification mark."""
    return _COMPARES.search(sentence) is not None


def _pieces(report: str) -> list[str]:
    pieces = (" ".join(piece.split()) for piece in _END.split(report))
    return [piece for piece in pieces if piece]

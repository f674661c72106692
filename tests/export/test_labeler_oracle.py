"""The report labeler beside medspaCy's ConText, whose verdicts oracle/record.py wrote down.

Where the two differ in the families below, ConText is wrong by the challenge files, which say what
each sentence means:

| family          | why ConText reads it otherwise                                         |
|-----------------|------------------------------------------------------------------------|
| scope end       | its scope ends at 'but', not at ';', a new clause or a new list        |
| negation after  | its rules have no 'is not seen', 'are absent', 'is excluded' that follow |
| resolved        | to it, what has resolved is no denial                                  |
| pseudo-negation | 'no change in' and 'not only' are the cues 'no' and 'not' to it        |
| double negation | it does not know 'not without' and 'does not exclude'                  |
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from radscr_edge.labeler import label
from radscr_edge.records import Polarity

HERE = Path(__file__).parent
EXPLAINED = ("scope end", "negation after", "resolved", "pseudo-negation", "double negation")


def challenge() -> dict[str, dict[str, str]]:
    found = {}
    for name in ("frozen.csv", "challenge.csv"):
        path = HERE.parent / "edge" / "labeler" / name
        with path.open(encoding="utf-8", newline="") as stream:
            found |= {row["id"]: row for row in csv.DictReader(stream)}
    return found


def verdicts() -> list[tuple[str, str, bool, bool]]:
    """Id and rule of a sentence, whether we read its phrase as denied, whether ConText does."""
    sentences, rows = challenge(), []
    with (HERE / "oracle" / "verdicts.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            sentence = sentences[row["id"]]
            ours = next(
                one.polarity is Polarity.NEGATIVE
                for one in label(sentence["sentence"])
                if one.start < int(row["end"]) and int(row["start"]) < one.end
            )
            rows.append((row["id"], sentence["rule"], ours, row["negated"] == "1"))
    return rows


def test_the_oracle_has_heard_hundreds_of_phrases_of_either_polarity() -> None:
    negated = Counter(theirs for _, _, _, theirs in verdicts())

    assert min(negated.values()) >= 100


def test_outside_the_explained_families_both_agree_nine_times_in_ten() -> None:
    plain = [row for row in verdicts() if row[1] not in EXPLAINED]

    differing = [row for row in plain if row[2] != row[3]]

    assert len(plain) >= 300
    assert len(differing) <= 0.1 * len(plain), differing


@pytest.mark.parametrize("family", EXPLAINED)
def test_each_explained_family_has_phrases_on_which_they_differ(family: str) -> None:
    rows = [row for row in verdicts() if row[1] == family]

    assert any(ours != theirs for _, _, ours, theirs in rows)

"""Measures which positive mentions of real reports the library has a sentence for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from radscr_edge.labeler import Mention, label, split_sentences
from radscr_edge.records import Polarity, Sentence
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_export.data.labels import read_table

Said = tuple[str, str, str, str]
"""Finding, polarity, side and severity class."""


def coverage(data: Path, splits: Sequence[str]) -> dict[str, Any]:
    """Share of the positive mentions in IU reports that have a sentence of the same meaning.

    Meaning is finding, polarity, side and severity class; `gaps` counts what is missing, the most
    frequent first. Raises TrainingError where the data pack is incomplete.
    """
    can_say = sayable(load_sentences(Role.FINDING))
    said = Counter(
        _said(one)
        for text in _texts(data / "iu_xray" / "iu_reports.csv", splits)
        for sentence in split_sentences(text)
        for one in label(sentence)
        if _counts(one)
    )
    total = sum(said.values())
    gaps = Counter({one: count for one, count in said.items() if one not in can_say})
    return {
        "splits": list(splits),
        "mentions": total,
        "covered": round(1 - sum(gaps.values()) / max(total, 1), 4),
        "gaps": [[*one, count] for one, count in gaps.most_common()],
    }


def sayable(sentences: Iterable[Sentence]) -> frozenset[Said]:
    """Everything that some retrieved sentences can say."""
    return frozenset((one.finding, one.polarity, one.side, one.severity) for one in sentences)


def _said(one: Mention) -> Said:
    return one.finding, one.polarity, one.side, one.severity


def _counts(one: Mention) -> bool:
    return bool(one.finding) and one.polarity is Polarity.POSITIVE and not one.historical


def _texts(path: Path, splits: Sequence[str]) -> Iterator[str]:
    for row in read_table(path):
        if row["split"] in splits:
            yield f"{row['findings']} {row['impression']}"

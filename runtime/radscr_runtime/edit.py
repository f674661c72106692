"""Changes to the sentence library on site: no text encoder, so a new sentence borrows a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import SequenceMatcher
from typing import Final

from radscr_edge.errors import LibraryError
from radscr_edge.labeler import Mention, compares, label
from radscr_edge.records import Sentence
from radscr_edge.sentences import best_match
from radscr_edge.wording import Role
from radscr_runtime.overlay import Action, Change, Overlay

ENGLISH: Final = "en"


def add(
    sentences: Sequence[Sentence], overlay: Overlay, text: str, like: str, language: str
) -> Sentence:
    """The sentence that `text` becomes, with the vector of the nearest one that says the same.

    `like` names a sentence that says the same; empty: the labeler reads what `text` says and the
    most similar wording is taken, which works for English only. Raises LibraryError where the text
    is there already, compares with an earlier film, or says another thing than `like`.
    """
    text = _checked(sentences, text)
    if like:
        lender = find(sentences, like)
        if language == ENGLISH:
            _check_same(text, lender)
        said = replace(lender, text=text, language=language)
    else:
        said, lender = _read(sentences, text, language)
    count = sum(one.action is Action.ADD for one in overlay.changes)
    return replace(said, id=f"site.{count + 1:03d}", lender=lender.lender or lender.id)


def reword(
    sentences: Sequence[Sentence], overlay: Overlay, sentence_id: str, text: str
) -> Sentence:
    """Sentence `sentence_id` in other words that say the same; LibraryError where they do not."""
    old = find(sentences, sentence_id)
    text = _checked(sentences, text)
    if old.role is Role.FINDING and old.language == ENGLISH:
        _check_same(text, old)
    return replace(old, id=f"{old.id}.site{len(overlay.changes) + 1}", text=text, lender=old.id)


def find(sentences: Sequence[Sentence], sentence_id: str) -> Sentence:
    """The sentence of that id; LibraryError where the library has none."""
    for one in sentences:
        if one.id == sentence_id:
            return one
    raise LibraryError(
        f"The library has no sentence {sentence_id!r}. List them: radscr-edge library show FINDING."
    )


def sign(action: Action, sentence_id: str, sentence: Sentence | None, by: str, why: str) -> Change:
    """A change that `by` answers for, dated today; LibraryError without a name."""
    if not by.strip():
        raise LibraryError("A change needs the name of who answers for it: give --by NAME.")
    today = datetime.now(UTC).date().isoformat()
    return Change(action, sentence_id, sentence, by.strip(), today, why)


def _checked(sentences: Sequence[Sentence], text: str) -> str:
    text = " ".join(text.split())
    if not text.endswith("."):
        raise LibraryError(f"{text!r} is no whole sentence: end it with a full stop.")
    if compares(text):
        raise LibraryError(
            f"{text!r} compares with an earlier film, or holds a de-identification mark. "
            "A reading knows one film only: leave the comparison out."
        )
    if any(one.text == text for one in sentences):
        raise LibraryError(f"{text!r} is in the library already.")
    return text


def _statement(text: str) -> Mention:
    mentions = [one for one in label(text) if one.finding and not one.historical]
    if len(mentions) != 1:
        named = ", ".join(one.finding for one in mentions) or "none"
        raise LibraryError(
            f"{text!r} must speak of exactly one abnormality; read were: {named}. "
            "Reword it, or name a sentence that says the same with --like ID."
        )
    return mentions[0]


def _check_same(text: str, other: Sentence) -> None:
    read = _statement(text)
    for name in ("finding", "polarity", "side", "severity"):
        said, wanted = getattr(read, name), getattr(other, name)
        if said != wanted:
            raise LibraryError(
                f"{text!r} says {name} {said}, but {other.id} says {wanted}. "
                "Reword it, or choose a sentence that says the same."
            )


def _read(sentences: Sequence[Sentence], text: str, language: str) -> tuple[Sentence, Sentence]:
    """What the labeler reads from an English text, and its nearest neighbour."""
    if language != ENGLISH:
        raise LibraryError(
            "Only English can be read by the program. "
            "Name a sentence that says the same: --like ID."
        )
    read = _statement(text)
    retrieved = [one for one in sentences if one.role is Role.FINDING]
    same = best_match(retrieved, read.finding, read.polarity, read.side, read.severity)
    if not same:
        raise LibraryError(
            f"The library says nothing {read.polarity} about {read.finding} whose vector "
            f"{text!r} could borrow."
        )
    lender = max(same, key=lambda one: SequenceMatcher(None, one.text, text).ratio())
    said = replace(
        lender,
        text=text,
        side=read.side,
        severity=read.severity,
        zone=read.zone,
        certainty=read.certainty,
    )
    return said, lender

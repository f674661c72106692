"""Interface words and translations: what a report says in the reader's language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from radscr_edge.sentences import LANGUAGES, frame_templates, translated

ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence in the report's language."""

    text: str
    original: str | None
    """The English sentence, where the report is in another language."""
    translated: bool
    """False where there is no translation and the English text stands in."""


@dataclass(frozen=True, slots=True)
class Words:
    """The interface words of one language; English where the language lacks one."""

    language: str
    tables: Mapping[str, Mapping[str, str]]

    def say(self, table: str, key: str, **slots: str) -> str:
        """One interface word with its slots filled."""
        return self.tables[table][key].format(**slots)

    def name(self, finding: str) -> str:
        """A finding in this language."""
        return self.tables["finding"][finding]

    def zones(self, names: list[str]) -> str:
        """Zones in this language, separated by commas."""
        return ", ".join(self.tables["zone"][name] for name in names)

    def sentence(
        self, sentence_id: str, english: str, slots: tuple[tuple[str, str], ...] = ()
    ) -> Phrase:
        """A library or frame sentence in this language."""
        if self.language == ENGLISH:
            return Phrase(english, None, False)
        template = frame_templates(self.language).get(sentence_id)
        if template is not None:
            filled = {key: self._slot(key, value) for key, value in slots}
            return Phrase(template.format(**filled), english, True)
        text = translated(sentence_id, english, self.language)
        return Phrase(text or english, english, text is not None)

    def _slot(self, key: str, value: str) -> str:
        if key in ("finding", "findings", "rival"):
            return ", ".join(self.tables["finding"].get(one, one) for one in value.split(", "))
        return value


@cache
def load_words(language: str) -> Words:
    """The words of a language; LibraryError where it is unknown."""
    frame_templates(language)
    english, other = _tables(ENGLISH), _tables(language)
    return Words(language, {name: {**table, **other[name]} for name, table in english.items()})


def _tables(language: str) -> dict[str, Any]:
    name = f"{language}.toml"
    text = files("radscr_runtime.outputs").joinpath("words", name).read_text(encoding="utf-8")
    return tomllib.loads(text)


__all__ = ["LANGUAGES", "Phrase", "Words", "load_words"]

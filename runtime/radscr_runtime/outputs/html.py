"""report.html: one self-contained page in which every sentence lights its region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib.resources import files
from itertools import chain
from typing import Any, Final

from radscr_edge.records import Radiograph
from radscr_runtime.outputs import cards
from radscr_runtime.outputs.film import film_figure, numbers_of
from radscr_runtime.outputs.text import prose_of, remarks_of, source_of, view_of
from radscr_runtime.outputs.words import Words, load_words

POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
"""The page may load nothing: no network, no other file."""


def to_html(record: Mapping[str, Any], radiograph: Radiograph) -> str:
    """The page of one report; `record` is that of report.json, the film is embedded."""
    words = load_words(record["language"])
    title = words.say("report", "title", name=record["study"]["name"])
    return "\n".join(
        [
            f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
            f"<title>{escape(title)}</title><style>{_asset('report.css')}</style></head><body>",
            _banner(record),
            *_header(record, title, words),
            "<main>",
            *film_figure(record, radiograph, words),
            "<div>",
            *_sections(record, words),
            "</div></main>",
            *_footer(record, words),
            f"<script>{_asset('report.js')}</script></body></html>\n",
        ]
    )


def _asset(name: str) -> str:
    return files("radscr_runtime.outputs").joinpath("page", name).read_text(encoding="utf-8")


def _banner(record: Mapping[str, Any]) -> str:
    said = record["translation"]
    unreviewed = f"<br><strong>{escape(said)}</strong>" if said else ""
    return f'<div class="banner" role="note">{escape(record["banner"])}{unreviewed}</div>'


def _header(record: Mapping[str, Any], title: str, words: Words) -> Iterator[str]:
    study = record["study"]
    size = words.say("report", "pixels", width=str(study["width"]), height=str(study["height"]))
    yield f"<header><h1>{escape(title)}</h1>"
    yield f"<p>{escape(view_of(study, words))}, {escape(size)}</p>"
    for note in study["notes"]:
        yield f"<p>{escape(note)}</p>"
    yield "</header>"


def _sections(record: Mapping[str, Any], words: Words) -> Iterator[str]:
    for section in ("impression", "findings", "advice"):
        if record["report"][section] or section != "advice":
            prose = _prose(record, words) if section == "findings" else ()
            lines = _lines(record, section, words)
            yield from _section(words.say("report", section), chain(prose, lines))
    withdrawn = [
        (index, one)
        for index, one in enumerate(record["findings"])
        if one["verdict"] == "withdrawn"
    ]
    if withdrawn:
        items = [cards.withdrawn_item(index, one, words) for index, one in withdrawn]
        listed = ['<ul class="sentences">', *items, "</ul>"]
        yield from _section(words.say("report", "withdrawn"), listed)
    if record["missed"]:
        table = cards.missed_table(record["missed"], words)
        yield from _section(words.say("report", "missed"), table)
    for section in ("technique", "limitations"):
        yield from _section(words.say("report", section), _limits(record, section, words))
    hypotheses = record["hypotheses"]
    title = words.say("report", "abnormalities", count=str(len(hypotheses)))
    yield from _folded(title, cards.hypotheses_table(hypotheses, words))
    if record["timing"]:
        table = cards.timing_table(record["timing"], words)
        yield from _folded(words.say("report", "timing"), table)


def _limits(record: Mapping[str, Any], section: str, words: Words) -> Iterator[str]:
    yield '<ul class="limits">'
    for line in record["report"][section]:
        yield f"<li>{escape(line['text'])}{cards.original(line, words)}</li>"
    yield "</ul>"


def _section(title: str, content: Iterable[str]) -> Iterator[str]:
    yield f"<section><h2>{escape(title)}</h2>"
    yield from content
    yield "</section>"


def _folded(title: str, content: Iterable[str]) -> Iterator[str]:
    """A section that stays closed until it is asked for, and out of print."""
    yield f'<section class="screen"><details><summary><h2>{escape(title)}</h2></summary>'
    yield from content
    yield "</details></section>"


def _lines(record: Mapping[str, Any], section: str, words: Words) -> Iterator[str]:
    lines, numbers = record["report"][section], numbers_of(record)
    if not lines:
        yield f'<p class="limits">{escape(words.say("report", "nothing"))}</p>'
        return
    yield '<ul class="sentences">'
    for line in lines:
        yield cards.sentence_item(line, record["findings"], numbers, words)
    yield "</ul>"


def _prose(record: Mapping[str, Any], words: Words) -> Iterator[str]:
    """The running text; its sentences light the regions of the verbatim ones, which follow it."""
    clauses = prose_of(record)
    if not clauses:
        return
    places = {
        line["sentence_id"]: line["place"]
        for line in record["report"]["findings"]
        if line["place"] is not None
    }
    yield '<p class="prose">'
    for one in clauses:
        ids = escape(" ".join(one["sentence_ids"]))
        place = next((places[name] for name in one["sentence_ids"] if name in places), None)
        linked = "" if place is None else f' data-place="{place}"'
        yield f'<span title="{ids}"{linked}>{escape(one["text"])}</span>'
    yield f"</p><h3>{escape(words.say('report', 'sentences'))}</h3>"


def _footer(record: Mapping[str, Any], words: Words) -> Iterator[str]:
    yield f"<footer>{escape(source_of(record, words))}"
    for remark in remarks_of(record, words):
        yield f"<br>{escape(remark)}"
    digest = record["provenance"]["bundle_digest"]
    yield f"<br><code>{escape(digest)}</code>"
    yield f"<br>{escape(words.say('report', 'study'))} "
    yield f"<code>{escape(record['study']['digest'])}</code></footer>"

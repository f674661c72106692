"""report.html: one self-contained page in which every sentence lights its region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any, Final

from radscr_edge.records import Radiograph
from radscr_runtime.outputs import cards
from radscr_runtime.outputs.film import film_figure, numbers_of

POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
"""The page may load nothing: no network, no other file."""


def to_html(record: Mapping[str, Any], radiograph: Radiograph) -> str:
    """The page of one report; `record` is that of report.json, the film is embedded."""
    title = f"Report of {record['study']['name']}"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
            f"<title>{escape(title)}</title><style>{_asset('report.css')}</style></head><body>",
            f'<div class="banner" role="note">{escape(record["banner"])}</div>',
            *_header(record, title),
            "<main>",
            *film_figure(record, radiograph),
            "<div>",
            *_sections(record),
            "</div></main>",
            *_footer(record),
            f"<script>{_asset('report.js')}</script></body></html>\n",
        ]
    )


def _asset(name: str) -> str:
    return files("radscr_runtime.outputs").joinpath("page", name).read_text(encoding="utf-8")


def _header(record: Mapping[str, Any], title: str) -> Iterator[str]:
    study = record["study"]
    view = "view unknown" if study["view"] == "unknown" else f"{study['view']} view"
    yield f"<header><h1>{escape(title)}</h1>"
    yield f"<p>{escape(view)}, {study['width']} × {study['height']} pixels</p>"
    for note in study["notes"]:
        yield f"<p>{escape(note)}</p>"
    yield "</header>"


def _sections(record: Mapping[str, Any]) -> Iterator[str]:
    yield from _section("Impression", _lines(record, "impression"))
    yield from _section("Findings", _lines(record, "findings"))
    withdrawn = [
        (index, one)
        for index, one in enumerate(record["findings"])
        if one["verdict"] == "withdrawn"
    ]
    if withdrawn:
        items = [cards.withdrawn_item(index, one) for index, one in withdrawn]
        yield from _section("Withdrawn after critique", ['<ul class="sentences">', *items, "</ul>"])
    if record["missed"]:
        yield from _section("Check for missed findings", cards.missed_table(record["missed"]))
    limits = [f"<li>{escape(line['text'])}</li>" for line in record["report"]["limitations"]]
    yield from _section("Limitations", ['<ul class="limits">', *limits, "</ul>"])
    hypotheses = record["hypotheses"]
    yield from _folded(f"All {len(hypotheses)} abnormalities", cards.hypotheses_table(hypotheses))
    if record["timing"]:
        yield from _folded("Timing", cards.timing_table(record["timing"]))


def _section(title: str, content: Iterable[str]) -> Iterator[str]:
    yield f"<section><h2>{escape(title)}</h2>"
    yield from content
    yield "</section>"


def _folded(title: str, content: Iterable[str]) -> Iterator[str]:
    """A section that stays closed until it is asked for, and out of print."""
    yield f'<section class="screen"><details><summary><h2>{escape(title)}</h2></summary>'
    yield from content
    yield "</details></section>"


def _lines(record: Mapping[str, Any], section: str) -> Iterator[str]:
    lines, numbers = record["report"][section], numbers_of(record)
    if not lines:
        yield '<p class="limits">Nothing is asserted or denied.</p>'
        return
    yield '<ul class="sentences">'
    for line in lines:
        yield cards.sentence_item(line, record["findings"], numbers)
    yield "</ul>"


def _footer(record: Mapping[str, Any]) -> Iterator[str]:
    made, composition = record["provenance"], record["composition"]
    yield "<footer>"
    yield (
        f"radscr-edge {escape(made['package_version'])} · bundle {escape(made['bundle_name'])} "
        f"<code>{escape(made['bundle_digest'])}</code> · network {escape(made['network_variant'])}"
        f" · search {escape(made['search'])} · decoder {escape(composition['decoder'])}"
    )
    for remark in [*made["remarks"], composition["remark"]]:
        if remark:
            yield f"<br>{escape(remark)}"
    yield f"<br>Study <code>{escape(record['study']['digest'])}</code></footer>"

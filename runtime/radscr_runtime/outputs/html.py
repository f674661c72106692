"""report.html: one self-contained page in which every sentence lights its region."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any, Final

import cv2

from radscr_edge.records import Bytes, Radiograph
from radscr_runtime.outputs import cards

LONGEST: Final = 1024
"""Longer side of the shown film in pixels."""
QUALITY: Final = 88
POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
"""The page may load nothing: no network, no other file."""


def to_html(record: Mapping[str, Any], radiograph: Radiograph) -> str:
    """The page of one report; `record` is that of report.json, the film is embedded."""
    study = record["study"]
    title = f"Report of {study['name']}"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
            f"<title>{escape(title)}</title><style>{_asset('report.css')}</style></head><body>",
            f'<div class="banner" role="note">{escape(record["banner"])}</div>',
            *_header(record, title),
            "<main>",
            *_film(record, radiograph),
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


def _film(record: Mapping[str, Any], radiograph: Radiograph) -> Iterator[str]:
    height, width = radiograph.pixels.shape
    letter = max(width, height) / 28
    yield '<div class="film"><figure>'
    yield (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="The radiograph with the '
        'regions that the sentences point at">'
    )
    yield f'<image href="{_picture(radiograph.pixels)}" width="{width}" height="{height}"/>'
    for index, finding in enumerate(record["findings"]):
        yield _region(index, finding)
    for text, x in (("R", 0.5 * letter), ("L", width - 1.2 * letter)):
        yield (
            f'<text class="side" x="{x:.0f}" y="{1.3 * letter:.0f}" '
            f'font-size="{letter:.0f}">{text}</text>'
        )
    yield "</svg>"
    known = "Sides from Patient Orientation." if record["study"]["side_known"] else ""
    yield f"<figcaption>{known or 'Side as displayed.'} "
    yield "Point at a region or a sentence to see what belongs together.</figcaption>"
    yield "</figure></div>"


def _picture(pixels: Bytes) -> str:
    scale = LONGEST / max(pixels.shape)
    if scale < 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


def _region(index: int, finding: Mapping[str, Any]) -> str:
    path = " ".join(
        "M" + " L".join(f"{x:g} {y:g}" for x, y in outline) + " Z"
        for outline in finding["region"]["outline"]
    )
    kind = "region withdrawn" if finding["verdict"] == "withdrawn" else "region"
    focus = "" if finding["verdict"] == "withdrawn" else ' tabindex="0"'
    label = escape(f"{finding['finding']}: {finding['verdict']}")
    return (
        f'<path class="{kind}" data-place="{index}" d="{path}"{focus} aria-label="{label}">'
        f"<title>{label}</title></path>"
    )


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
    table = cards.hypotheses_table(record["hypotheses"])
    yield from _section("All abnormalities", table, "screen")
    if record["timing"]:
        yield from _section("Timing", cards.timing_table(record["timing"]), "screen")


def _section(title: str, content: Iterable[str], kind: str = "") -> Iterator[str]:
    yield f'<section class="{kind}"><h2>{escape(title)}</h2>'
    yield from content
    yield "</section>"


def _lines(record: Mapping[str, Any], section: str) -> Iterator[str]:
    yield '<ul class="sentences">'
    for line in record["report"][section]:
        yield cards.sentence_item(line, record["findings"])
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

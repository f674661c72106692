"""The film of the page: the radiograph with the regions that the sentences point at."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

import cv2

from radscr_edge.records import Bytes, Radiograph
from radscr_runtime.outputs.words import Words

LONGEST: Final = 1024
"""Longer side of the shown film in pixels."""
QUALITY: Final = 88
LETTERS: Final = 28
"""How many side letters would fit along the longer side."""


def numbers_of(record: Mapping[str, Any]) -> dict[int, int]:
    """The number that links each finding's sentence and region, in the order of the report."""
    places = [line["place"] for line in record["report"]["findings"] if line["source"] == "Q"]
    return {place: number for number, place in enumerate(dict.fromkeys(places), 1)}


def film_figure(record: Mapping[str, Any], radiograph: Radiograph, words: Words) -> Iterator[str]:
    """The embedded radiograph with outlines, numbers and side letters over it."""
    height, width = radiograph.pixels.shape
    letter = max(width, height) / LETTERS
    numbers = numbers_of(record)
    yield '<div class="film"><figure>'
    yield (
        f'<svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(words.say("film", "label"))}">'
    )
    yield f'<image href="{_picture(radiograph.pixels)}" width="{width}" height="{height}"/>'
    for index, finding in enumerate(record["findings"]):
        yield _region(index, finding, words)
    for index, number in numbers.items():
        yield _number(number, record["findings"][index], 0.5 * letter)
    right, left = (words.say("film", side) for side in ("right", "left"))
    sides = ((right, 0.5 * letter), (left, width - 1.2 * letter))
    for text, x in sides if record["study"]["side_known"] else ():
        yield (
            f'<text class="side" x="{x:.0f}" y="{height - 0.5 * letter:.0f}" '
            f'font-size="{letter:.0f}">{text}</text>'
        )
    yield "</svg>"
    known = "sides_known" if record["study"]["side_known"] else "sides_displayed"
    yield f"<figcaption>{escape(words.say('film', known))} "
    if numbers:
        yield f'<span class="screen">{escape(words.say("film", "hint"))}</span>'
    yield "</figcaption></figure></div>"


def _picture(pixels: Bytes) -> str:
    scale = LONGEST / max(pixels.shape)
    if scale < 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


def _region(index: int, finding: Mapping[str, Any], words: Words) -> str:
    path = " ".join(
        "M" + " L".join(f"{x:g} {y:g}" for x, y in outline) + " Z"
        for outline in finding["region"]["outline"]
    )
    withdrawn = finding["verdict"] == "withdrawn"
    kind = "region withdrawn" if withdrawn else "region"
    focus = "" if withdrawn else ' tabindex="0" role="button"'
    label = escape(f"{words.name(finding['finding'])}: {words.say('verdict', finding['verdict'])}")
    return (
        f'<path class="{kind}" data-place="{index}" d="{path}"{focus} aria-label="{label}">'
        f"<title>{label}</title></path>"
    )


def _number(number: int, finding: Mapping[str, Any], radius: float) -> str:
    """The finding's number at the top left corner of its largest part."""
    outline = max(finding["region"]["outline"], key=len)
    x, y = min(outline, key=lambda point: point[0] + point[1])
    return (
        f'<g class="number" transform="translate({x + radius:.0f} {y + radius:.0f})">'
        f'<circle r="{radius:.0f}"/><text font-size="{1.3 * radius:.0f}">{number}</text></g>'
    )

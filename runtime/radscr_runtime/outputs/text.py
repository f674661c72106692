"""The report as plain text, for the terminal and for pasting."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from radscr_runtime.outputs.words import ENGLISH, Words, load_words

WIDTH = 96


def to_text(record: Mapping[str, Any]) -> str:
    """Banner, sections with the zones that a sentence points at, withdrawn hypotheses, sources."""
    return "\n".join(_lines(record, load_words(record["language"]))) + "\n"


def _lines(record: Mapping[str, Any], words: Words) -> Iterator[str]:
    yield from _wrap(record["banner"], "")
    if record["translation"]:
        yield from _wrap(f"*** {record['translation']} ***", "")
    yield ""
    yield from _study(record["study"], words)
    for section, lines in record["report"].items():
        if lines:
            yield ""
            yield words.say("report", section).upper()
        if section == "findings" and prose_of(record):
            yield from _prose(record, words)
            continue
        for line in lines:
            yield from _wrap(line["text"] + _where(line, record, words), "  ")
            yield from _original(line, words)
    yield from _withdrawn(record, words)
    yield ""
    yield from _wrap(source_of(record, words), "")
    for remark in remarks_of(record, words):
        yield from _wrap(remark, "")


def prose_of(record: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The sentences of the findings' prose; none where there is none in the report's language."""
    return (record["composition"]["prose"] or ()) if record["language"] == ENGLISH else ()


def _prose(record: Mapping[str, Any], words: Words) -> Iterator[str]:
    """The running text, and below it what stands behind the sentences of a verbatim report."""
    yield from _wrap(" ".join(one["text"] for one in prose_of(record)), "  ")
    for line in record["report"]["findings"]:
        if told := _where(line, record, words):
            yield from _wrap(f"{words.name(line['finding'])} {told.strip()}", "    ")


def _study(study: Mapping[str, Any], words: Words) -> Iterator[str]:
    width, height = str(study["width"]), str(study["height"])
    size = words.say("report", "pixels", width=width, height=height)
    title = words.say("report", "study").upper()
    yield f"{title}  {study['name']}  ({view_of(study, words)}, {size})"
    for note in study["notes"]:
        yield from _wrap(note, "  ")


def view_of(study: Mapping[str, Any], words: Words) -> str:
    """The projection in words."""
    if study["view"] == "unknown":
        return words.say("report", "view_unknown")
    return words.say("report", "view", view=study["view"])


def source_of(record: Mapping[str, Any], words: Words) -> str:
    """What made the report: versions, bundle, network, search, decoder."""
    made = record["provenance"]
    return words.say(
        "report",
        "source",
        version=made["package_version"],
        bundle=made["bundle_name"],
        digest=made["bundle_digest"][:12],
        network=made["network_variant"],
        search=made["search"],
        decoder=record["composition"]["decoder"],
        profile=words.say("profile", made["profile"]),
    )


def remarks_of(record: Mapping[str, Any], words: Words) -> Iterator[str]:
    """What fell back and why, what was changed on site, and what this form cannot show."""
    yield from record["provenance"]["remarks"]
    if record["composition"]["remark"]:
        yield record["composition"]["remark"]
    if record["composition"]["prose"] and not prose_of(record):
        yield words.say("report", "english_prose")


def _original(line: Mapping[str, Any], words: Words) -> list[str]:
    if line["original"] is None:
        return []
    if not line["translated"]:
        return [f"      ({words.say('report', 'untranslated')})"]
    return _wrap(f"[{line['original']}]", "      ")


def _where(line: Mapping[str, Any], record: Mapping[str, Any], words: Words) -> str:
    parts = [status_of(line, words)]
    if line["place"] is not None and line["source"] == "Q":
        finding = record["findings"][line["place"]]
        uncertain = words.say("where", "location_uncertain")
        zones = uncertain if finding["fallback"] else words.zones(finding["zones"])
        said = words.say(
            "where",
            "probability" if finding["calibrated"] else "score",
            probability=f"{finding['probability']:.2f}",
            threshold=f"{finding['threshold']:.2f}",
        )
        lender = line["lender"]
        site = words.say("report", "on_site", lender=lender) if lender else ""
        parts = [zones, said, *parts, site]
    told = "; ".join(part for part in parts if part)
    return f"  [{told}]" if told else ""


def status_of(line: Mapping[str, Any], words: Words) -> str:
    """A word of warning where the finding of the line is not well validated; else nothing."""
    doubtful = line["status"] not in (None, "validated")
    return words.say("status", line["status"]) if doubtful else ""


def _withdrawn(record: Mapping[str, Any], words: Words) -> Iterator[str]:
    withdrawn = [one for one in record["findings"] if one["verdict"] == "withdrawn"]
    if withdrawn:
        yield ""
        yield words.say("report", "withdrawn").upper()
    for one in withdrawn:
        yield from _wrap(f"{words.name(one['finding'])}: {one['reason']}", "  ")


def _wrap(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
    )

"""`radscr-edge library`: show and check the sentences, and change them on site."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from radscr_edge.contract import Bundle, Files
from radscr_edge.ontology import load_ontology
from radscr_edge.records import Sentence
from radscr_edge.sentences import LANGUAGES
from radscr_edge.sentences.lint import lint
from radscr_edge.wording import Role
from radscr_runtime.edit import add, find, reword, sign
from radscr_runtime.library import load_rows, open_library
from radscr_runtime.overlay import Action, Overlay, load_overlay, save_overlay

COMPLAINTS_EXIT = 1


def add_library_commands(commands: Any, default_bundle: Path) -> None:
    """Adds `library show | lint | add | disable | replace | sign` to an argparse parser."""
    library = commands.add_parser("library", help="show, check and change the sentences")
    kinds = library.add_subparsers(required=True, metavar="WHAT")
    show = kinds.add_parser("show", help="the sentences of a finding by prototype")
    show.add_argument("finding", nargs="?", default="", help="left out: how many there are of each")
    show.add_argument("--site", action="store_true", help="what was changed on site, by whom")
    show.set_defaults(run=_show)
    check = kinds.add_parser("lint", help="complain about what a reader would stumble over")
    check.set_defaults(run=_lint)
    adding = kinds.add_parser("add", help="add a sentence; it borrows the scores of another")
    adding.add_argument("text")
    adding.add_argument("--like", default="", metavar="ID", help="a sentence that says the same")
    adding.add_argument("--language", choices=tuple(LANGUAGES), default="en")
    adding.set_defaults(run=_add)
    disabling = kinds.add_parser("disable", help="never say a sentence again")
    disabling.add_argument("sentence_id", metavar="ID")
    disabling.set_defaults(run=_disable)
    replacing = kinds.add_parser("replace", help="say a sentence in other words")
    replacing.add_argument("sentence_id", metavar="ID")
    replacing.add_argument("text")
    replacing.set_defaults(run=_replace)
    signing = kinds.add_parser("sign", help="sign all changes off again, after reviewing them")
    signing.set_defaults(run=_sign)
    for one in (show, check, adding, disabling, replacing, signing):
        one.add_argument("--bundle", type=Path, default=default_bundle, help="default: %(default)s")
    for one in (adding, disabling, replacing, signing):
        one.add_argument("--by", required=True, metavar="NAME", help="who answers for the change")
        one.add_argument("--why", default="", help="kept beside the change")


def _show(arguments: argparse.Namespace) -> int:
    bundle = Bundle.open(arguments.bundle)
    if arguments.site:
        lines = _changes(load_overlay(bundle, signed=False))
    elif arguments.finding:
        finding = load_ontology()[arguments.finding].name
        lines = _prototypes(_said(bundle), finding)
    else:
        lines = _counts(_said(bundle))
    print("\n".join(lines))
    return 0


def _said(bundle: Bundle) -> tuple[Sentence, ...]:
    library = open_library(bundle)
    return (*library.sentences, *(one for role in library.composed.values() for one in role))


def _counts(sentences: Sequence[Sentence]) -> Iterator[str]:
    for finding in load_ontology().names:
        count = sum(one.finding == finding and one.role is Role.FINDING for one in sentences)
        yield f"{count:6d}  {finding}"
    for role in Role:
        yield f"{sum(one.role is role for one in sentences):6d}  of role {role}"


def _prototypes(sentences: Sequence[Sentence], finding: str) -> Iterator[str]:
    """Prototype by prototype, each named by its commonest hint."""
    about = [one for one in sentences if one.finding == finding]
    ordered = sorted(about, key=lambda one: (one.role, one.prototype))
    for (role, number), group in groupby(ordered, key=lambda one: (one.role, one.prototype)):
        members = list(group)
        hints = [one.hint for one in members if one.hint]
        named = f" ({max(hints, key=hints.count)})" if hints else ""
        title = f"prototype {number}{named}" if role is Role.FINDING else str(role)
        yield f"{finding}: {title}, {len(members)} sentences"
        yield from (f"  {one.id:<48} {_attributes(one):<34} {one.text}" for one in members)


def _attributes(one: Sentence) -> str:
    values = (one.polarity, one.side, one.severity, one.zone)
    said = [str(value) for value in values if value and value != "none"]
    return " ".join([*said, f"[as {one.lender}]"] if one.lender else said)


def _changes(overlay: Overlay) -> Iterator[str]:
    if overlay.empty:
        yield "Nothing was changed on site."
    for one in overlay.changes:
        text = f": {one.sentence.text}" if one.sentence else ""
        why = f" ({one.why})" if one.why else ""
        yield f"{one.on}  {one.by}  {one.action} {one.sentence_id}{text}{why}"


def _lint(arguments: argparse.Namespace) -> int:
    sentences = _said(Bundle.open(arguments.bundle))
    complaints = lint(sentences)
    for one in complaints:
        print(f"{one.sentence_id}: {one.rule}: {one.message}")
    print(f"{len(sentences)} sentences, {len(complaints)} complaints.")
    return COMPLAINTS_EXIT if complaints else 0


def _add(arguments: argparse.Namespace) -> int:
    bundle = Bundle.open(arguments.bundle)
    overlay = load_overlay(bundle)
    text, like, language = arguments.text, arguments.like, arguments.language
    fresh = add(_said(bundle), overlay, text, like, language)
    return _save(bundle, overlay, (Action.ADD, fresh.id, fresh), arguments)


def _disable(arguments: argparse.Namespace) -> int:
    bundle = Bundle.open(arguments.bundle)
    old = find(_said(bundle), arguments.sentence_id)
    return _save(bundle, load_overlay(bundle), (Action.DISABLE, old.id, None), arguments)


def _replace(arguments: argparse.Namespace) -> int:
    bundle = Bundle.open(arguments.bundle)
    overlay = load_overlay(bundle)
    fresh = reword(_said(bundle), overlay, arguments.sentence_id, arguments.text)
    return _save(bundle, overlay, (Action.REPLACE, arguments.sentence_id, fresh), arguments)


def _sign(arguments: argparse.Namespace) -> int:
    """The same changes under a new name, for the bundle as it is now."""
    bundle = Bundle.open(arguments.bundle)
    known = {one.id for one in load_rows(bundle.path(Files.SENTENCES))}
    signed = []
    for one in load_overlay(bundle, signed=False).changes:
        needed = one.sentence.lender if one.sentence else one.sentence_id
        if needed in known:
            signed.append(
                sign(one.action, one.sentence_id, one.sentence, arguments.by, arguments.why)
            )
        else:
            print(f"{needed} is not in this bundle; its change was dropped: {one.sentence_id}.")
    print(f"{len(signed)} changes signed: {save_overlay(bundle, signed)}")
    return 0


def _save(
    bundle: Bundle,
    overlay: Overlay,
    change: tuple[Action, str, Sentence | None],
    arguments: argparse.Namespace,
) -> int:
    action, sentence_id, sentence = change
    signed = sign(action, sentence_id, sentence, arguments.by, arguments.why)
    path = save_overlay(bundle, (*overlay.changes, signed))
    lender = f", scored as {sentence.lender}" if sentence else ""
    print(f"{action} {sentence_id}{lender}: {path}")
    return 0

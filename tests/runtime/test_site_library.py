"""A clinic changes the library: signed, beside the bundle, and visible in every report."""

import json
import shutil

import pytest

from radscr_edge.contract import Bundle
from radscr_edge.errors import LibraryError
from radscr_edge.records import Polarity, Side
from radscr_edge.wording import Role
from radscr_runtime import Options, Reader
from radscr_runtime.edit import add, find, reword, sign
from radscr_runtime.library import open_library
from radscr_runtime.outputs import to_record, to_text
from radscr_runtime.overlay import Action, Overlay, load_overlay, overlay_path, save_overlay

NEW = "Fluid lies in the right pleural space in keeping with a pleural effusion."


@pytest.fixture
def own(busy_bundle, tmp_path):
    """A bundle of its own whose library may be changed; it always raises an effusion."""
    return Bundle.open(shutil.copytree(busy_bundle, tmp_path / "bundle"))


@pytest.fixture
def sentences(own):
    return open_library(own).sentences


def put(bundle, action, sentence_id, sentence=None, by="Dr N. Okafor"):
    changes = load_overlay(bundle).changes
    save_overlay(bundle, (*changes, sign(action, sentence_id, sentence, by, "")))


def test_an_added_sentence_borrows_the_vector_of_the_nearest_that_says_the_same(own, sentences):
    fresh = add(sentences, Overlay(own.digest), NEW, like="", language="en")

    assert (fresh.id, fresh.finding, fresh.side) == ("site.001", "pleural effusion", Side.RIGHT)
    lender = find(sentences, fresh.lender)
    assert (lender.finding, lender.polarity) == ("pleural effusion", Polarity.POSITIVE)
    assert lender.side in (Side.RIGHT, Side.NONE)


def test_the_added_sentence_is_scored_as_its_lender_and_goes_before_it(own, sentences):
    fresh = add(sentences, Overlay(own.digest), NEW, like="", language="en")
    put(own, Action.ADD, fresh.id, fresh)

    library = open_library(own)

    row = next(row for row, one in enumerate(library.sentences) if one.id == fresh.id)
    lender = next(row for row, one in enumerate(library.sentences) if one.id == fresh.lender)
    query = library.vectors[lender]
    assert library.score(query, row) == library.score(query, lender)
    assert library.search.best(query, 2, library.admissible(lambda one: True)).tolist()[0] == row
    assert "1 added, 0 disabled; signed off by Dr N. Okafor" in library.remarks[0]


def test_the_bundle_stays_as_it_was(own, sentences):
    put(own, Action.DISABLE, sentences[0].id)

    assert Bundle.open(own.folder).digest == own.digest
    assert overlay_path(own).parent == own.folder.parent


def test_a_report_says_what_was_worded_on_site_and_by_whom(own, samples):
    with Reader.open(own.folder, Options(decoder="plain")) as reader:
        before = reader.read(samples / "effusion.dcm")
    said = next(one for one in before.composition.lines if one.finding == "pleural effusion")
    old = find(open_library(own).sentences, said.sentence_id)
    text = "Pleural effusion in our own words."
    like = add(open_library(own).sentences, Overlay(own.digest), text, old.id, "sw")
    put(own, Action.ADD, like.id, like)

    with Reader.open(own.folder, Options(decoder="plain")) as reader:
        after = to_record(reader.read(samples / "effusion.dcm"))

    line = next(one for one in after["report"]["findings"] if one["finding"] == old.finding)
    assert (line["text"], line["lender"]) == (text, old.id)
    assert f"wording added on site, scored as {old.id}" in " ".join(to_text(after).split())
    assert any("signed off by Dr N. Okafor" in one for one in after["provenance"]["remarks"])


def test_a_disabled_sentence_is_never_said(own, sentences):
    put(own, Action.DISABLE, sentences[5].id)

    assert sentences[5].id not in {one.id for one in open_library(own).sentences}


def test_a_disabled_impression_is_never_said(own):
    short = open_library(own).composed[Role.IMPRESSION][0]
    put(own, Action.DISABLE, short.id)

    assert short.id not in {one.id for one in open_library(own).composed[Role.IMPRESSION]}


def test_a_reworded_sentence_takes_the_place_of_the_old_one(own, sentences):
    old = next(one for one in sentences if one.finding == "scoliosis")
    fresh = reword(sentences, Overlay(own.digest), old.id, _other_words(old))
    put(own, Action.REPLACE, old.id, fresh)

    ids = {one.id: one for one in open_library(own).sentences}

    assert old.id not in ids
    assert ids[fresh.id].lender == old.id
    assert ids[fresh.id].prototype == old.prototype


def _other_words(old):
    words = {"positive": "There is", "negative": "There is no", "uncertain": "There may be"}
    severity = "" if old.severity == "none" else f"{old.severity} "
    return f"{words[old.polarity]} {severity}scoliosis of the spine, so it seems here."


@pytest.mark.parametrize(
    ("text", "like", "message"),
    [
        ("There is a right pleural effusion", "", "is no whole sentence"),
        ("There is an unchanged right pleural effusion.", "", "compares with an earlier film"),
        ("The weather is fine.", "", "must speak of exactly one abnormality; read were: none"),
        ("Right pleural effusion and scoliosis.", "", "must speak of exactly one abnormality"),
        ("There is no pleural effusion here at all.", "LIKE", "says polarity negative, but"),
        ("Fluid.", "gone.01", "The library has no sentence 'gone.01'"),
    ],
)
def test_what_cannot_be_added_is_refused_with_the_reason(own, sentences, text, like, message):
    plain = next(
        one
        for one in sentences
        if (one.finding, one.polarity, one.side) == ("pleural effusion", "positive", "right")
    )

    with pytest.raises(LibraryError, match=message):
        add(sentences, Overlay(own.digest), text, like.replace("LIKE", plain.id), "en")


def test_a_sentence_that_is_there_is_not_added_twice(own, sentences):
    with pytest.raises(LibraryError, match="is in the library already"):
        add(sentences, Overlay(own.digest), sentences[0].text, "", "en")


def test_another_language_needs_a_sentence_that_says_the_same(own, sentences):
    with pytest.raises(LibraryError, match="Only English can be read by the program"):
        add(sentences, Overlay(own.digest), "Kuna maji.", "", "sw")


def test_a_change_needs_a_name():
    with pytest.raises(LibraryError, match="needs the name of who answers for it"):
        sign(Action.DISABLE, "x", None, "  ", "")


def test_what_was_altered_after_signing_is_refused(own, sentences):
    put(own, Action.DISABLE, sentences[0].id)
    path = overlay_path(own)
    path.write_text(path.read_text().replace("Okafor", "Nobody"))

    with pytest.raises(LibraryError, match=r"was altered since\. Review it"):
        open_library(own)


def test_what_was_signed_for_another_bundle_is_refused(own, sentences):
    put(own, Action.DISABLE, sentences[0].id)
    record = json.loads(overlay_path(own).read_text())
    overlay = load_overlay(own)
    save_overlay(Bundle.open(own.folder), overlay.changes)
    assert record["bundle"] == own.digest
    (own.folder / "README.md").write_text("another card")
    fresh = own.save()

    with pytest.raises(LibraryError, match="was signed off for another bundle"):
        open_library(fresh)


def test_a_damaged_overlay_is_refused(own):
    overlay_path(own).write_text("{")

    with pytest.raises(LibraryError, match="is damaged"):
        open_library(own)

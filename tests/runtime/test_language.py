"""A report in another language: every word of it, the English beside it, and a banner above it."""

import json
import re
import tomllib
from importlib.resources import files
from string import Formatter

import pytest
from jsonschema import Draft202012Validator

from radscr_edge.errors import LibraryError
from radscr_edge.sentences import LANGUAGES, frame_templates
from radscr_runtime.outputs import to_html, to_json, to_record, to_text
from radscr_runtime.outputs.schema import report_schema
from radscr_runtime.outputs.words import load_words

OTHERS = [one for one in LANGUAGES if one != "en"]


def words_file(language):
    text = files("radscr_runtime.outputs").joinpath("words", f"{language}.toml").read_text("utf-8")
    return {
        (table, key): value
        for table, entries in tomllib.loads(text).items()
        for key, value in entries.items()
    }


def slots_of(template):
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name)


def every_line(record):
    return [line for section in record["report"].values() for line in section]


@pytest.mark.parametrize("language", OTHERS)
def test_every_interface_word_is_translated_with_its_slots(language):
    english, other = words_file("en"), words_file(language)

    assert set(other) == set(english)
    assert {key: slots_of(text) for key, text in other.items()} == {
        key: slots_of(text) for key, text in english.items()
    }


@pytest.mark.parametrize("language", OTHERS)
def test_translated_frames_keep_their_slots(language):
    english = frame_templates()

    for sentence_id, text in frame_templates(language).items():
        assert slots_of(text) == slots_of(english[sentence_id]), sentence_id


@pytest.mark.parametrize("language", OTHERS)
def test_a_translated_report_says_that_nobody_reviewed_it(report, language):
    record = to_record(report, language=language)
    warning = load_words(language).say("report", "unreviewed")

    text = " ".join(to_text(record).split())

    assert record["translation"] == warning
    assert warning in text
    assert warning.replace("'", "&#x27;") in to_html(record, report.radiograph)


@pytest.mark.parametrize("language", OTHERS)
def test_the_english_original_stands_beside_every_sentence(report, language):
    english, record = to_record(report), to_record(report, language=language)

    text, page = to_text(record), to_html(record, report.radiograph)

    for line, original in zip(every_line(record), every_line(english), strict=True):
        assert line["original"] == original["text"]
        assert line["sentence_id"] == original["sentence_id"]
        if line["translated"]:
            assert line["text"] != original["text"]
            assert re.sub(r"\W", "", original["text"]) in re.sub(r"\W", "", text)
            assert original["text"].replace("'", "&#x27;") in page
        else:
            assert line["text"] == original["text"]
            assert load_words(language).say("report", "untranslated") in text


def test_french_is_complete(busy_report):
    record = to_record(busy_report, language="fr")

    assert all(line["translated"] for line in every_line(record))
    assert "CONCLUSION" in to_text(record)
    assert '<html lang="fr">' in to_html(record, busy_report.radiograph)


@pytest.mark.parametrize("language", OTHERS)
def test_a_translated_record_fulfils_the_schema(report, language):
    record = json.loads(to_json(to_record(report, language=language)))

    assert list(Draft202012Validator(report_schema()).iter_errors(record)) == []


def test_an_english_report_has_no_second_text(report):
    record = to_record(report)

    assert record["translation"] is None
    assert {line["original"] for line in every_line(record)} == {None}


def test_an_unknown_language_is_refused_by_name(report):
    with pytest.raises(LibraryError, match="'xx' is no language here; choose one of en, fr"):
        to_record(report, language="xx")

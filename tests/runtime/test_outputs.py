"""Every form of a report says the same, in the shape that is published, and hides nothing."""

import json
import re
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator
from stand_ins import radiograph

from radscr_edge.claims import Profile, Status
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Presence, Verdict
from radscr_edge.sentences import LANGUAGES, load_sentences
from radscr_runtime.outputs import to_html, to_json, to_record, to_text
from radscr_runtime.outputs.schema import report_schema
from radscr_runtime.outputs.words import load_words

BANNER = load_words("en").say("report", "banner")

IDS = {one.id for one in load_sentences()}


def every_line(record):
    return [line for section in record["report"].values() for line in section]


def test_the_published_schema_is_itself_valid():
    Draft202012Validator.check_schema(report_schema())


def test_report_json_fulfils_the_published_schema(report):
    record = json.loads(to_json(to_record(report, {"load": 0.1})))

    assert list(Draft202012Validator(report_schema()).iter_errors(record)) == []


def test_the_schema_refuses_what_is_no_report(report):
    record = json.loads(to_json(to_record(report)))
    record["hypotheses"].pop()
    record["mood"] = "fine"

    assert len(list(Draft202012Validator(report_schema()).iter_errors(record))) == 2


def test_all_37_probabilities_are_told_in_order(report):
    record = to_record(report)

    assert tuple(one["finding"] for one in record["hypotheses"]) == FINDINGS


def test_boxes_lie_inside_the_original_image(report):
    record = to_record(report)

    for finding in record["findings"]:
        assert finding["boxes"]
        for x0, y0, x1, y1 in finding["boxes"]:
            assert 0 <= x0 < x1 <= record["study"]["width"]
            assert 0 <= y0 < y1 <= record["study"]["height"]


def test_every_sentence_has_an_id_and_retrieved_ones_have_a_region(report):
    record = to_record(report)

    for line in every_line(record):
        assert line["sentence_id"] in IDS or line["sentence_id"].startswith("frame.")
        if line["source"] == "Q":
            assert record["findings"][line["place"]]["finding"] == line["finding"]


def test_every_hypothesis_that_is_present_has_a_verdict_with_its_reason(report):
    record = to_record(report)

    raised = ("present", "uncertain")
    present = [one["finding"] for one in record["hypotheses"] if one["presence"] in raised]
    assert [one["finding"] for one in record["findings"]] == present
    assert all(one["reason"] for one in record["findings"])


def test_a_finding_that_is_not_validated_is_never_said_without_saying_so(busy_report):
    record = to_record(busy_report)

    doubtful = [one for one in every_line(record) if one["status"] == "not validated"]
    assert any(one["finding"] == "tortuous aorta" for one in doubtful)
    flat = " ".join(to_text(record).split())
    page = to_html(record, busy_report.radiograph)
    assert all(
        re.search(re.escape(one["text"]) + r" \[[^\]]*not validated", flat) for one in doubtful
    )
    assert page.count('<span class="tag doubt">not validated</span>') >= len(doubtful)
    verdict = next(one for one in record["findings"] if one["finding"] == "tortuous aorta")
    assert (verdict["status"], verdict["affirmed"]) == ("not validated", None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_verdict_and_profile_has_a_word_in_every_language(language):
    words = load_words(language)

    for table, kinds in (("status", Status), ("verdict", Verdict), ("presence", Presence)):
        assert all(words.say(table, one) for one in kinds)
    assert len({words.say("profile", one) for one in Profile}) == len(Profile)


def test_the_text_holds_every_sentence_under_the_banner(report):
    record = to_record(report)

    text = " ".join(to_text(record).split())

    assert text.startswith(BANNER)
    for line in every_line(record):
        assert re.sub(r"\W", "", line["text"]) in re.sub(r"\W", "", text)


def test_the_page_holds_every_sentence_and_the_film(report):
    record = to_record(report)

    page = to_html(record, report.radiograph)

    assert BANNER in page
    assert page.count("data:image/jpeg;base64,") == 1
    for line in every_line(record):
        assert line["text"].replace("'", "&#x27;") in page


def test_the_page_refers_to_nothing_outside_itself(report):
    page = to_html(to_record(report), report.radiograph)

    targets = re.findall(r"""(?:href|src|action|url)\s*[=(]\s*["']?([^"')\s]+)""", page)
    assert targets
    assert all(target.startswith("data:") for target in targets)
    assert "http:" not in page
    assert "https:" not in page


def test_names_and_notes_are_escaped_on_the_page(reports):
    wicked = "<img src=x onerror=alert(1)>.dcm"
    report = reports["effusion.dcm"]
    film = replace(report.radiograph, name=wicked, notes=("<script>note</script>",))
    report = replace(report, radiograph=film)

    page = to_html(to_record(report), film)

    assert "<img" not in page
    assert "<script>note" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;.dcm" in page


def test_a_file_name_that_is_no_text_becomes_printable(reports):
    report = reports["effusion.dcm"]
    film = replace(report.radiograph, name=b"f\xfcr.dcm".decode("utf-8", "surrogateescape"))

    record = to_record(replace(report, radiograph=film))

    assert record["study"]["name"] == "f?r.dcm"


def test_withdrawn_hypotheses_are_listed_with_their_reason(busy_report):
    record = to_record(busy_report)

    text, page = " ".join(to_text(record).split()), to_html(record, busy_report.radiograph)

    lost = next(one for one in record["findings"] if one["verdict"] == "withdrawn")
    assert f"WITHDRAWN AFTER CRITIQUE {lost['finding']}: {lost['reason']}" in text
    assert "Withdrawn after critique" in page
    assert lost["reason"] in page
    assert page.count('class="region withdrawn"') == 1


def test_every_kind_of_statement_reaches_the_report(busy_report):
    record = to_record(busy_report)

    assert {one["source"] for one in every_line(record)} == {"Q", "U", "negative", "frame"}
    verdicts = {one["finding"]: one["verdict"] for one in record["findings"]}
    assert verdicts == {
        "pleural effusion": "asserted",
        "enlarged cardiac silhouette": "asserted",
        "consolidation": "withdrawn",
        "pneumothorax": "cannot be excluded",
        "tortuous aorta": "hedged",
    }
    assert (
        list(Draft202012Validator(report_schema()).iter_errors(json.loads(to_json(record)))) == []
    )


def test_an_uncertain_location_names_no_zone(busy_report):
    lost = [replace(one, place=replace(one.place, fallback=True)) for one in busy_report.findings]

    record = to_record(replace(busy_report, findings=tuple(lost)))

    assert to_text(record).count("[location uncertain; ") >= 2
    page = to_html(record, busy_report.radiograph)
    assert '<span class="tag">location uncertain</span>' in page
    assert "zone</span>" not in page


@pytest.mark.parametrize(
    ("known", "said"), [(True, "Sides from Patient Orientation."), (False, "Side as displayed.")]
)
def test_the_page_says_where_its_sides_come_from(reports, known, said):
    report = reports["normal.dcm"]
    record = to_record(replace(report, radiograph=radiograph(side_known=known)))

    assert said in to_html(record, report.radiograph)

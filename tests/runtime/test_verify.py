"""A saved report replays from its library, and whatever was altered in it is named."""

import copy
import json
import shutil
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runtime.test_cli import run
from stand_ins import Oracle

from radscr_edge.contract import Bundle
from radscr_edge.errors import RadscrError
from radscr_edge.sentences import LANGUAGES, frame
from radscr_runtime import Options, Reader
from radscr_runtime.aggregate import Evidences, aggregate
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.edit import find, reword, sign
from radscr_runtime.library import open_library
from radscr_runtime.outputs import to_json, to_record
from radscr_runtime.outputs.record import hash_of
from radscr_runtime.overlay import Action, Overlay, save_overlay
from radscr_runtime.saved_report import ReportError, load_report
from radscr_runtime.verify import verify

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.text(max_size=4),
    st.just("\ud800"),
    st.just([]),
    st.just({}),
    st.just([[1]]),
)


@pytest.fixture(scope="session")
def busy_record(busy_report):
    return to_record(busy_report)


@pytest.fixture(scope="session")
def busy(busy_bundle):
    return Bundle.open(busy_bundle)


@pytest.fixture
def altered(busy_record):
    return copy.deepcopy(busy_record)


def saved(record, folder):
    path = folder / "report.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def faults(record, bundle, folder):
    return [str(one) for one in verify(load_report(saved(record, folder)), bundle)]


def nodes(value, path=()):
    yield path
    pairs = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else pairs
    for key, inner in pairs:
        yield from nodes(inner, (*path, key))


def put(record, path, value):
    for key in path[:-1]:
        record = record[key]
    record[path[-1]] = value


def line_of(record, section, source):
    rows = record["report"][section]
    return next(one for one in rows if one["source"] == source)


def test_every_sample_replays(report, bundle_folder, tmp_path):
    assert faults(to_record(report), Bundle.open(bundle_folder), tmp_path) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_statement_replays_in_every_language(busy_report, busy, language, tmp_path):
    assert faults(to_record(busy_report, language=language), busy, tmp_path) == []


def test_a_text_that_is_not_the_librarys_is_named(altered, busy, tmp_path):
    line = line_of(altered, "findings", "Q")
    line["text"] = "All is well."

    (fault,) = faults(altered, busy, tmp_path)

    assert f"'{line['sentence_id']}': the library says" in fault


def test_a_text_altered_together_with_its_hash_is_named_too(altered, busy, tmp_path):
    line = line_of(altered, "findings", "Q")
    line |= {"text": "All is well.", "sha256": hash_of("All is well.")}

    assert "the library says" in faults(altered, busy, tmp_path)[0]


def test_a_hash_of_another_text_is_named(altered, busy, tmp_path):
    line_of(altered, "findings", "Q")["sha256"] = "0" * 64

    assert "its hash is that of another text" in faults(altered, busy, tmp_path)[0]


def test_a_translation_that_is_not_ours_is_named(busy_report, busy, tmp_path):
    record = to_record(busy_report, language="fr")
    line_of(record, "findings", "Q")["text"] = "Tout va bien."

    assert "its translation is" in faults(record, busy, tmp_path)[0]


def test_a_library_sentence_that_rests_on_nothing_is_named(altered, busy, busy_bundle, tmp_path):
    wrong = next(one for one in open_library(busy).sentences if one.finding == "scoliosis")
    said = {"text": wrong.text, "sha256": hash_of(wrong.text), "finding": wrong.finding}
    line_of(altered, "findings", "Q").update(sentence_id=wrong.id, **said)

    named = faults(altered, busy, tmp_path)

    assert any("it is not among the evidence of its finding" in one for one in named)
    assert any("the report leaves it out" in one for one in named)


def test_a_retrieved_sentence_left_out_is_named(altered, busy, tmp_path):
    line = line_of(altered, "findings", "Q")
    altered["report"]["findings"].remove(line)

    (fault,) = faults(altered, busy, tmp_path)

    assert fault == f"findings[{line['place']}], '{line['sentence_id']}': the report leaves it out."


def test_a_denial_of_what_is_not_absent_is_named(altered, busy, tmp_path):
    line = line_of(altered, "findings", "negative")
    for one in altered["hypotheses"]:
        if one["finding"] == line["finding"]:
            one["presence"] = "indeterminate"

    assert "it denies what is not absent" in faults(altered, busy, tmp_path)[0]


def test_a_critical_finding_dropped_from_the_impression_is_named(altered, busy, tmp_path):
    rows = altered["report"]["impression"]
    rows[:] = [one for one in rows if one["sentence_id"] != "frame.impression.critical"]

    assert "a critical finding is dropped in silence" in faults(altered, busy, tmp_path)[-1]


def test_another_critical_finding_in_its_place_is_named(altered, busy, tmp_path):
    rows = altered["report"]["impression"]
    line = next(one for one in rows if one["sentence_id"] == "frame.impression.critical")
    text = line["text"].replace("pneumothorax", "scoliosis")
    line |= {"text": text, "sha256": hash_of(text), "slots": {"findings": "scoliosis"}}

    assert "what cannot be excluded is: pneumothorax" in faults(altered, busy, tmp_path)[0]


def test_a_decision_that_the_rule_does_not_make_is_named(altered, busy, tmp_path):
    missed = altered["missed"][0]
    missed |= {"kept": not missed["kept"], "decided_by": "rule: already said"}

    assert any("the rule decides" in one for one in faults(altered, busy, tmp_path))


def test_another_bundle_is_named(altered, busy, tmp_path):
    altered["provenance"]["bundle_digest"] = "f" * 64

    assert "the report names bundle 'ffffffffffff'" in faults(altered, busy, tmp_path)[0]


def test_a_sentence_reworded_on_site_replays_until_it_is_disabled(busy_bundle, samples, tmp_path):
    own = Bundle.open(shutil.copytree(busy_bundle, tmp_path / "bundle"))
    with Reader.open(own.folder, Options(decoder="plain")) as reader:
        record = to_record(reader.read(samples / "effusion.dcm"))
    sentences = open_library(own).sentences
    old = find(sentences, line_of(record, "findings", "Q")["sentence_id"])
    fresh = reword(sentences, Overlay(own.digest), old.id, f"{old.text[:-1]}, in our own words.")
    change = sign(Action.REPLACE, old.id, fresh, "Dr N. Okafor", "")
    save_overlay(own, [change])
    with Reader.open(own.folder, Options(decoder="plain")) as reader:
        record = to_record(reader.read(samples / "effusion.dcm"))
    assert fresh.id in to_json(record)
    assert faults(record, own, tmp_path) == []

    save_overlay(own, [change, sign(Action.DISABLE, fresh.id, None, "Dr N. Okafor", "")])

    assert "it may have been disabled on site since" in faults(record, own, tmp_path)[0]


def frame_row(sentence_id, **slots):
    said = frame(sentence_id, **slots)
    return {
        "text": said.text,
        "original": None,
        "translated": False,
        "sentence_id": sentence_id,
        "sha256": hash_of(said.text),
        "slots": dict(said.slots),
        "finding": "",
        "source": "frame",
        "place": None,
        "lender": "",
        "status": None,
    }


def all_is_well(record):
    row = frame_row("frame.impression.none", count="37")
    record["report"]["impression"].insert(0, row)


def nothing_asserted(record):
    row = frame_row("frame.impression.unasserted", count="37")
    record["report"]["impression"].append(row)


def no_technique(record):
    record["report"]["technique"] = []


def no_limitations(record):
    record["report"]["limitations"] = []


def no_limits_of_one_kind(record):
    rows = record["report"]["limitations"]
    rows[:] = [one for one in rows if one["sentence_id"] != "frame.limitation.not_validated"]


def a_shorter_list(record):
    row = next(one for one in record["report"]["limitations"] if "," in one["text"])
    left = ", ".join(row["slots"]["findings"].split(", ")[1:])
    row |= frame_row(row["sentence_id"], findings=left)


def another_view(record):
    row = record["report"]["technique"][0]
    row |= frame_row("frame.technique.unknown")


def turned(record):
    record["report"]["technique"].append(frame_row("frame.technique.turned"))


def a_frame_elsewhere(record):
    report = record["report"]
    report["advice"].append(report["limitations"].pop())


def repeated(record):
    rows = record["report"]["findings"]
    rows += [line_of(record, "findings", "Q")] * 3


def moved(source, section):
    def move(record):
        row = line_of(record, "findings", source)
        record["report"]["findings"].remove(row)
        record["report"][section].append(row)

    return move


def copied(source, section):
    def copy_it(record):
        record["report"][section].append(line_of(record, "findings", source))

    return copy_it


def a_denial_left_out(record):
    record["report"]["findings"].remove(line_of(record, "findings", "negative"))


def an_impression_less(record):
    record["report"]["impression"].remove(line_of(record, "impression", "Q"))


def no_hedge(record):
    index, finding = next(pair for pair in enumerate(record["findings"]) if pair[1]["hedge"])
    finding["hedge"] = None
    said = finding["evidence"][0]
    for row in record["report"]["findings"]:
        if row["place"] == index:
            row |= {**said, "sha256": hash_of(said["text"])}


def a_finding_gone(record):
    del record["findings"][-1]


def another_status(record):
    line_of(record, "findings", "Q")["status"] = "very sure"


def another_number(record):
    row = next(one for one in record["hypotheses"] if one["presence"] == "present")
    row |= {"probability": 0.1, "threshold": 0.2}


def another_notice(record):
    record["banner"] = "Certified."


def another_decoder(record):
    record["composition"] |= {"decoder": "judge", "remark": "Phi agrees with all of it."}


def an_unknown_decoder(record):
    record["composition"]["decoder"] = "radiologist"


def prose_without_an_author(record):
    rows = record["report"]["findings"]
    told = [{"text": one["text"], "sentence_ids": [one["sentence_id"]]} for one in rows]
    record["composition"]["prose"] = told


def a_fluent_report_without_prose(record):
    record["composition"]["decoder"] = "fluent"


def phi_beside_plain(record):
    record["missed"][0] |= {"kept": True, "decided_by": "phi", "log_odds": 1.0}


ALTERED = {
    all_is_well: "report.impression[0], 'frame.impression.none': its record gives no such line",
    nothing_asserted: "'frame.impression.unasserted': its record gives no such line here",
    no_technique: "report.technique, 'frame.technique.no_comparison': its record gives this line",
    no_limitations: "report.limitations, 'frame.limitation.outside': its record gives this line",
    no_limits_of_one_kind: "'frame.limitation.not_validated': its record gives this line too",
    a_shorter_list: "its record gives no such line here",
    another_view: "report.technique[0], 'frame.technique.unknown': its record gives no such",
    turned: "'frame.technique.turned': its record gives no such line here",
    a_frame_elsewhere: "report.advice[0], 'frame.limitation.",
    repeated: "its record gives no such line here",
    moved("U", "impression"): "it was kept, not said",
    copied("U", "impression"): "report.impression[",
    moved("negative", "impression"): "report.impression[",
    moved("negative", "advice"): "report.advice[",
    a_denial_left_out: "its record gives this line too, and it is missing",
    an_impression_less: "report.impression, ",
    no_hedge: "needs a hedge",
    a_finding_gone: "findings, '': raised were ",
    another_status: "its finding is ",
    another_number: "its numbers do not make it present",
    another_notice: "banner, '': it is not the notice of this program",
    another_decoder: "composition.remark, '': judge leaves no such remark",
    an_unknown_decoder: "composition.decoder, '': 'radiologist' is no decoder",
    prose_without_an_author: "prose comes from 'fluent', and from no other decoder",
    a_fluent_report_without_prose: "prose comes from 'fluent', and from no other decoder",
    phi_beside_plain: "the rule decides",
}


@pytest.mark.parametrize("alter", ALTERED, ids=lambda alter: alter.__qualname__.split(".")[0])
def test_a_report_whose_meaning_was_altered_is_named(altered, busy, alter, tmp_path):
    alter(altered)

    named = faults(altered, busy, tmp_path)

    assert any(ALTERED[alter] in one for one in named), named


def test_a_reason_of_another_verdict_is_named(altered, busy, tmp_path):
    finding = next(one for one in altered["findings"] if one["verdict"] == "asserted")
    slots = {"finding": finding["finding"], "score": "0.10", "lack": "0.20"}
    reason = frame("frame.reason.weak", **slots).text
    finding |= {"reason_id": "frame.reason.weak", "reason_slots": slots, "reason": reason}

    (fault,) = faults(altered, busy, tmp_path)

    assert "its reason is not that of what is asserted" in fault


def test_numbers_that_only_their_rounding_tells_apart_do_not_matter(altered, busy, tmp_path):
    for one in altered["hypotheses"]:
        if one["presence"] in ("present", "uncertain"):
            one |= {"probability": 0.6, "threshold": 0.5, "affirmed": 0.6}

    assert faults(altered, busy, tmp_path) == []


@pytest.mark.parametrize("odds", [-2.0, 2.0])
def test_a_report_that_phi_decided_replays(busy_bundle, busy_report, busy, odds, tmp_path):
    report = busy_report
    evidences = Evidences(report.radiograph, report.hypotheses, report.findings, report.missed)
    composed = aggregate(JudgeDecoder(Oracle(odds)), open_library(busy), evidences, advice=True)
    record = to_record(replace(report, composition=composed), language="fr")

    assert record["composition"]["decoder"] == "judge"
    assert record["report"]["advice"]
    assert faults(record, busy, tmp_path) == []


@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_damaged_report_is_refused_or_named_and_never_crashes(busy_record, busy, tmp_path, data):
    record = copy.deepcopy(busy_record)
    path = data.draw(st.sampled_from([one for one in nodes(record) if one]))
    put(record, path, data.draw(JUNK))

    try:
        named = faults(record, busy, tmp_path)
    except RadscrError as problem:
        named = [str(problem)]

    assert all(one.encode() for one in named)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is damaged: it is no JSON"),
        ("[" * 100_000, "is damaged: it is no JSON"),
        ("[]", "is damaged or was altered: it is no JSON object"),
        ('{"schema": "radscr-edge report 3"}', "is 'radscr-edge report 3'; this program replays"),
        ("{}", "is damaged or was altered: 'schema is missing'"),
    ],
)
def test_what_is_no_report_is_refused_with_a_reason(tmp_path, text, said):
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ReportError, match=r"report\.json") as refusal:
        load_report(path)

    assert said in str(refusal.value)


def test_the_command_says_which_sentence_fails_by_its_exit_code(altered, busy_bundle, tmp_path):
    sound = run("verify", saved(altered, tmp_path), bundle=busy_bundle)
    line_of(altered, "findings", "Q")["text"] = "All is well."

    failed = run("verify", saved(altered, tmp_path), bundle=busy_bundle)
    gone = run("verify", tmp_path / "gone.json", bundle=busy_bundle)

    assert (sound.returncode, failed.returncode, gone.returncode) == (0, 1, 1)
    assert "every one replays from its library id." in sound.stdout
    assert "report.findings[" in failed.stdout
    assert "cannot be read (No such file or directory)" in gone.stdout

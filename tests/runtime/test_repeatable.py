"""The same study gives the same report: by the same reader, and by a fresh one."""

import json

from radscr_runtime import Options, Reader
from radscr_runtime.outputs import to_html, to_json, to_record
from radscr_runtime.timing import listen


def written(reader, study):
    report = reader.read(study)
    return to_json(to_record(report)), to_html(to_record(report), report.radiograph)


def test_one_reader_writes_the_same_bytes_twice(reader, samples):
    first = written(reader, samples / "effusion.dcm")
    written(reader, samples / "normal.dcm")

    assert written(reader, samples / "effusion.dcm") == first


def test_two_readers_write_the_same_bytes(reader, bundle_folder, samples):
    with Reader.open(bundle_folder, Options(decoder="plain")) as fresh:
        again = written(fresh, samples / "pneumothorax.dcm")

    assert again == written(reader, samples / "pneumothorax.dcm")


def test_the_number_of_threads_changes_no_statement(reader, bundle_folder, samples):
    with Reader.open(bundle_folder, Options(decoder="plain", threads=2)) as fresh:
        again = to_record(fresh.read(samples / "nodule.dcm"))

    first = to_record(reader.read(samples / "nodule.dcm"))
    assert again["report"] == first["report"]
    assert [one["verdict"] for one in again["findings"]] == [
        one["verdict"] for one in first["findings"]
    ]


def test_only_the_times_differ_while_somebody_listens(reader, samples):
    with listen() as seconds:
        report = reader.read(samples / "effusion.dcm")
    timed = json.loads(to_json(to_record(report, seconds)))

    silent = json.loads(to_json(to_record(reader.read(samples / "effusion.dcm"))))

    assert timed.pop("timing")
    assert silent.pop("timing") == {}
    assert timed == silent

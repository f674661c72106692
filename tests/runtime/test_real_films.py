"""A hundred real test films are read without one failure."""

import csv
import tarfile
from pathlib import Path

import pytest

from radscr_edge.records import View
from radscr_runtime.outputs import to_html, to_record

FILMS = 50


def extracted(data, table, shard, folder):
    """The first test films of a data set, as files of their own."""
    with (data / table).open(encoding="utf-8") as stream:
        wanted = {
            row["file"]
            for row in csv.DictReader(stream)
            if row["split"] == "test" and row["shard"] == Path(shard).name
        }
    paths = []
    with tarfile.open(data / shard) as archive:
        for member in archive:
            if Path(member.name).name in wanted:
                path = folder / Path(member.name).name
                path.write_bytes(archive.extractfile(member).read())
                paths.append(path)
            if len(paths) == FILMS:
                break
    return paths


@pytest.mark.parametrize(
    ("table", "shard"),
    [
        ("iu_xray/iu_images.csv", "iu_xray/iu_frontal.tar"),
        ("nih_cxr14/nih_images.csv", "nih_cxr14/nih_images.tar"),
    ],
)
def test_fifty_real_films_are_read(reader, data, tmp_path, table, shard):
    films = extracted(data, table, shard, tmp_path)

    reports = [reader.read(film) for film in films]

    assert len(reports) == FILMS
    for report in reports:
        record = to_record(report)
        assert report.radiograph.view is View.UNKNOWN
        assert record["report"]["impression"]
        assert any("as displayed" in one["text"] for one in record["report"]["limitations"])
        assert report.radiograph.name in to_html(record, report.radiograph)

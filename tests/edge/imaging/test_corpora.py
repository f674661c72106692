"""Public DICOM corpora: an image or a clear error for every file, and the gate on real films."""

import csv
import io
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import generate_frames

from radscr_edge.errors import StudyCause, StudyError
from radscr_edge.imaging import letterbox, load_radiograph
from radscr_edge.imaging.gate import Look, check_plausible, view_gate
from radscr_edge.imaging.jpeg2000 import decode_reduced

VERDICTS = Path(__file__).parent / "verdicts.csv"
CONFORMANCE = ("fo-dicom", "pydicom", "wg04")
MALFORMED = ("fuzz_corpus_v2", "fuzz_corpus_v3")
REDUCED_TOLERANCE = 2.0
"""Mean difference of the 8-bit network input between full and reduced decoding."""


def verdict(path, worker):
    try:
        load_radiograph(path, worker)
    except StudyError as refusal:
        return refusal.cause.value
    return "image"


def files_of(corpora, folders):
    return [p for name in folders for p in sorted((corpora / name).rglob("*")) if p.is_file()]


def test_every_conformance_file_gets_the_verdict_of_the_table(corpora, worker):
    with VERDICTS.open(encoding="utf-8") as stream:
        expected = {row["file"]: row["verdict"] for row in csv.DictReader(stream)}

    found = {
        str(path.relative_to(corpora)): verdict(path, worker)
        for path in files_of(corpora, CONFORMANCE)
    }

    assert len(expected) == 173
    assert found == expected


def test_malformed_files_are_told_apart_by_at_least_12_causes(corpora, worker):
    files = [path for path in files_of(corpora, MALFORMED) if path.suffix == ".dcm"]

    causes = Counter(verdict(path, worker) for path in files)

    assert sum(causes.values()) >= 940
    assert len(set(causes) - {"image"}) >= 12, causes
    assert causes[StudyCause.DECODER_CRASHED] == 0


def test_chest_dicoms_are_read_but_for_the_broken_one(corpora, worker):
    verdicts = {path.name: verdict(path, worker) for path in corpora.glob("*.dcm")}

    assert len(verdicts) == 7
    assert verdicts.pop("966.dcm") == StudyCause.DECODER_FAILED
    assert set(verdicts.values()) == {"image"}


def test_reduced_decoding_gives_the_same_network_input(corpora):
    dataset = dcmread(corpora / "RG1_J2KI.dcm")
    full = dataset.pixel_array.astype(np.float64)
    frame = next(generate_frames(dataset.PixelData, number_of_frames=1))

    reduced = decode_reduced(frame, 1)

    top = full.max()
    small = letterbox((reduced / top * 255).clip(0, 255).astype(np.uint8), 256).astype(int)
    large = letterbox((full / top * 255).clip(0, 255).astype(np.uint8), 256).astype(int)
    assert np.abs(small - large).mean() <= REDUCED_TOLERANCE


def films(data, table, shard, keep):
    """Films of one table whose row `keep` accepts, in the aspect that the table gives."""
    with (data / table).open(encoding="utf-8") as stream:
        rows = {row["file"]: row for row in csv.DictReader(stream) if keep(row)}
    with tarfile.open(data / shard) as archive:
        for member in archive:
            row = rows.get(Path(member.name).name)
            if row is None:
                continue
            image = Image.open(io.BytesIO(archive.extractfile(member).read())).convert("L")
            width, height = float(row.get("orig_w") or 0), float(row.get("orig_h") or 0)
            if width and height:
                long = max(image.size)
                image = image.resize(
                    (round(long * min(1, width / height)), round(long * min(1, height / width)))
                )
            yield np.asarray(image)


def accepted(pixels):
    try:
        check_plausible(pixels, "film")
    except StudyError:
        return False
    return view_gate().look(pixels) is Look.FRONTAL


@pytest.mark.parametrize(
    ("table", "shard"),
    [
        ("iu_xray/iu_images.csv", "iu_xray/iu_frontal.tar"),
        ("nih_cxr14/nih_images.csv", "nih_cxr14/nih_images.tar"),
    ],
)
def test_the_gate_accepts_98_percent_of_frontal_test_films(data, table, shard):
    verdicts = [
        accepted(film)
        for film in films(
            data,
            table,
            shard,
            lambda row: row["split"] == "test" and row["shard"] == Path(shard).name,
        )
    ]

    assert len(verdicts) > 200
    assert np.mean(verdicts) >= 0.98


def test_the_gate_accepts_95_percent_of_films_of_a_hospital_it_never_saw(data):
    table, shard = (f"external_hannover/hannover_images.{kind}" for kind in ("csv", "tar"))

    verdicts = [accepted(film) for film in films(data, table, shard, lambda row: True)]

    assert len(verdicts) == 243
    assert np.mean(verdicts) >= 0.95


@pytest.mark.parametrize(
    ("table", "shard", "keep", "least"),
    [
        ("iu_xray/iu_images.csv", "iu_xray/iu_lateral.tar", {"split": "test"}, 0.95),
        ("ood_not_cxr/ood_images.csv", "ood_not_cxr/ood_images.tar", {}, 104 / 105),
    ],
)
def test_the_gate_refuses_what_is_no_frontal_chest(data, table, shard, keep, least):
    shard_name = Path(shard).name

    verdicts = [
        accepted(film)
        for film in films(
            data,
            table,
            shard,
            lambda row: row["shard"] == shard_name and all(row[key] == keep[key] for key in keep),
        )
    ]

    assert len(verdicts) > 50
    assert np.mean(np.logical_not(verdicts)) >= least

"""Every unreadable study gets its own clear error; every readable one its pixels."""

import importlib.util
import subprocess
import sys

import cv2
import numpy as np
import pytest
from made import film, put, saved
from PIL import Image
from pydicom.uid import RLELossless, SecondaryCaptureImageStorage

from radscr_edge.child import Child
from radscr_edge.errors import RadscrError, StudyCause, StudyError
from radscr_edge.imaging import DecodingWorker, load_radiograph

WINDOW_CENTRE = 1152
"""Of every sample, 256 values wide."""


def cause_of(path, worker):
    with pytest.raises(StudyError) as caught:
        load_radiograph(path, worker)
    return caught.value.cause, str(caught.value)


@pytest.mark.parametrize(
    ("changes", "cause", "words"),
    [
        ({"Modality": "CT"}, StudyCause.MODALITY, "only CR and DX"),
        ({"BodyPartExamined": "KNEE"}, StudyCause.BODY_PART, "'KNEE'; only chest films"),
        ({"ViewPosition": "LL"}, StudyCause.LATERAL, "only AP and PA"),
        ({"NumberOfFrames": 2}, StudyCause.MULTI_FRAME, "holds 2 frames"),
        ({"Rows": 0}, StudyCause.ZERO_SIZE, "there is no image"),
        ({"Rows": 4096}, StudyCause.TRUNCATED, "bytes. Send the study again"),
        ({"PixelData": None}, StudyCause.NO_PIXELS, "holds no Pixel Data"),
        ({"PhotometricInterpretation": "CMYK"}, StudyCause.PHOTOMETRIC, "none of MONOCHROME1"),
        ({"BitsStored": 17}, StudyCause.BIT_DEPTH, "16 with Bits Stored (0028,0101) 17"),
        ({"SamplesPerPixel": 3}, StudyCause.INCONSISTENT, "contradiction"),
        ({"PatientOrientation": ["A", "F"]}, StudyCause.LATERAL, "that of a lateral film"),
    ],
)
def test_a_header_that_is_no_chest_film_is_refused(
    samples, tmp_path, worker, changes, cause, words
):
    path = saved(film(samples, **changes), tmp_path)

    found, message = cause_of(path, worker)

    assert found is cause
    assert words in message
    assert "PHANTOM" not in message


def test_an_object_without_an_image_is_named(samples, tmp_path, worker):
    report = film(samples, PixelData=None, Rows=None, Columns=None, Modality="SR")
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"

    found, message = cause_of(saved(report, tmp_path), worker)

    assert found is StudyCause.NOT_AN_IMAGE
    assert "Basic Text SR Storage" in message


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", StudyCause.EMPTY),
        (b"%PDF-1.7 hello", StudyCause.WRONG_TYPE),
        (b"nothing that anybody knows", StudyCause.WRONG_TYPE),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, StudyCause.DAMAGED),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, worker, content, cause):
    path = tmp_path / "file.bin"
    path.write_bytes(content)

    assert cause_of(path, worker)[0] is cause


def test_a_missing_file_is_said_to_be_missing(tmp_path, worker):
    found, message = cause_of(tmp_path / "nothing.dcm", worker)

    assert found is StudyCause.MISSING
    assert "does not exist" in message


@pytest.mark.skipif(importlib.util.find_spec("libjpeg") is not None, reason="extra installed")
def test_a_compressed_film_without_decoder_names_the_way_out(samples, tmp_path, worker):
    dataset = film(samples)
    dataset.compress(RLELossless)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.70"

    found, message = cause_of(saved(dataset, tmp_path), worker)

    assert found is StudyCause.NO_DECODER
    assert "JPEG Lossless" in message
    assert "jpeg-gpl" in message


@pytest.mark.parametrize(
    ("pixels", "cause"),
    [
        (np.full((600, 600), 900, np.uint16), StudyCause.BLANK),
        (np.random.default_rng(0).integers(0, 4096, (600, 600), np.uint16), StudyCause.NOISE),
        (np.full((20, 600), 900, np.uint16), StudyCause.CROPPED),
    ],
)
def test_pixels_that_cannot_be_a_chest_are_refused(samples, tmp_path, worker, pixels, cause):
    dataset = film(samples)
    put(dataset, pixels)

    assert cause_of(saved(dataset, tmp_path), worker)[0] is cause


def test_a_film_on_its_side_without_orientation_is_turned(samples, tmp_path, worker):
    dataset = film(samples, PatientOrientation=None)
    pixels = dataset.pixel_array
    put(dataset, np.rot90(pixels))

    radiograph = load_radiograph(saved(dataset, tmp_path), worker)

    assert radiograph.geometry.quarter_turns == 3
    assert any("turned" in note.lower() for note in radiograph.notes)


def test_a_mirrored_row_is_honoured_with_a_note(samples, tmp_path, worker):
    plain = load_radiograph(saved(film(samples), tmp_path), worker)
    mirrored = film(samples, PatientOrientation=["R", "F"])
    put(mirrored, film(samples).pixel_array[:, ::-1])

    found = load_radiograph(saved(mirrored, tmp_path, "mirrored.dcm"), worker)

    assert found.geometry.mirrored
    assert any("mirror" in note.lower() for note in found.notes)
    assert np.array_equal(found.pixels, plain.pixels)


def test_monochrome1_shows_the_same_film(samples, tmp_path, worker):
    plain = load_radiograph(saved(film(samples), tmp_path), worker)
    inverted = film(samples, PhotometricInterpretation="MONOCHROME1")
    put(inverted, 2 * WINDOW_CENTRE - 1 - film(samples).pixel_array)

    found = load_radiograph(saved(inverted, tmp_path, "inverted.dcm"), worker)

    assert np.abs(found.pixels.astype(int) - plain.pixels.astype(int)).max() <= 2


def test_signed_pixels_with_a_rescale_show_the_same_film(samples, tmp_path, worker):
    plain = load_radiograph(saved(film(samples), tmp_path), worker)
    signed = film(samples, PixelRepresentation=1, BitsStored=16, HighBit=15)
    signed.RescaleSlope, signed.RescaleIntercept = 1, 1000
    put(signed, (film(samples).pixel_array.astype(np.int16) - 1000))

    found = load_radiograph(saved(signed, tmp_path, "signed.dcm"), worker)

    assert np.abs(found.pixels.astype(int) - plain.pixels.astype(int)).max() <= 2


def test_signed_pixels_of_eight_bits_are_read(samples, tmp_path, worker):
    signed = film(samples, PixelRepresentation=1, BitsAllocated=8, BitsStored=8, HighBit=7)
    del signed.WindowCenter, signed.WindowWidth
    pixels = film(samples).pixel_array
    eight = np.interp(pixels, (pixels.min(), pixels.max()), (-128, 127)).astype(np.int8)
    put(signed, np.kron(eight, np.ones((4, 4), np.int8)))

    found = load_radiograph(saved(signed, tmp_path), worker)

    assert max(found.pixels.shape) == 1536


def test_a_picture_of_too_many_pixels_is_refused_for_that(tmp_path, worker):
    path = tmp_path / "huge.png"
    Image.new("1", (15000, 15000)).save(path)

    assert cause_of(path, worker)[0] is StudyCause.TOO_LARGE


def test_a_child_is_read_with_a_warning(samples, tmp_path, worker):
    found = load_radiograph(saved(film(samples, PatientAge="009Y"), tmp_path), worker)

    assert any("Not validated for children" in note for note in found.notes)


def test_a_secondary_capture_is_read_with_a_warning(samples, tmp_path, worker):
    captured = film(samples, Modality="OT", SOPClassUID=SecondaryCaptureImageStorage)

    found = load_radiograph(saved(captured, tmp_path), worker)

    assert any("Secondary capture" in note for note in found.notes)


@pytest.mark.parametrize("extension", ["png", "jpg"])
def test_a_picture_is_read_with_sides_as_displayed(samples, tmp_path, worker, extension):
    pixels = load_radiograph(samples / "normal.dcm", worker).pixels
    path = tmp_path / f"film.{extension}"
    cv2.imwrite(str(path), pixels)

    found = load_radiograph(path, worker)

    assert not found.side_known
    assert any("Side as displayed" in note for note in found.notes)
    assert np.abs(found.pixels.astype(int) - pixels.astype(int)).mean() < 3


def test_a_worker_that_died_idle_costs_no_study(samples):
    with DecodingWorker() as own:
        load_radiograph(samples / "normal.dcm", own)
        before = own.pid
        own._child.process.kill()

        after = load_radiograph(samples / "normal.dcm", own)

        assert after.pixels.shape == film(samples).pixel_array.shape
        assert own.pid != before


DYING = """
import sys
from radscr_edge.child import pack
sys.stdout.buffer.write(pack({"ready": True}))
sys.stdout.flush()
sys.stdin.buffer.readline()
"""


def started(script):
    command = [sys.executable, "-c", script]
    return Child(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))


def test_a_crash_of_the_decoder_costs_one_study_only(samples):
    with DecodingWorker() as own:
        own._start, start = lambda: started(DYING), own._start
        own._replace()

        cause, _ = cause_of(samples / "normal.dcm", own)
        own._start = start
        own._replace()
        after = load_radiograph(samples / "normal.dcm", own)

        assert cause is StudyCause.DECODER_CRASHED
        assert after.pixels.shape == film(samples).pixel_array.shape


def test_a_worker_that_cannot_start_is_no_fault_of_the_film(samples):
    with DecodingWorker() as own:
        own._start = lambda: started("raise SystemExit(1)")
        own._replace()

        with pytest.raises(RadscrError, match="decoding process does not start") as caught:
            load_radiograph(samples / "normal.dcm", own)

        assert not isinstance(caught.value, StudyError)


def test_an_interrupted_reading_leaves_no_answer_behind(samples, monkeypatch):
    with DecodingWorker() as own:
        load_radiograph(samples / "normal.dcm", own)
        monkeypatch.setattr(own._child, "receive", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load_radiograph(samples / "effusion.dcm", own)
        monkeypatch.undo()

        assert load_radiograph(samples / "normal.dcm", own).name == "normal.dcm"


def interrupt(deadline):
    raise KeyboardInterrupt


def test_the_time_limit_is_told(samples):
    with DecodingWorker(seconds_limit=0.0) as hurried:
        assert cause_of(samples / "normal.dcm", hurried)[0] in (
            StudyCause.TIME_LIMIT,
            StudyCause.DECODER_CRASHED,
        )

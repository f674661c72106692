"""Turns the bytes of a DICOM file into a film; runs in the decoding worker only."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import get_expected_length, pixel_array
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
)

from radscr_edge.errors import StudyCause, StudyError
from radscr_edge.imaging.faults import blaming
from radscr_edge.imaging.film import Film
from radscr_edge.imaging.grey import fold_colours, resize_square, show
from radscr_edge.imaging.header import GREY, Header, check_subject, read_header
from radscr_edge.imaging.jpeg2000 import decode_reduced, levels_to_skip
from radscr_edge.imaging.orientation import patient_orientation

CHILD_YEARS: Final = 16
CHILD: Final = "Not validated for children: the patient is under 16 years old."
CAPTURED: Final = (
    "Secondary capture: not the detector's own image; contrast and geometry may be altered."
)
WAY_OUT: Final = (
    "Install the extra jpeg-gpl (pylibjpeg-libjpeg, licence GPL v3): pip install "
    "'radscr-edge[jpeg-gpl]'; or send the film uncompressed."
)


def read_dicom(raw: bytes, name: str) -> Film:
    """The film of a DICOM file; StudyError with its cause where there is none to be had."""
    dataset = _parse(raw, name)
    header = read_header(dataset, name)
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    _check_length(dataset, syntax, header, name)
    check_subject(dataset, name)
    stored = _decode(dataset, header, name)
    grey = _to_grey(stored, dataset, header, name)
    with blaming(
        StudyCause.INCONSISTENT,
        f"{name}: its look-up tables or bit layout contradict the pixels. Send the study again.",
    ):
        plain = _without_padding(_meaningful_bits(grey, dataset), header)
        pixels, notes = show(resize_square(plain, header.aspect), dataset)
    scale = pixels.shape[1] / header.columns
    return Film(
        pixels=pixels,
        original_width=header.columns,
        original_height=header.rows,
        view=header.view,
        orientation=patient_orientation(header.row_direction, header.column_direction, name),
        spacing_mm=header.spacing_mm / scale if header.spacing_mm else None,
        notes=_warnings(header) + notes,
    )


def _parse(raw: bytes, name: str) -> Dataset:
    with blaming(StudyCause.DAMAGED, f"{name} cannot be parsed as DICOM. Send the study again."):
        dataset = dcmread(BytesIO(raw), force=True)
        if "TransferSyntaxUID" not in dataset.file_meta:
            dataset.file_meta.TransferSyntaxUID = _guess_syntax(dataset)
        return dataset


def _guess_syntax(dataset: Dataset) -> UID:
    """The uncompressed syntax that pydicom itself read the data set with (files without meta)."""
    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return UID("1.2.840.10008.1.2.1") if little else ExplicitVRBigEndian


def _decode(dataset: Dataset, header: Header, name: str) -> NDArray[Any]:
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    _check_decoder(syntax, header, name)
    with blaming(
        StudyCause.DECODER_FAILED,
        f"{name}: the pixel data ({syntax.name}) are damaged. Send the study again.",
    ):
        skipped = levels_to_skip(header.rows, header.columns)
        if skipped and syntax in JPEG2000TransferSyntaxes and header.photometric in GREY:
            reduced = decode_reduced(
                next(generate_frames(dataset.PixelData, number_of_frames=1)), skipped
            )
            if reduced is not None and _fits(reduced, header, skipped):
                return reduced
        return np.asarray(pixel_array(dataset))


def _fits(reduced: NDArray[Any], header: Header, skipped: int) -> bool:
    """Whether the codestream's own size is the header's: else pydicom shall judge it."""
    factor = 1 << skipped
    wanted = -(-header.rows // factor), -(-header.columns // factor)
    return reduced.shape == wanted


def _check_decoder(syntax: UID, header: Header, name: str) -> None:
    gpl_only = syntax in (JPEGLossless, JPEGLosslessSV1) or (
        syntax == JPEGExtended12Bit and header.bits_stored > 8
    )
    if gpl_only and find_spec("libjpeg") is None:
        raise StudyError(
            f"{name} is compressed as {syntax.name}, for which no decoder is installed. {WAY_OUT}",
            StudyCause.NO_DECODER,
        )
    known = syntax.is_transfer_syntax if not syntax.is_private else False
    if known and not syntax.is_compressed:
        return
    with blaming(
        StudyCause.NO_DECODER,
        f"{name}: no decoder exists for transfer syntax {syntax.name}. Send it uncompressed.",
    ):
        if not get_decoder(syntax).is_available:
            raise ValueError(syntax.name)


def _check_length(dataset: Dataset, syntax: UID, header: Header, name: str) -> None:
    with blaming(
        StudyCause.INCONSISTENT,
        f"{name}: the image attributes (group 0028) do not say how long the pixels are. "
        "Send the study again.",
    ):
        found = len(dataset.PixelData or b"")
        plain = syntax.is_transfer_syntax and not syntax.is_encapsulated
        expected = int(get_expected_length(dataset)) if plain else 1
    if found < expected:
        cause = StudyCause.TRUNCATED if found else StudyCause.NO_PIXELS
        raise StudyError(
            f"{name}: Pixel Data (7FE0,0010) has {found} of {expected} bytes. "
            "Send the study again.",
            cause,
        )


def _to_grey(stored: NDArray[Any], dataset: Dataset, header: Header, name: str) -> NDArray[Any]:
    if header.photometric in GREY:
        if stored.ndim != 2:
            raise StudyError(
                f"{name}: its pixel data are not one grey film. Send the study again.",
                StudyCause.INCONSISTENT,
            )
        return stored
    with blaming(
        StudyCause.INCONSISTENT, f"{name}: its colour table is damaged. Send the study again."
    ):
        palette = header.photometric == "PALETTE COLOR"
        colours = apply_color_lut(stored, dataset) if palette else stored
        grey = fold_colours(colours)
    if grey is None:
        raise StudyError(
            f"{name} is a colour image; radiographs are grey. Send the film itself.",
            StudyCause.COLOUR,
        )
    if palette:
        dataset.BitsStored = grey.dtype.itemsize * 8
    return grey


def _meaningful_bits(values: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """Drops bits beyond Bits Stored: old files keep overlays in them (PS3.5 8.1.1)."""
    stored = int(dataset.BitsStored)
    shift = max(0, int(dataset.get("HighBit", stored - 1)) - stored + 1)
    signed = bool(dataset.get("PixelRepresentation")) and values.dtype.kind == "i"
    low, high = (-(1 << (stored - 1)), 1 << (stored - 1)) if signed else (0, 1 << stored)
    if low <= int(values.min()) and int(values.max()) < high and not shift:
        return values
    bits = (values.astype(np.int32) >> shift) & ((1 << stored) - 1)
    if signed:
        bits -= (bits >= high) * (1 << stored)
    return bits.astype(np.int16 if signed else np.uint16)


def _without_padding(values: NDArray[Any], header: Header) -> NDArray[Any]:
    """Padding becomes the black of the film, before averaging can mix the two."""
    if header.padding is None:
        return values
    padded = (values >= header.padding[0]) & (values <= header.padding[1])
    if not padded.any() or padded.all():
        return values
    film = values[~padded]
    black = film.max() if header.photometric == "MONOCHROME1" else film.min()
    return np.where(padded, black, values)


def _warnings(header: Header) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if header.captured:
        notes += (CAPTURED,)
    if header.age_years is not None and header.age_years < CHILD_YEARS:
        notes += (CHILD,)
    return notes

"""Reads what the pipeline needs from a DICOM header and refuses what is no single grey film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pydicom.dataset import Dataset

from radscr_edge.errors import StudyCause, StudyError
from radscr_edge.imaging.faults import blaming
from radscr_edge.records import View

SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
PROJECTION: Final = frozenset({"CR", "DX", "RG", "DR"})
CAPTURED: Final = PROJECTION | {"OT", "SC", ""}
CHEST: Final = ("CHEST", "THORAX", "LUNG")
# PS3.16 Annex L names of parts that are certainly no chest; other words pass to the gate.
OTHER_PARTS: Final = (
    "ABDOMEN", "ANKLE", "ARM", "BRAIN", "BREAST", "CALCANEUS", "CLAVICLE", "COCCYX", "CSPINE",
    "ELBOW", "EXTREMITY", "FEMUR", "FINGER", "FOOT", "FOREARM", "HAND", "HEAD", "HIP", "HUMERUS",
    "JAW", "KNEE", "LEG", "LSPINE", "MANDIBLE", "NECK", "ORBIT", "PELVIS", "SHOULDER", "SKULL",
    "SSPINE", "TOE", "TSPINE", "WHOLEBODY", "WRIST", "ZYGOMA",
)  # fmt: skip
LATERAL_VIEWS: Final = frozenset({"LL", "RL", "LAT", "LATERAL", "LLD", "RLD", "LLAT", "RLAT"})
GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})
COLOUR: Final = frozenset(
    {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE COLOR"}
)
MOST_PIXELS: Final = 36_000_000
"""Rows times Columns; the largest radiographs have about 30 million."""


@dataclass(frozen=True, slots=True)
class Header:
    """The attributes of one film, converted and within bounds."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    photometric: str
    view: View
    row_direction: str
    """First value of Patient Orientation (0020,0020); empty where unsaid."""
    column_direction: str
    aspect: float
    """Height over width of one stored pixel."""
    spacing_mm: float | None
    """Distance of neighbouring columns."""
    captured: bool
    age_years: float | None
    padding: tuple[int, int] | None
    """Lowest and highest Pixel Padding Value (0028,0120), (0028,0121)."""


def read_header(dataset: Dataset, name: str) -> Header:
    """The header of a data set that holds one grey image, of whatever body part.

    Raises StudyError for objects without an image, several frames, and image attributes that are
    missing, damaged or contradictory.
    """
    with blaming(StudyCause.DAMAGED, f"{name}: the DICOM header is damaged. Send the study again."):
        _check_object(dataset, name)
    with blaming(
        StudyCause.INCONSISTENT,
        f"{name}: the image attributes (group 0028) are missing or contradict each other. "
        "Send the study again.",
    ):
        return _convert(dataset, name)


def check_subject(dataset: Dataset, name: str) -> None:
    """Raises StudyError for other modalities, body parts and views than a frontal chest film.

    Asked after the header was read: what a damaged header says of its modality is not believed.
    """
    with blaming(StudyCause.DAMAGED, f"{name}: the DICOM header is damaged. Send the study again."):
        _check_modality(dataset, name)
        _check_anatomy(dataset, name)


def _check_object(dataset: Dataset, name: str) -> None:
    if not dataset:
        raise StudyError(
            f"{name} holds no DICOM data set, only its preamble. Send the study again.",
            StudyCause.NO_DATA_SET,
        )
    if "PixelData" not in dataset:
        kind = dataset.get("SOPClassUID")
        words = getattr(kind, "name", "") or "an object of unknown class"
        image = "Image Storage" in words or "Rows" in dataset
        image = image or _text(dataset, "Modality") in PROJECTION
        cause = StudyCause.NO_PIXELS if image or not kind else StudyCause.NOT_AN_IMAGE
        raise StudyError(
            f"{name} ({words}) holds no Pixel Data (7FE0,0010). Send the image itself.", cause
        )


def _check_modality(dataset: Dataset, name: str) -> None:
    modality = _text(dataset, "Modality")
    vague = _is_capture(dataset) or not dataset.get("SOPClassUID")
    if modality not in (CAPTURED if vague else PROJECTION):
        shown = modality if modality.isalnum() and len(modality) <= 16 else "unknown"
        raise StudyError(
            f"{name}: Modality (0008,0060) is {shown!r}; only CR and DX radiographs can be read.",
            StudyCause.MODALITY,
        )


def _is_capture(dataset: Dataset) -> bool:
    kind = str(dataset.get("SOPClassUID") or "")
    return kind == SECONDARY_CAPTURE or kind.startswith(f"{SECONDARY_CAPTURE}.")


def _check_anatomy(dataset: Dataset, name: str) -> None:
    part = _text(dataset, "BodyPartExamined").replace(" ", "").replace("_", "")
    if part.startswith(OTHER_PARTS) and not any(word in part for word in CHEST):
        raise StudyError(
            f"{name}: Body Part Examined (0018,0015) is {part!r}; only chest films can be read.",
            StudyCause.BODY_PART,
        )
    view = _text(dataset, "ViewPosition")
    if view in LATERAL_VIEWS:
        raise StudyError(
            f"{name}: View Position (0018,5101) is {view!r}; only AP and PA can be read.",
            StudyCause.LATERAL,
        )


def _convert(dataset: Dataset, name: str) -> Header:
    frames = dataset.get("NumberOfFrames")
    if frames not in (None, "") and int(frames) > 1:
        raise StudyError(
            f"{name} holds {int(frames)} frames; send a single radiograph.",
            StudyCause.MULTI_FRAME,
        )
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    _check_size(rows, columns, name)
    photometric = _text(dataset, "PhotometricInterpretation")
    allocated, stored = int(dataset.BitsAllocated), int(dataset.BitsStored)
    samples = int(dataset.get("SamplesPerPixel") or 1)
    _check_coding(photometric, samples, (allocated, stored), name)
    aspect, spacing_mm = _spacing(dataset)
    directions = [str(value) for value in dataset.get("PatientOrientation") or ()] + ["", ""]
    return Header(
        rows=rows,
        columns=columns,
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        photometric=photometric,
        view=_view(dataset),
        row_direction=directions[0],
        column_direction=directions[1],
        aspect=aspect,
        spacing_mm=spacing_mm,
        captured=_is_capture(dataset),
        age_years=_age_years(dataset),
        padding=_padding(dataset),
    )


def _check_size(rows: int, columns: int, name: str) -> None:
    if rows == 0 or columns == 0:
        raise StudyError(
            f"{name}: Rows (0028,0010) is {rows} and Columns (0028,0011) is {columns}: "
            "there is no image. Send the study again.",
            StudyCause.ZERO_SIZE,
        )
    if rows * columns > MOST_PIXELS:
        raise StudyError(
            f"{name} claims {columns} x {rows} pixels; a film has at most {MOST_PIXELS:,}. "
            "Send the single film.",
            StudyCause.TOO_LARGE,
        )


def _check_coding(photometric: str, samples: int, bits: tuple[int, int], name: str) -> None:
    if photometric not in GREY | COLOUR:
        raise StudyError(
            f"{name}: its Photometric Interpretation (0028,0004) is none of "
            f"{', '.join(sorted(GREY | COLOUR))}. Send the film as MONOCHROME2.",
            StudyCause.PHOTOMETRIC,
        )
    allocated, stored = bits
    if allocated not in (8, 16) or not 6 <= stored <= 16:
        raise StudyError(
            f"{name}: Bits Allocated (0028,0100) {allocated} with Bits Stored (0028,0101) {stored} "
            "cannot be read; 8 or 16 with 6 to 16 can. Send the film in another coding.",
            StudyCause.BIT_DEPTH,
        )
    expected = 1 if photometric in GREY or photometric == "PALETTE COLOR" else 3
    if samples != expected or stored > allocated:
        raise StudyError(
            f"{name}: {photometric} with Samples per Pixel (0028,0002) {samples} and Bits Stored "
            f"(0028,0101) {stored} of {allocated} is a contradiction. Send the study again.",
            StudyCause.INCONSISTENT,
        )


def _spacing(dataset: Dataset) -> tuple[float, float | None]:
    """Aspect of a stored pixel and its width in mm.

    Pixel Spacing is the calibrated one (PS3.3 10.7.1.3); Imager Pixel Spacing lies at the detector.
    """
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        values = dataset.get(keyword)
        if values and len(values) == 2:
            height, width = float(values[0]), float(values[1])
            if 0.01 <= width <= 10 and 0.2 <= height / width <= 5:
                return height / width, width
    ratio = dataset.get("PixelAspectRatio")
    if (
        ratio
        and len(ratio) == 2
        and int(ratio[1]) > 0
        and 0.2 <= int(ratio[0]) / int(ratio[1]) <= 5
    ):
        return int(ratio[0]) / int(ratio[1]), None
    return 1.0, None


def _view(dataset: Dataset) -> View:
    view = _text(dataset, "ViewPosition")
    return View(view) if view in (View.PA, View.AP) else View.UNKNOWN


def _age_years(dataset: Dataset) -> float | None:
    """Patient's Age (0010,1010) in years, else from the dates of birth and study."""
    age = _text(dataset, "PatientAge")
    parts = {"Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}
    if len(age) == 4 and age[:3].isdigit() and age[3] in parts:
        return int(age[:3]) / parts[age[3]]
    born, taken = _text(dataset, "PatientBirthDate"), _text(dataset, "StudyDate")
    if len(born) == len(taken) == 8 and (born + taken).isdigit():
        return (int(taken) - int(born)) / 10_000
    return None


def _padding(dataset: Dataset) -> tuple[int, int] | None:
    value: Any = dataset.get("PixelPaddingValue")
    if not isinstance(value, int):
        return None
    limit = dataset.get("PixelPaddingRangeLimit")
    other = limit if isinstance(limit, int) else value
    return min(value, other), max(value, other)


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    return "" if value is None else str(value).strip(" \0").upper()

"""A phantom as a DICOM Digital X-Ray object, small and the same bytes every time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    generate_uid,
)

from radscr_export.phantoms.draw import Phantom

BITS = 12
BLACK = 1024
"""Stored value of black: one step a grey level above it keeps the file small, and the window
turns it back into the grey levels that were drawn."""
FILM_MM = 430.0
"""Height of the drawn film."""


def write_dicom(
    phantom: Phantom, path: Path, patient_orientation: tuple[str, str] = ("L", "F")
) -> None:
    """Writes a DX object of 12 bits, MONOCHROME2, JPEG 2000 lossless, plainly named a phantom."""
    grey = phantom.pixels.astype(np.uint16) + BLACK
    dataset = _dataset(grey, patient_orientation)
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    dataset.save_as(path, enforce_file_format=True)


def _dataset(grey: np.ndarray, patient_orientation: tuple[str, str]) -> Dataset:
    digest = hashlib.sha256(grey.tobytes()).hexdigest()
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[digest, "instance"])
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=[digest, "study"])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[digest, "series"])
    dataset.PatientName, dataset.PatientID = "PHANTOM^SYNTHETIC", "PHANTOM"
    dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = "DX", "CHEST", "PA"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.PatientOrientation = list(patient_orientation)
    dataset.Rows, dataset.Columns = grey.shape
    dataset.ImagerPixelSpacing = [f"{FILM_MM / grey.shape[0]:.5f}"] * 2
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, BITS, BITS - 1
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = BLACK + 128, 256
    dataset.PixelIntensityRelationship, dataset.PresentationLUTShape = "LOG", "IDENTITY"
    dataset.PixelData = grey.tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset

"""Studies made on the spot: a sample phantom's pixels in any DICOM clothing."""

import numpy as np
from pydicom import dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian


def film(samples, **changes):
    """The normal phantom, uncompressed, with some attributes changed or (None) removed."""
    dataset = dcmread(samples / "normal.dcm")
    pixels = dataset.pixel_array
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    put(dataset, pixels)
    for keyword, value in changes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def put(dataset, pixels):
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.PixelData = np.ascontiguousarray(pixels).tobytes()
    dataset["PixelData"].VR = "OW"


def saved(dataset, folder, name="film.dcm"):
    path = folder / name
    dataset.save_as(path, enforce_file_format=True)
    return path

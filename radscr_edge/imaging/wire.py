"""The messages between the reader and its decoding worker: a JSON header, then raw bytes."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from radscr_edge.child import Message, pack
from radscr_edge.errors import StudyCause, StudyError
from radscr_edge.records import Geometry, Radiograph, View


def pack_radiograph(radiograph: Radiograph) -> bytes:
    """A radiograph as one message."""
    header = {
        "geometry": asdict(radiograph.geometry),
        "view": radiograph.view.value,
        "name": radiograph.name,
        "digest": radiograph.digest,
        "side_known": radiograph.side_known,
        "spacing_mm": radiograph.spacing_mm,
        "notes": list(radiograph.notes),
        "shape": list(radiograph.pixels.shape),
    }
    return pack(header, radiograph.pixels.tobytes())


def pack_error(error: StudyError) -> bytes:
    """An error as one message."""
    return pack({"error": str(error), "cause": error.cause.value})


def unpack_radiograph(header: Message, body: bytes) -> Radiograph:
    """The radiograph of an answer; raises the StudyError where it carries one."""
    if "error" in header:
        raise StudyError(header["error"], StudyCause(header["cause"]))
    return Radiograph(
        pixels=np.frombuffer(body, np.uint8).reshape(header["shape"]),
        geometry=Geometry(**header["geometry"]),
        view=View(header["view"]),
        name=header["name"],
        digest=header["digest"],
        side_known=header["side_known"],
        spacing_mm=header["spacing_mm"],
        notes=tuple(header["notes"]),
    )

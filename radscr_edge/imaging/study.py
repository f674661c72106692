"""Reads one study from file to upright radiograph; runs in the decoding worker only."""

from __future__ import annotations

import hashlib
from pathlib import Path

from radscr_edge.imaging.dicom import read_dicom
from radscr_edge.imaging.files import Kind, read_file, sniff
from radscr_edge.imaging.gate import check_plausible
from radscr_edge.imaging.orientation import stand_up
from radscr_edge.imaging.picture import read_picture
from radscr_edge.records import Geometry, Radiograph


def read_study(path: Path) -> Radiograph:
    """The upright frontal chest film of a DICOM, PNG or JPEG file.

    Raises StudyError, with its cause, for everything else.
    """
    name = path.name
    raw = read_file(path)
    kind = sniff(raw, name)
    film = read_dicom(raw, name) if kind is Kind.DICOM else read_picture(raw, kind, name)
    check_plausible(film.pixels, name)
    film = stand_up(film, name)
    return Radiograph(
        pixels=film.pixels,
        geometry=Geometry(
            original_width=film.original_width,
            original_height=film.original_height,
            quarter_turns=film.orientation.quarter_turns,
            mirrored=film.orientation.mirrored,
        ),
        view=film.view,
        name=name,
        digest=hashlib.sha256(raw).hexdigest(),
        side_known=film.orientation.known,
        spacing_mm=film.spacing_mm,
        notes=film.notes,
    )

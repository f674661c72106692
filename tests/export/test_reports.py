"""Vectors of reports: a film is paired with what was written of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from radscr_export.data.training_set import load_studies
from radscr_export.model.preset import Preset
from radscr_export.reports import read_reports
from radscr_export.text_encoder import TextEncoder


def test_studies_with_a_report_have_a_vector_and_the_same_words_the_same(
    pack: Path, preset: Preset
) -> None:
    studies = load_studies(pack, "train", 64)

    reports = read_reports(TextEncoder.load(preset.text.encoder), studies)

    iu, nih = studies.of("iu"), studies.of("nih-PA")
    assert reports.written[iu].all()
    assert not reports.written[nih].any()
    assert not reports.vectors[nih].any()
    assert np.linalg.norm(reports.vectors[iu], axis=1) == pytest.approx(1, abs=1e-3)
    sick, well = reports.vectors[iu[0]], reports.vectors[iu[1]]
    assert sick @ reports.vectors[iu[2]] == pytest.approx(1, abs=1e-4)
    assert sick @ well < 0

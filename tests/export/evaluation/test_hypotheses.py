"""Sides of made regions, counted as asserted and as right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from export.evaluation.made_readings import PATCHES, made_readings

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Side
from radscr_export.data.labels import State
from radscr_export.evaluation.hypotheses import critique_effect, hypotheses, sides

EFFUSION = FINDINGS.index("pleural effusion")


def test_sides_are_asserted_where_the_region_is_and_counted_as_coded(bundle_folder: Path) -> None:
    """Three effusions: one right and coded so, one left but coded right, one on both sides."""
    states = np.full((3, len(FINDINGS)), State.NEGATIVE, np.int8)
    states[:, EFFUSION] = State.POSITIVE
    grid = np.zeros((3, len(FINDINGS), 32, 32), np.float32)
    grid[0, EFFUSION, 20:26, 4:12] = 1
    grid[1, EFFUSION, 20:26, 20:28] = 1
    grid[2, EFFUSION, 20:26, 4:28] = 1
    readings = made_readings(
        bundle_folder,
        states,
        np.zeros(states.shape),
        ["iu"] * 3,
        saliency=grid.reshape(3, len(FINDINGS), PATCHES),
        sides={(row, EFFUSION): Side.RIGHT for row in range(3)},
    )

    settings = replace(readings.bundle.settings, side_share=0.7)
    asserting = replace(readings, bundle=replace(readings.bundle, settings=settings))

    found = sides(asserting)

    forced = found["teacher-forced"]
    assert forced["coded_one_sided"] == 3
    assert (forced["asserted"]["hits"], forced["right"]["hits"]) == (2, 1)
    assert forced["right"]["count"] == 2
    assert found["hypothesised"]["coded_one_sided"] == 0


def test_a_walk_that_raises_nothing_has_no_recall(bundle_folder: Path) -> None:
    states = np.full((2, len(FINDINGS)), State.POSITIVE, np.int8)
    readings = made_readings(bundle_folder, states, np.zeros(states.shape), ["iu"] * 2)

    found = hypotheses(readings, readings.rows("iu"))

    assert found["before critique"] == {"raised": 0, "precision": 0.0, "recall": 0.0}
    assert critique_effect(readings.walks)["hypotheses"] == 0

"""How well findings are detected, data set by data set, beside the linear model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats
from radscr_export.data.labels import State, read_table
from radscr_export.data.nih_boxes import nih_columns
from radscr_export.evaluation.paired import Panel, compare
from radscr_export.evaluation.readings import Readings

MODELS: Final = ("ours", "linear")
NEGATIVES: Final = {
    "uncoded": (State.NEGATIVE, State.ASSUMED),
    "explicit": (State.NEGATIVE,),
}
"""What counts as negative: also what the coder did not name, or only what was denied in words or
lies in a study that was coded normal. What is not labelled or hedged never counts."""


def detection(readings: Readings, linear: Floats, pack: Path | None) -> dict[str, Any]:
    """Data set or view -> 'all' or 'abnormal' films -> definition of truth -> figures of `compare`.

    Definitions: 'uncoded' negatives over the 37 findings; for IU also 'explicit' ones; for NIH also
    'nih14' over its own 14 labels, each scored by the finding that it maps to. `linear` are the
    scores (n, N) of the linear model on the same films, `pack` the folder of IU and NIH.
    """
    return {name: _of_set(name, readings, linear, pack) for name in readings.groups}


def _of_set(name: str, readings: Readings, linear: Floats, pack: Path | None) -> dict[str, Any]:
    rows = readings.rows(name)
    panels = dict(_panels(name, readings, linear, pack))
    subsets = {"all": rows, "abnormal": rows[readings.abnormal[rows]]}
    return {
        subset: {
            truth: compare(panel.select(chosen), MODELS, curves=subset == "all")
            for truth, panel in panels.items()
        }
        for subset, chosen in subsets.items()
    }


def _panels(
    name: str, readings: Readings, linear: Floats, pack: Path | None
) -> Iterator[tuple[str, Panel]]:
    scores = (readings.logits, linear)
    yield "uncoded", finding_panel(readings, scores, "uncoded")
    if name == "iu":
        yield "explicit", finding_panel(readings, scores, "explicit")
    elif pack is not None and name.partition("-")[0] == "nih":
        yield "nih14", _nih_panel(readings, scores, pack)


def finding_panel(
    readings: Readings, scores: tuple[Floats, Floats], negatives: str = "uncoded"
) -> Panel:
    """All films of the readings as a panel over the 37 findings."""
    states = readings.studies.states
    truth = states == State.POSITIVE
    known = truth | np.isin(states, NEGATIVES[negatives])
    return Panel(FINDINGS, truth, known, scores, readings.patients)


def _nih_panel(readings: Readings, scores: tuple[Floats, Floats], pack: Path) -> Panel:
    """The 14 labels of NIH; films of other sets are unknown in all of them."""
    columns = nih_columns()
    table = {row["file"]: row for row in read_table(pack / "nih_cxr14" / "nih_images.csv")}
    truth = np.zeros((len(readings.studies.ids), len(columns)), np.bool_)
    known = np.zeros_like(truth)
    for row in readings.rows("nih"):
        film = table[readings.studies.ids[int(row)]]
        truth[row] = [film[label] == "1" for label in columns]
        known[row] = True
    chosen: NDArray[np.int64] = np.array(list(columns.values()))
    picked = (scores[0][:, chosen], scores[1][:, chosen])
    return Panel(tuple(columns), truth, known, picked, readings.patients)


def int8_loss(readings: Readings, reference: Floats) -> dict[str, Any]:
    """Data set or view -> `compare` of the variant read against the logits of fp32 (n, N)."""
    panel = finding_panel(readings, (readings.logits, reference))
    names = (readings.variant.name, "fp32")
    return {name: compare(panel.select(readings.rows(name)), names) for name in readings.groups}

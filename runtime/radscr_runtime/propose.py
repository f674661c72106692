"""Stage 4: places -> P_m, C_Abn, C_Img and C_Neg, all rows of one PropEncoder call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from radscr_edge.imaging import content_points
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.patches import film_of
from radscr_edge.records import (
    Floats,
    Grid,
    Hypothesis,
    Mask,
    Place,
    Proposals,
    Radiograph,
)
from radscr_edge.regions import major_anatomy
from radscr_runtime.donors import Donors
from radscr_runtime.networks import Networks, Rows
from radscr_runtime.timing import stage

STUDY = 0
"""The study's own features are the first grid of the call; donors follow."""


@dataclass(slots=True)
class _Call:
    """Rows of the call as they are collected."""

    grids: list[Floats]
    grid_of_row: list[int] = field(default_factory=list)
    regions: list[Mask] = field(default_factory=list)
    concepts: list[Floats] = field(default_factory=list)
    _grid_of_donor: dict[int, int] = field(default_factory=dict)

    def add(self, grid: int, region: Mask, concept: Floats) -> None:
        """One more row."""
        self.grid_of_row.append(grid)
        self.regions.append(region)
        self.concepts.append(concept)

    def donor(self, row: int, features: Floats) -> int:
        """The grid of a donor, added once however many rows look at it."""
        if row not in self._grid_of_donor:
            self._grid_of_donor[row] = len(self.grids)
            self.grids.append(features)
        return self._grid_of_donor[row]

    def rows(self) -> Rows:
        """Everything as arrays."""
        return Rows(
            grids=np.stack(self.grids),
            grid_of_row=np.array(self.grid_of_row, np.int64),
            regions=np.stack(self.regions).astype(np.float32),
            concepts=np.stack(self.concepts),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is challenged: one study with its hypotheses and their places."""

    radiograph: Radiograph
    grid: Grid
    hypotheses: tuple[Hypothesis, ...]
    places: tuple[Place, ...]


@stage
def propose(networks: Networks, scene: Scene, donors: Donors, alternatives: int) -> Proposals:
    """Proposals of every place with `alternatives` (N_p) rivals and donors each, and C_Neg."""
    call = _Call(grids=[scene.grid.features])
    rivals, chosen = [], []
    for place in scene.places:
        finding = place.hypothesis.finding
        call.add(STUDY, place.region, _one_hot(finding))
        rivals.append(rivals_of(finding, scene.hypotheses, alternatives))
        for rival in rivals[-1]:
            call.add(STUDY, place.region, _one_hot(rival))
        picked = donors.choose(finding, scene.radiograph.view, scene.grid.features, alternatives)
        chosen.append(picked)
        for row in picked:
            call.add(call.donor(row, donors.features[row]), place.region, _one_hot(finding))
    call.add(STUDY, _anatomy(scene), _predicted_negatives(scene.hypotheses))
    vectors = networks.propose(call.rows())
    return _split(scene.places, vectors, rivals, [[donors.ids[row] for row in c] for c in chosen])


def rivals_of(finding: str, hypotheses: Sequence[Hypothesis], count: int) -> tuple[str, ...]:
    """Abnormalities for C_Abn: predicted negative, and neither kin nor relation of `finding`.

    Mixed sampling: the most probable of them first (hard), then the least probable (easy).
    """
    kin = load_ontology().kin(finding)
    lawful = [other for other in hypotheses if not other.raised and other.finding not in kin]
    lawful.sort(key=lambda other: -other.strength)
    chosen: list[str] = []
    while lawful and len(chosen) < count:
        chosen.append(lawful.pop(0 if len(chosen) % 2 == 0 else -1).finding)
    return tuple(chosen)


def _one_hot(finding: str) -> Floats:
    concept = np.zeros(len(FINDINGS) + 1, np.float32)
    concept[FINDINGS.index(finding)] = 1.0
    return concept


def _predicted_negatives(hypotheses: Sequence[Hypothesis]) -> Floats:
    """Weights of E_0: the mean concept of everything that is not a hypothesis."""
    absent = [not hypothesis.raised for hypothesis in hypotheses]
    weights = np.zeros(len(FINDINGS) + 1, np.float32)
    weights[:-1] = np.array(absent, np.float32) / max(1, sum(absent))
    return weights


def _anatomy(scene: Scene) -> Mask:
    """B_0, (P,)."""
    height, width = scene.radiograph.pixels.shape
    patches = len(scene.grid.features)
    points, inside = content_points(film_of(height, width, patches), round(patches**0.5))
    return major_anatomy(points, inside)


def _split(
    places: tuple[Place, ...],
    vectors: Floats,
    rivals: list[tuple[str, ...]],
    donors: list[list[str]],
) -> Proposals:
    p_m, c_abn, c_img, start = [], [], [], 0
    for names, ids in zip(rivals, donors, strict=True):
        middle, end = start + 1 + len(names), start + 1 + len(names) + len(ids)
        p_m.append(vectors[start])
        c_abn.append(vectors[start + 1 : middle])
        c_img.append(vectors[middle:end])
        start = end
    return Proposals(
        places=places,
        p_m=tuple(p_m),
        c_abn=tuple(c_abn),
        c_img=tuple(c_img),
        c_neg=vectors[-1],
        rivals=tuple(rivals),
        donors=tuple(tuple(ids) for ids in donors),
    )

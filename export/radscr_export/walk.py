"""Runs the runtime's own stages over films of a data pack: what is measured is what is shipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from radscr_edge.contract import Bundle, FindingRule, Settings, Variant
from radscr_edge.imaging.letterbox import fit
from radscr_edge.records import (
    Finding,
    Floats,
    Geometry,
    Grid,
    Hypothesis,
    Missed,
    Place,
    Presence,
    Proposals,
    Radiograph,
)
from radscr_export.data.training_set import Studies
from radscr_runtime.classify import classify, detail
from radscr_runtime.critique import critique
from radscr_runtime.donors import Donors, open_donors
from radscr_runtime.encode import encode
from radscr_runtime.library import Library, open_library
from radscr_runtime.localise import localise
from radscr_runtime.networks import OnnxNetworks
from radscr_runtime.propose import Scene, propose
from radscr_runtime.recheck import recheck
from radscr_runtime.retrieve import retrieve


@dataclass(frozen=True, eq=False)
class Proposed:
    """One film up to its proposals, which neither the alphas nor the limits change."""

    logits: Floats
    saliency: Floats
    """W, (N, P)."""
    hypotheses: tuple[Hypothesis, ...]
    proposals: Proposals


@dataclass(frozen=True, eq=False)
class Walk(Proposed):
    """What one film came to."""

    findings: tuple[Finding, ...]
    missed: tuple[Missed, ...]


@dataclass(frozen=True, eq=False)
class Walker:
    """The runtime's stages without the reading of files."""

    networks: OnnxNetworks
    library: Library
    donors: Donors
    settings: Settings

    @classmethod
    def open(cls, bundle: Bundle, variant: str) -> Walker:
        """The stages of a bundle with one of its network variants, on one thread."""
        return cls(
            OnnxNetworks(bundle, variant, threads=1),
            open_library(bundle),
            open_donors(bundle),
            bundle.settings,
        )

    def logits(self, studies: Studies) -> Floats:
        """(n, N) logits of every film."""
        return self.scan(studies)[0]

    def scan(self, studies: Studies) -> tuple[Floats, Floats]:
        """(n, N) logits and (n,) detail of every film."""
        logits, details = [], []
        for row in tqdm(range(len(studies.ids)), desc="scanning films", unit="film"):
            grid = encode(self.networks, as_radiograph(studies, row))
            logits.append(grid.logits)
            details.append(detail(grid.features))
        return np.stack(logits), np.array(details, np.float32)

    def walk(
        self, studies: Studies, rules: Mapping[str, FindingRule], rows: np.ndarray
    ) -> Iterator[Walk]:
        """Every stage from encode to recheck, film by film."""
        return (self.judge(film, rules) for film in self.proposed(studies, rules, rows))

    def proposed(
        self, studies: Studies, rules: Mapping[str, FindingRule], rows: np.ndarray
    ) -> Iterator[Proposed]:
        """The stages from encode to propose, film by film."""
        for row in tqdm(rows, desc="reading films", unit="film"):
            radiograph = as_radiograph(studies, int(row))
            yield self.propose(radiograph, encode(self.networks, radiograph), rules)

    def propose(
        self, radiograph: Radiograph, grid: Grid, rules: Mapping[str, FindingRule]
    ) -> Proposed:
        """The stages from classify to propose."""
        hypotheses = classify(grid, self._variant(rules))
        places = localise(grid, hypotheses, radiograph, self.settings)
        scene = Scene(radiograph, grid, hypotheses, places)
        proposals = propose(self.networks, scene, self.donors, self.settings.alternatives)
        return Proposed(grid.logits, grid.saliency, hypotheses, proposals)

    def judge(self, film: Proposed, rules: Mapping[str, FindingRule]) -> Walk:
        """The stages from critique to recheck."""
        challenges = critique(film.proposals, self.settings)
        findings = retrieve(self.library, challenges, self.settings, rules)
        c_neg = film.proposals.c_neg
        missed = recheck(self.library, c_neg, film.hypotheses, self.settings)
        return Walk(film.logits, film.saliency, film.hypotheses, film.proposals, findings, missed)

    def _variant(self, rules: Mapping[str, FindingRule]) -> Variant:
        return replace(self.networks.variant, rules=rules)


def place_of(film: Proposed, radiograph: Radiograph, settings: Settings, finding: int) -> Place:
    """Where the runtime puts a finding that is taken as present, whatever its probability."""
    forced = tuple(
        replace(one, presence=Presence.PRESENT if index == finding else Presence.ABSENT)
        for index, one in enumerate(film.hypotheses)
    )
    # localise asks saliency only: V was not kept.
    grid = Grid(np.empty((0, 0), np.float32), film.logits, film.saliency)
    return localise(grid, forced, radiograph, settings)[0]


def as_radiograph(studies: Studies, row: int) -> Radiograph:
    """A film of a data pack as the runtime gets one; the letter-box's bars are cut off again."""
    image = studies.images[row]
    height, width = (int(length) for length in studies.shapes[row])
    film = image[fit(height, width, image.shape[0]).window]
    return Radiograph(
        pixels=np.ascontiguousarray(film),
        geometry=Geometry(width, height),
        view=studies.view(row),
        name=studies.ids[row],
        digest="",
        side_known=False,
        spacing_mm=None,
    )

"""Reads a split once with the exported bundle; every figure is computed from these readings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radscr_edge.contract import Bundle, Variant
from radscr_edge.records import Floats, Place
from radscr_export.data.datasets import pack_of
from radscr_export.data.labels import State
from radscr_export.data.training_set import Studies, load_studies, patient_of
from radscr_export.evaluation.report_truth import abnormal_ids
from radscr_export.walk import Walk, Walker, as_radiograph, place_of


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """All films of a split with what one network variant of a bundle made of them."""

    bundle: Bundle
    variant: Variant
    split: str
    studies: Studies
    walks: tuple[Walk, ...]
    abnormal: NDArray[np.bool_]
    """(n,) IU: coded, and not coded normal; other sets: any finding of theirs."""

    @property
    def logits(self) -> Floats:
        """(n, N)."""
        return np.stack([walk.logits for walk in self.walks])

    @property
    def probabilities(self) -> Floats:
        """(n, N) after the calibration of the variant."""
        rows = [[one.probability for one in walk.hypotheses] for walk in self.walks]
        return np.array(rows, np.float32)

    @property
    def patients(self) -> tuple[str, ...]:
        """(n,) what a bootstrap draws together: the patient, or the study (IU)."""
        return tuple(patient_of(name) for name in self.studies.ids)

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """What figures are given for, with its sources: a data set, or one view of it.

        Never a pool of data sets.
        """
        found = {}
        for name, sources in self.studies.sets.items():
            found[name] = sources
            found |= {source: (source,) for source in sources if source != name}
        return found

    def rows(self, name: str) -> NDArray[np.int64]:
        """Rows of one of the groups; none where there is no group of that name."""
        return np.sort(self.studies.of(*self.groups.get(name, ())))

    def place_of(self, row: int, finding: int) -> Place:
        """Where the runtime puts a finding that is taken as present, whatever its probability."""
        radiograph = as_radiograph(self.studies, row)
        return place_of(self.walks[row], radiograph, self.bundle.settings, finding)


def read_all(bundle: Bundle, walker: Walker, data: Path, split: str) -> Readings:
    """Every film of a split through the stages of a walker of the bundle.

    Errors as `load_studies`.
    """
    studies = load_studies(data, split, bundle.shapes.image_size)
    rules = walker.networks.variant.rules
    walks = tuple(walker.walk(studies, rules, np.arange(len(studies.ids))))
    abnormal = _abnormal(studies, data)
    return Readings(bundle, walker.networks.variant, split, studies, walks, abnormal)


def _abnormal(studies: Studies, data: Path) -> NDArray[np.bool_]:
    abnormal = np.asarray((studies.states == State.POSITIVE).any(axis=1))
    pack = pack_of(data)
    coded = frozenset() if pack is None else abnormal_ids(pack)
    for row in studies.of("iu"):
        abnormal[row] = studies.ids[int(row)] in coded
    return abnormal

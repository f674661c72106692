"""The linear model on 48 x 48 pixels that every network must beat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Floats
from radscr_export.data.labels import State
from radscr_export.data.training_set import Studies, load_studies

SIDE = 48
PENALTY = 300.0
FEWEST = 5
"""Positives of the training films without which no line is fitted."""


def linear_scores(data: Path, split: str) -> Floats:
    """Scores (n, N) of the films of a split in the order of `load_studies`; 0 where not fitted.

    One ridge regression per finding and data set: IU films are scored by what IU films taught, NIH
    films by NIH films of both views, so that the baseline gains nothing from telling sets apart.
    Films of a set that has none in training keep 0.
    """
    train, films = load_studies(data, "train", SIDE), load_studies(data, split, SIDE)
    scores = np.zeros((len(films.ids), len(FINDINGS)), np.float32)
    for name in films.sets.keys() & train.sets.keys():
        rows, asked = train.of(*train.sets[name]), films.of(*films.sets[name])
        pixels, seen = _flat(train, rows), _flat(films, asked)
        for index in range(len(FINDINGS)):
            states = train.states[rows, index]
            labelled = states != State.UNKNOWN
            truth = states[labelled] == State.POSITIVE
            if truth.sum() >= FEWEST:
                line = Ridge(PENALTY).fit(pixels[labelled], truth)
                scores[asked, index] = line.predict(seen)
    return scores


def _flat(studies: Studies, rows: np.ndarray) -> Floats:
    result: Floats = studies.images[rows].reshape(len(rows), -1).astype(np.float32) / 255.0
    return result

"""One vector per training report, for the loss that pairs films with what was written of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from radscr_edge.records import Floats, Mask
from radscr_export.data.training_set import Studies
from radscr_export.text_encoder import BATCH, TextEncoder


@dataclass(frozen=True, slots=True, eq=False)
class ReportVectors:
    """What the reports of n studies say."""

    vectors: Floats
    """(n, width) of unit length, about the mean of all reports; 0 without one."""
    written: Mask
    """(n,) whether the study has a report at all."""


def read_reports(encoder: TextEncoder, studies: Studies) -> ReportVectors:
    """The mean of the token means of every sentence that each report says of a finding."""
    said = [dict.fromkeys(one.text for one in told) for told in studies.told]
    texts = sorted({text for one in said for text in one}, key=len)
    means = dict(zip(texts, _means(encoder, texts), strict=True))
    written = np.array([bool(one) for one in said], np.bool_)
    vectors = np.zeros((len(said), encoder.model.config.hidden_size), np.float32)
    for row in np.flatnonzero(written):
        vectors[row] = np.mean([means[text] for text in said[row]], axis=0)
    if written.any():
        vectors[written] -= vectors[written].mean(axis=0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return ReportVectors(vectors / np.maximum(lengths, 1e-6), written)


def _means(encoder: TextEncoder, texts: list[str]) -> list[Floats]:
    found: list[Floats] = []
    for start in tqdm(range(0, len(texts), BATCH), desc="reading reports", unit="batch"):
        states, mask = encoder.read(texts[start : start + BATCH])
        weights = mask[..., None].astype(np.float32)
        found += list((states * weights).sum(1) / weights.sum(1))
    return found

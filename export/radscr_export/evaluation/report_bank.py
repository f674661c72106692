"""The training reports with the embedding of their films: what the retrieval baselines search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from radscr_edge.labeler import Mention, label, split_sentences
from radscr_edge.records import Floats
from radscr_export.data.labels import State, States, iu_states
from radscr_export.data.training_set import Studies, load_studies, select
from radscr_export.evaluation.report_truth import coded_ids, first_films, report_texts, study_ids
from radscr_export.walk import as_radiograph
from radscr_runtime.encode import encode
from radscr_runtime.networks import Networks


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """One sentence of a training report with what the labeler reads in it."""

    text: str
    mentions: tuple[Mention, ...]
    """Statements about this film; never empty."""


@dataclass(frozen=True, eq=False)
class ReportBank:
    """The coded training studies that have a frontal film and a report; texts stay in memory."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    states: States
    """(m, N)."""
    embeddings: Floats
    """(m, D), as `embed` gives them."""

    @cached_property
    def sentences(self) -> tuple[tuple[SpokenSentence, ...], ...]:
        """Per study the sentences that say something of the findings or organs of this film."""
        return tuple(spoken_sentences(text) for text in self.texts)

    def similarities(self, embeddings: Floats) -> Floats:
        """(n, m) cosine between films (n, D) and training films, both less the training mean.

        Films share most of their features; what tells them apart is what is left without the mean.
        """
        mean = self.embeddings.mean(axis=0)
        result: Floats = _unit(embeddings - mean) @ _unit(self.embeddings - mean).T
        return result


def open_bank(data: Path, networks: Networks) -> ReportBank:
    """The bank of a data pack's training split; TrainingError where the pack is incomplete."""
    labels, texts = iu_states(data), report_texts(data)
    place, coded = {uid: row for row, uid in enumerate(labels.uids)}, coded_ids(data)
    ids = tuple(uid for uid in study_ids(data, "train") if texts[uid] and uid in coded)
    films = load_studies(data, "train", networks.image_size)
    iu = select(films, films.of("iu"))
    return ReportBank(
        ids=ids,
        texts=tuple(texts[uid] for uid in ids),
        states=labels.states[[place[uid] for uid in ids]],
        embeddings=embed(networks, select(iu, first_films(iu.ids, ids))),
    )


def embed(networks: Networks, studies: Studies) -> Floats:
    """(n, D): the mean of V over the patches of each film, through the runtime."""
    rows = tqdm(range(len(studies.ids)), desc="embedding films", unit="film")
    seen = [encode(networks, as_radiograph(studies, row)).features.mean(axis=0) for row in rows]
    return np.stack(seen)


def spoken_sentences(report: str) -> tuple[SpokenSentence, ...]:
    """The sentences of a report that say something of the findings or organs of this film."""
    said = [
        SpokenSentence(text, tuple(one for one in label(text) if not one.historical))
        for text in split_sentences(report)
    ]
    return tuple(one for one in said if one.mentions)


def nearest(similarities: Floats, count: int) -> NDArray[np.int64]:
    """(n, count) columns with the largest similarity, best first."""
    order: NDArray[np.int64] = np.argsort(-similarities, axis=1, kind="stable")[:, :count]
    return order


def coded_positive(states: States) -> NDArray[np.bool_]:
    """Where a state is positive."""
    positive: NDArray[np.bool_] = states == State.POSITIVE
    return positive


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: Floats = vectors / np.maximum(length, 1e-9)
    return result


def texts_of(sentences: Sequence[SpokenSentence]) -> str:
    """Sentences as one text."""
    return " ".join(one.text for one in sentences)

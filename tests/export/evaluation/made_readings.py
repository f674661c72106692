"""Readings that nobody read: films of zeros with logits and saliency as a test wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from radscr_edge.claims import Status
from radscr_edge.contract import Bundle
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Hypothesis, Presence, Proposals, Severity, Side
from radscr_export.data.labels import Mention, State
from radscr_export.data.training_set import SOURCES, Studies
from radscr_export.evaluation.readings import Readings
from radscr_export.walk import Walk

SIZE = 256
"""Height and width of a made film."""
PATCHES = 32 * 32


def made_readings(
    bundle_folder: Path,
    states: np.ndarray,
    logits: np.ndarray,
    sources: Sequence[str],
    *,
    ids: Sequence[str] = (),
    saliency: np.ndarray | None = None,
    sides: Mapping[tuple[int, int], Side] | None = None,
) -> Readings:
    """Films with label states (n, N), logits (n, N) and saliency (n, N, P) of 32 x 32 patches."""
    bundle, count = Bundle.open(bundle_folder), len(states)
    bright = np.zeros((count, len(FINDINGS), PATCHES), np.float32) if saliency is None else saliency
    mentions: list[dict[int, Mention]] = [{} for _ in range(count)]
    for (row, finding), side in (sides or {}).items():
        mentions[row][finding] = Mention(FINDINGS[finding], side, Severity.NONE)
    studies = Studies(
        images=np.zeros((count, SIZE, SIZE), np.uint8),
        shapes=np.full((count, 2), SIZE, np.int64),
        states=states.astype(np.int8),
        source=np.array([SOURCES.index(name) for name in sources]),
        mentions=tuple(mentions),
        told=((),) * count,
        ids=tuple(ids) or tuple(f"{row}_film" for row in range(count)),
        drawn=(None,) * count,
    )
    walks = tuple(_walk(*row) for row in zip(logits.astype(np.float32), bright, strict=True))
    abnormal = (states == State.POSITIVE).any(axis=1)
    variant = next(iter(bundle.variants.values()))
    return Readings(bundle, variant, "val", studies, walks, abnormal)


def _walk(logits: np.ndarray, saliency: np.ndarray) -> Walk:
    hypotheses = tuple(
        Hypothesis(
            finding=name,
            probability=float(1 / (1 + np.exp(-logit))),
            calibrated=True,
            threshold=0.5,
            affirmed=0.5,
            presence=Presence.ABSENT,
            status=Status.VALIDATED,
        )
        for name, logit in zip(FINDINGS, logits, strict=True)
    )
    return Walk(logits, saliency, hypotheses, _no_proposals(), (), ())


def _no_proposals() -> Proposals:
    nothing = np.zeros((0, 0), np.float32)
    return Proposals(*(nothing for _ in Proposals.__dataclass_fields__))

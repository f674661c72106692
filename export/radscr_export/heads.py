"""Trains the heads of a bundle anew on its own frozen vision, e.g. for another library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from radscr_edge.contract import Bundle
from radscr_export.data.extras import extra_studies
from radscr_export.data.training_set import Studies, join, load_studies, select
from radscr_export.engine import Lesson, Part, teach
from radscr_export.looks import LOOKS, look
from radscr_export.model.preset import LossPreset, Preset, recorded_preset
from radscr_export.model.radscr import Heads
from radscr_export.proposal_step import Seen, retrieval_loss
from radscr_export.run import Run, note_data
from radscr_export.text_encoder import TextEncoder
from radscr_export.texts import (
    LibraryTexts,
    ToldTexts,
    read_told,
    refresh_prototypes,
)

BATCH: Final = 32
RATE: Final = 2e-3
WARM_UP: Final = 0.3
TRUST: Final = 0.5
"""Share of the films with the classifier's own hypotheses instead of the labels'."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What heads learn from."""

    real: Studies
    studies: Studies
    """The same, then phantoms and painted films."""
    looks: NDArray[np.void]
    library: LibraryTexts
    told: ToldTexts


def load_material(
    data: Path, bundle: Bundle, texts: tuple[LibraryTexts, TextEncoder], seed: int, cache: Path
) -> Material:
    """The training films with what the bundle's vision says of them, which is kept in `cache`."""
    (library, encoder), size = texts, bundle.shapes.image_size
    real = load_studies(data, "train", size)
    studies = join([real, extra_studies(real, size, seed)])
    looks = look(bundle, studies, seed, cache)
    return Material(real, studies, looks, library, read_told(encoder, studies))


def preset_of(bundle: Bundle) -> Preset:
    """The preset that a bundle's vision was trained by, as the bundle recorded it."""
    return recorded_preset(bundle.training["run"]["preset"])


def train_heads(
    run: Run, bundle: Bundle, texts: tuple[LibraryTexts, TextEncoder], epochs: int, cache: Path
) -> Heads:
    """Heads from scratch that fit the bundle's vision and the library.

    The run's folder gets checkpoints and logs as of any training; what the vision network says of
    the films is kept in the folder `cache`.
    """
    load = partial(load_material, run.data, bundle, texts, run.seed, cache)
    return teach_heads(run, texts[0].tokens.states.shape[-1], epochs, load)


def teach_heads(run: Run, text_width: int, epochs: int, load: Callable[[], Material]) -> Heads:
    """The same of material that is loaded where the run has not finished."""
    torch.manual_seed(run.seed)
    heads = Heads(run.preset, text_width).to(run.device)
    progress = teach(run, heads, [partial(_lesson, run, epochs, load)])
    return cast(Heads, progress.average.module).cpu().eval()


def _lesson(run: Run, epochs: int, load: Callable[[], Material]) -> Lesson:
    material, loss = load(), run.preset.loss
    size = material.real.images.shape[-1]
    note_data(run, "train", size, material.real)
    return Lesson(
        facts={"phase": "heads", "size": size},
        epochs=epochs,
        rate=RATE,
        warm_up=WARM_UP,
        batches=partial(_batch_rows, len(material.studies.ids)),
        losses=partial(_losses, material, loss),
        weights={"retrieval": 1.0},
        refresh=partial(_refresh, material.library) if loss.refresh_every else None,
        refresh_every=max(1, loss.refresh_every),
    )


def _batch_rows(count: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Shuffled batches of all films; a small set makes one batch of its own."""
    order, size = rng.permutation(count), min(BATCH, count)
    return [order[start : start + size] for start in range(0, count - size + 1, size)]


def _losses(material: Material, loss: LossPreset, heads: Heads, part: Part) -> dict[str, Tensor]:
    batch = select(material.studies, part.rows)
    heard, study = material.told.draw(batch.ids, part.rng)
    shelf = (material.library.draw(part.rng, part.held.get("prototypes")), heard, study)
    turn = int(part.rng.integers(LOOKS))
    looks = material.looks[turn * len(material.studies.ids) + part.rows]
    shown = _as_seen(looks, heads.concepts.device)
    return {"retrieval": retrieval_loss(heads, shown, batch, shelf, loss, part.rng)}


def _as_seen(looks: NDArray[np.void], device: torch.device) -> Seen:
    features, logits, saliency = (
        torch.from_numpy(looks[name].astype(np.float32)).to(device)
        for name in ("features", "logits", "saliency")
    )
    return Seen(features, logits, saliency, TRUST)


def _refresh(library: LibraryTexts, heads: Heads) -> dict[str, Tensor]:
    return {"prototypes": refresh_prototypes(heads, library)}

"""Self-supervised pre-training: the encoder learns to know a film again before it meets labels.

SimCLR (Chen et al., ICML 2020) on frontal and lateral films: two crops of a film, and other films
of the same patient, are to lie nearer to each other than to the films of other patients.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from radscr_export.data.augment import augment, posed
from radscr_export.data.unlabelled import Unlabelled, load_unlabelled
from radscr_export.engine import Lesson, Part, teach
from radscr_export.losses import contrast
from radscr_export.model.encoder import Encoder
from radscr_export.model.preset import Pretraining
from radscr_export.run import PRETRAINING, Run, note_data

PROJECTED: Final = 128
"""Width of the space in which films are compared; its authors' choice."""
TEMPERATURE: Final = 0.2
SMALLEST: Final = 0.4
"""Side of the smallest crop, of the film's."""
COVERED: Final = 0.3
"""Share of crops with a blank rectangle."""


class Recogniser(nn.Module):
    """The encoder, and behind it a projector that is thrown away."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        width = encoder.norm.normalized_shape[0]
        self.encoder = encoder
        self.projector = nn.Sequential(
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, PROJECTED)
        )

    def forward(self, images: Tensor) -> Tensor:
        """(B, PROJECTED) of unit length, of 8-bit images (B, 1, S, S)."""
        return F.normalize(self.projector(self.encoder(images).mean(dim=1)), dim=-1)


def pretrain(run: Run, settings: Pretraining, encoder: Encoder) -> None:
    """Gives the encoder the averaged weights of its pre-training.

    Goes on where the run's folder says that it stopped; errors as `train`.
    """
    own = replace(run, folder=run.folder / PRETRAINING)
    own.folder.mkdir(parents=True, exist_ok=True)
    taught = teach(own, Recogniser(encoder), [partial(_lesson, own, settings)])
    encoder.load_state_dict(cast(Recogniser, taught.average.module).encoder.state_dict())


def _lesson(run: Run, settings: Pretraining) -> Lesson:
    films = load_unlabelled(run.data, "train", settings.size)
    note_data(run, "train", settings.size, films)
    return Lesson(
        facts={"phase": "pre-training", "size": settings.size},
        epochs=settings.epochs,
        rate=settings.rate,
        batches=partial(_batches, len(films.images), settings.batch),
        losses=partial(_losses, films),
        weights={"recognition": 1.0},
    )


def _batches(count: int, size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Shuffled batches of rows; what is left over waits for the next epoch."""
    order = rng.permutation(count)
    return [order[start : start + size] for start in range(0, count - size + 1, size)]


def _losses(films: Unlabelled, model: Recogniser, part: Part) -> dict[str, Tensor]:
    """How hard it is to find a crop's film, and its patient, among those of the part."""
    device = next(model.parameters()).device
    shown = torch.from_numpy(films.images[part.rows])[:, None].to(device).float()
    views = [_view(shown, part.generator) for _ in range(2)]
    vectors = model(torch.cat(views))
    patients = torch.from_numpy(films.patients[part.rows]).to(device).repeat(2)
    same, itself = patients[:, None] == patients, torch.eye(len(patients), dtype=torch.bool)
    itself = itself.to(device)
    return {"recognition": contrast(vectors @ vectors.T, same & ~itself, TEMPERATURE, itself)}


def _view(images: Tensor, generator: torch.Generator) -> Tensor:
    """A crop of each image (B, 1, S, S) at its size, exposed and defaced as any training film."""
    share = 1 - (1 - SMALLEST) * torch.rand(len(images), generator=generator)
    right, down = (
        (1 - share) * (2 * torch.rand(len(images), generator=generator) - 1) for _ in range(2)
    )
    none = torch.zeros_like(share)
    rows = [torch.stack([share, none, right], dim=1), torch.stack([none, share, down], dim=1)]
    crops = posed(images, torch.stack(rows, dim=1))
    return augment(torch.cat([crops, torch.zeros_like(crops)], dim=1), generator, COVERED)[0]

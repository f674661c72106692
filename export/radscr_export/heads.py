"""Trains the heads of a bundle anew on its own frozen vision, e.g. for another library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import tqdm, trange

from radscr_edge.contract import Bundle
from radscr_edge.records import Bytes, Floats
from radscr_export.data.augment import augment
from radscr_export.data.extras import extra_studies
from radscr_export.data.training_set import Studies, join, lesion_masks, load_studies, select
from radscr_export.model.preset import Preset
from radscr_export.model.radscr import Heads
from radscr_export.proposal_step import Seen, retrieval_loss
from radscr_export.text_encoder import TextEncoder
from radscr_export.texts import LibraryTexts, read_told
from radscr_runtime.networks import OnnxNetworks

LOOKS: Final = 2
"""Times that each film is seen: as it is, and augmented."""
BATCH: Final = 32
RATE: Final = 2e-3
TRUST: Final = 0.5
"""Share of the films with the classifier's own hypotheses instead of the labels'."""
THREADS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """What the frozen vision network says of n films, in LOOKS looks at each."""

    features: NDArray[np.float16]
    """V, (LOOKS, n, P, D)."""
    logits: Floats
    """(LOOKS, n, N)."""
    saliency: NDArray[np.float16]
    """W, (LOOKS, n, N, P)."""

    def at(self, look: int, rows: NDArray[np.int64]) -> Seen:
        """One look at some films."""
        return Seen(
            features=torch.from_numpy(self.features[look, rows].astype(np.float32)),
            logits=torch.from_numpy(self.logits[look, rows]),
            saliency=torch.from_numpy(self.saliency[look, rows].astype(np.float32)),
            trust=TRUST,
        )


def train_heads(
    bundle: Bundle,
    preset: Preset,
    texts: tuple[LibraryTexts, TextEncoder],
    data: Path,
    seed: int,
    epochs: int,
) -> Heads:
    """Heads from scratch that fit the bundle's vision and the library, trained on `data`."""
    torch.manual_seed(seed)
    library, encoder = texts
    real = load_studies(data, "train", bundle.shapes.image_size)
    studies = join([real, extra_studies(real, bundle.shapes.image_size, seed)])
    told = read_told(encoder, studies)
    looks = _look(bundle, studies, seed)
    heads = Heads(preset, library.tokens.states.shape[-1])
    optimiser = AdamW(heads.parameters(), weight_decay=preset.weight_decay)
    steps = epochs * (len(studies.ids) // BATCH)
    schedule = OneCycleLR(optimiser, RATE, total_steps=steps)
    rng = np.random.default_rng(seed)
    bar = trange(steps, desc="training the heads", unit="batch")
    mean = math.nan
    for _ in bar:
        rows = rng.choice(len(studies.ids), BATCH, replace=False)
        batch = select(studies, rows)
        heard, study = told.draw(batch.ids, rng)
        shelf = (library.draw(rng), heard, study)
        seen = looks.at(int(rng.integers(LOOKS)), rows)
        loss = retrieval_loss(heads, seen, batch, shelf, preset.loss, rng)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
        torch.nn.utils.clip_grad_norm_(heads.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        now = float(loss.detach())
        mean = now if math.isnan(mean) else 0.98 * mean + 0.02 * now
        bar.set_postfix(loss=f"{mean:.3f}")
    return heads.eval()


def _look(bundle: Bundle, studies: Studies, seed: int) -> Looks:
    """Runs the bundle's preferred vision network over every film, LOOKS times."""
    networks = OnnxNetworks(bundle, next(iter(bundle.variants)), THREADS)
    generator = torch.Generator().manual_seed(seed)
    grids = []
    for look in range(LOOKS):
        for row in tqdm(range(len(studies.ids)), desc=f"look {look + 1}", unit="film"):
            image = studies.images[row]
            grids.append(
                networks.see((_varied(studies, row, generator) if look else image)[None, None])
            )
    count = (LOOKS, len(studies.ids))
    features = np.stack([grid.features.astype(np.float16) for grid in grids])
    saliency = np.stack([grid.saliency.astype(np.float16) for grid in grids])
    logits = np.stack([grid.logits for grid in grids])
    return Looks(
        features.reshape(*count, *features.shape[1:]),
        logits.reshape(*count, -1),
        saliency.reshape(*count, *saliency.shape[1:]),
    )


def _varied(studies: Studies, row: int, generator: torch.Generator) -> Bytes:
    """One film in another pose and exposure."""
    one = select(studies, np.array([row]))
    drawn = torch.from_numpy(np.stack([one.images, lesion_masks(one)], axis=1))
    image, _ = augment(drawn, generator)
    varied: Bytes = image[0, 0].round().clamp(0, 255).to(torch.uint8).numpy()
    return varied

"""Heads of every ablation, trained once on the bundle's frozen vision and put on its walk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import torch

from radscr_edge.contract import Bundle, Files, Settings
from radscr_edge.ontology import FINDINGS
from radscr_export.heads import Material, load_material, teach_heads
from radscr_export.library.prototypes import PROTOTYPES
from radscr_export.looks import vision_digest
from radscr_export.model.preset import Preset
from radscr_export.model.radscr import Heads
from radscr_export.run import Run, claim
from radscr_export.text_encoder import TextEncoder
from radscr_export.texts import LibraryTexts, embed_library
from radscr_export.to_onnx import write_proposal_graph
from radscr_export.walk import Walker
from radscr_runtime.donors import open_donors
from radscr_runtime.golden import cache_folder
from radscr_runtime.library import ExactSearch, Library, fold, open_library
from radscr_runtime.networks import OnnxNetworks

FULL: Final = "full"
TRAININGS: Final[Mapping[str, Mapping[str, Any]]] = {
    FULL: {},
    "no critiques": {"beta1": 0.0, "beta2": 0.0},
    "no prototypes": {"alpha1": 0.0},
    "N_p 1": {"alternatives": 1},
    "N_p 4": {"alternatives": 4},
    "sampling random": {"sampling": "random"},
    "sampling hard": {"sampling": "hard"},
    "sampling easy": {"sampling": "easy"},
}
"""What each training changes in the preset's losses."""
LOOK_SEED: Final = 0
"""Of augmentations, phantoms and painted films: the same for all, as a look at each film costs."""
THREADS: Final = 2


@dataclass(frozen=True, eq=False)
class Trainer:
    """Trains heads for one bundle's vision in several ways, on material that is loaded once."""

    bundle: Bundle
    preset: Preset
    data: Path
    folder: Path
    """Where the heads are kept, so that what was stopped goes on."""
    epochs: int
    texts: tuple[LibraryTexts, TextEncoder]

    def heads(self, training: str, seed: int) -> Heads:
        """Heads of one of TRAININGS; TrainingError where the folder holds other ones."""
        loss = replace(self.preset.loss, **TRAININGS[training])
        run = Run(
            folder=self.folder / f"{training} seed {seed}".replace(" ", "_"),
            data=self.data,
            preset=replace(self.preset, loss=loss),
            seed=seed,
            device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
            heads_of=f"{vision_digest(self.bundle)}, {self.epochs} epochs",
        )
        width = self.texts[0].tokens.states.shape[-1]
        return teach_heads(claim(run), width, self.epochs, lambda: self._material)

    @cached_property
    def _material(self) -> Material:
        looks = cache_folder() / "looks"
        return load_material(self.data, self.bundle, self.texts, LOOK_SEED, looks)


@contextmanager
def open_walker(
    bundle: Bundle, variant: str, heads: Heads, texts: LibraryTexts
) -> Iterator[Walker]:
    """The bundle's stages with other heads, exported as a build does; usable while it is open.

    Sentences are searched exactly, by vectors of these heads.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copy(bundle.path(Files.VISION[variant]), folder)
        write_proposal_graph(heads, folder / Files.PROPOSAL)
        networks = OnnxNetworks(replace(bundle, folder=folder), variant, THREADS)
        library = _library(bundle, heads, texts)
        yield Walker(networks, library, open_donors(bundle), bundle.settings)


def with_settings(walker: Walker, settings: Settings) -> Walker:
    """The walker with other settings; sentences are folded anew for their alpha1."""
    library = walker.library
    folded = fold(library.sentences, library.vectors, library.prototypes, settings.alpha1)
    folded_anew = replace(library, folded=folded, search=ExactSearch(folded))
    return replace(walker, settings=settings, library=folded_anew)


@torch.no_grad()
def _library(bundle: Bundle, heads: Heads, texts: LibraryTexts) -> Library:
    vectors = embed_library(heads, texts)
    shape = (len(FINDINGS), PROTOTYPES, vectors.shape[1])
    prototypes = texts.prototypes(vectors).reshape(shape).numpy()
    folded = fold(texts.sentences, vectors.numpy(), prototypes, bundle.settings.alpha1)
    return Library(
        sentences=texts.sentences,
        vectors=vectors.numpy(),
        prototypes=prototypes,
        folded=folded,
        search=ExactSearch(folded),
        composed=open_library(bundle).composed,
    )

"""Trains RadSCR: phases of one preset, with checkpoints, a CSV log and resume after a kill."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_export.checkpoint import load_checkpoint, save_checkpoint
from radscr_export.data.augment import augment
from radscr_export.data.extras import extra_studies
from radscr_export.data.labels import State
from radscr_export.data.training_set import (
    SOURCES,
    Studies,
    join,
    lesion_masks,
    load_studies,
    select,
)
from radscr_export.losses import classifier_loss, pointing_loss
from radscr_export.model.preset import LossPreset, Phase, Preset, load_preset
from radscr_export.model.radscr import RadSCR
from radscr_export.proposal_step import Seen, retrieval_loss
from radscr_export.text_encoder import TextEncoder
from radscr_export.texts import LibraryTexts, ToldTexts, read_library, read_told

RECORD = "run.json"
"""What a run is made of; two folders with the same one give the same weights."""
PRIOR_LOGIT = -2.5
"""Start of the classifier's bias: about one film in twelve shows a given finding."""
PREDICTED = 0.5
"""Share of studies with the classifier's own hypotheses at the end of a phase; 0 at its start."""
IMPLIED_WEIGHT = 0.9
"""What a negative counts that only follows from a study coded normal (method section 1)."""
WARM_UP = 0.05
"""Share of a phase over which the learning rate rises to its peak."""


@dataclass(frozen=True, slots=True)
class Run:
    """One training run: where it is kept and what it is made of."""

    folder: Path
    data: Path
    preset: Preset
    seed: int
    device: torch.device


@dataclass(slots=True)
class Progress:
    """What changes while training: saved whole in every checkpoint."""

    model: RadSCR
    average: AveragedModel
    optimiser: torch.optim.Optimizer
    phase: int = 0
    epoch: int = 0

    @property
    def averaged(self) -> RadSCR:
        """The model of the averaged weights: what is shipped."""
        return cast(RadSCR, self.average.module)

    def state(self) -> dict[str, Any]:
        """Everything that resuming needs."""
        return {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "phase": self.phase,
            "epoch": self.epoch,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues where the state was saved."""
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.phase, self.epoch = state["phase"], state["epoch"]


def start(folder: Path, data: Path, preset: str, seed: int) -> Run:
    """A run in `folder`, new or to be continued, on CUDA where there is one.

    Raises TrainingError where the folder holds a run of another preset, seed or data.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    run = Run(folder, data, load_preset(preset), seed, device)
    record = {"data": str(data), "seed": seed, "preset": asdict(run.preset)}
    path = folder / RECORD
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        if {**before, "data": ""} != json.loads(json.dumps({**record, "data": ""})):
            raise TrainingError(f"{folder} holds a run with other settings. Choose another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return run


def resume(folder: Path) -> Run:
    """The run of a folder as it was started; TrainingError where there is none."""
    path = folder / RECORD
    if not path.is_file():
        raise TrainingError(f"{folder} holds no run. Train one: radscr-export train --out {folder}")
    record = json.loads(path.read_text(encoding="utf-8"))
    return start(folder, Path(record["data"]), record["preset"]["name"], record["seed"])


def train(run: Run) -> RadSCR:
    """Trains all phases of the preset and returns the averaged model.

    Starts where the run's folder says it stopped. Raises TrainingError where the data pack is
    incomplete.
    """
    torch.manual_seed(run.seed)
    encoder = TextEncoder.load(run.preset.text.encoder)
    library = read_library(encoder)
    progress = _begin(run, library.tokens.states.shape[-1])
    for index, phase in enumerate(run.preset.phases):
        if index >= progress.phase:
            progress.phase = index
            _train_phase(run, phase, progress, (library, encoder))
            progress.epoch = 0
    return progress.averaged


def load_trained(run: Run, text_width: int) -> RadSCR:
    """The averaged model of a finished or interrupted run."""
    progress = _begin(run, text_width)
    return progress.averaged.eval()


def _begin(run: Run, text_width: int) -> Progress:
    model = RadSCR(run.preset, text_width)
    torch.nn.init.constant_(model.classifier.linear.bias, PRIOR_LOGIT)
    # Convolutions of few channels run a fifth faster with the channels last.
    model = model.to(run.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    decay = get_ema_multi_avg_fn(run.preset.average)  # type: ignore[no-untyped-call]
    average = AveragedModel(model, multi_avg_fn=decay, use_buffers=True)
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=run.preset.weight_decay)
    progress = Progress(model, average, optimiser)
    state = load_checkpoint(run.folder)
    if state is not None:
        progress.restore(state)
    return progress


def _train_phase(
    run: Run, phase: Phase, progress: Progress, texts: tuple[LibraryTexts, TextEncoder]
) -> None:
    real = load_studies(run.data, "train", phase.size)
    extra = extra_studies(real, phase.size, run.seed)
    told = read_told(texts[1], real) if phase.retrieval else None
    for epoch in range(progress.epoch, phase.epochs):
        rng = np.random.default_rng([run.seed, progress.phase, epoch])
        figures = _train_epoch(run, phase, progress, (real, extra), (texts[0], told), rng)
        progress.epoch = epoch + 1
        if progress.epoch == phase.epochs:
            progress.phase, progress.epoch = progress.phase + 1, 0
        save_checkpoint(run.folder, progress.state())
        _log(run.folder, {"size": phase.size, "epoch": epoch, **figures})


def _train_epoch(
    run: Run,
    phase: Phase,
    progress: Progress,
    sets: tuple[Studies, Studies],
    texts: tuple[LibraryTexts, ToldTexts | None],
    rng: np.random.Generator,
) -> dict[str, float]:
    epoch, settings = int(progress.epoch), run.preset.loss
    batches = list(_batches(run.preset, phase, sets, rng))
    # Every epoch seeds torch anew, so that a resumed run draws as an uninterrupted one.
    generator = torch.manual_seed(int(rng.integers(2**62)))
    progress.model.train()
    sums = np.zeros(3)
    bar = tqdm(batches, desc=f"{phase.size} px, epoch {epoch + 1}/{phase.epochs}", unit="batch")
    for step, studies in enumerate(bar):
        done = (epoch + step / len(batches)) / phase.epochs
        for group in progress.optimiser.param_groups:
            group["lr"] = phase.rate * _schedule(done)
        drawn = torch.from_numpy(np.stack([studies.images, lesion_masks(studies)], axis=1))
        images, lesions = augment(drawn.to(run.device), generator)
        shown = (images, lesions, studies)
        losses = _losses(settings, progress.model, shown, texts, (done, rng))
        progress.optimiser.zero_grad()
        total = losses[0] + settings.pointing_weight * losses[1]
        total = total + settings.retrieval_weight * losses[2]
        total.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
        torch.nn.utils.clip_grad_norm_(progress.model.parameters(), 1.0)
        progress.optimiser.step()
        progress.average.update_parameters(progress.model)
        sums += [float(loss.detach()) for loss in losses]
        bar.set_postfix(loss=f"{sums.sum() / (step + 1):.3f}")
    mean = sums / max(1, len(batches))
    return dict(zip(("classifier", "pointing", "retrieval"), mean.tolist(), strict=True))


def _losses(
    settings: LossPreset,
    model: RadSCR,
    shown: tuple[Tensor, Tensor, Studies],
    texts: tuple[LibraryTexts, ToldTexts | None],
    schedule: tuple[float, np.random.Generator],
) -> tuple[Tensor, Tensor, Tensor]:
    """The losses of the classifier, of pointing at drawn lesions, and of retrieval."""
    (images, lesions, studies), (done, rng) = shown, schedule
    device = images.device
    with torch.autocast(device.type, torch.bfloat16, enabled=computes_bf16(device)):
        features = model.encoder(images)
    features = features.float()
    logits, saliency = model.classifier(features)
    targets, weights = _targets(studies, settings.assumed_weight)
    classified = classifier_loss(logits, targets.to(device), weights.to(device), settings.smoothing)
    pointed = _pointing(model, features, lesions, studies)
    library, told = texts
    if told is None:
        return classified, pointed, classified.new_zeros(())
    heard, study = told.draw(studies.ids, rng)
    seen = Seen(features, logits, saliency, trust=PREDICTED * done)
    shelf = (library.draw(rng), heard, study)
    retrieved = retrieval_loss(model.heads, seen, studies, shelf, settings, rng)
    return classified, pointed, retrieved


def _pointing(model: RadSCR, features: Tensor, lesions: Tensor, studies: Studies) -> Tensor:
    """The pointing loss of the drawn films of a batch: V (B, P, D), lesions (B, 1, S, S)."""
    drawn = [(row, one.finding) for row, one in enumerate(studies.drawn) if one is not None]
    rows, findings = [row for row, _ in drawn], [FINDINGS.index(name) for _, name in drawn]
    side = round(features.shape[1] ** 0.5)
    patches = functional.adaptive_max_pool2d(lesions[rows], side).flatten(1) > 0.5
    activation = model.classifier.activation(features[rows])
    return pointing_loss(activation[range(len(rows)), findings], patches)


def computes_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is faster here than float32; without instructions it is 40 times slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def _targets(studies: Studies, assumed: float) -> tuple[Tensor, Tensor]:
    """Targets (B, N) and weights: 1 for what is known, IMPLIED_WEIGHT for what only follows from a
    normal study, `assumed` for the silent, 0 for unknown.
    """
    states = studies.states
    weights = np.zeros(states.shape, np.float32)
    weights[(states == State.POSITIVE) | (states == State.NEGATIVE)] = 1.0
    weights[studies.implied] = IMPLIED_WEIGHT
    weights[states == State.ASSUMED] = assumed
    targets = (states == State.POSITIVE).astype(np.float32)
    return torch.from_numpy(targets), torch.from_numpy(weights)


def _batches(
    preset: Preset, phase: Phase, sets: tuple[Studies, Studies], rng: np.random.Generator
) -> Iterator[Studies]:
    """Shuffled batches: real films, and a fixed number of phantoms and painted films in each."""
    real, extra = sets
    drawn = extra.source == SOURCES.index("phantom")
    phantoms, painted = np.flatnonzero(drawn), np.flatnonzero(~drawn)
    counts = (int(phase.batch * preset.phantom_share), round(phase.batch * preset.composite_share))
    own = phase.batch - sum(counts)
    order = rng.permutation(len(real.ids))
    for start in range(0, len(order) - own + 1, own):
        guests = np.concatenate([rng.choice(phantoms, counts[0]), rng.choice(painted, counts[1])])
        yield join([select(real, order[start : start + own]), select(extra, guests)])


def _schedule(done: float) -> float:
    """Linear warm-up, then half a cosine to zero."""
    if done < WARM_UP:
        return max(done, 1e-3) / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _log(folder: Path, row: dict[str, float]) -> None:
    path = folder / "log.csv"
    fresh = not path.is_file()
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(row))
        if fresh:
            writer.writeheader()
        writer.writerow({key: round(value, 5) for key, value in row.items()})

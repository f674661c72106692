"""The one training loop, for whole models and for heads alone: lessons, checkpoints, processes.

Accelerate finds the device and, under `torchrun`, joins the processes (DDP). Every draw of a step
comes from the run's seed and the step's own number, so a resumed run has no generator to restore.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from radscr_edge.errors import TrainingError
from radscr_export.checkpoint import load_checkpoint, save_checkpoint
from radscr_export.journal import Journal, Value
from radscr_export.run import Run, note_start

FORMAT: Final = 2
"""Of the state in a checkpoint."""
LONGEST_STEP: Final = 1.0
"""Norm to which gradients are clipped."""
WARM_UP: Final = 0.05
"""Share of a lesson over which the learning rate rises to its peak."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one gradient is computed from: a whole batch, or its share in one of several."""

    rows: NDArray[np.int64]
    """Places of its studies in the lesson's data."""
    done: float
    """Share of the lesson that lies behind, in [0, 1)."""
    rng: np.random.Generator
    generator: torch.Generator
    """On the CPU; torch's global one, just seeded."""
    held: Mapping[str, Tensor]
    """What the last refresh made."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One stretch of a training under one curve of the learning rate."""

    facts: Mapping[str, Value]
    """What its rows of the log begin with."""
    epochs: int
    rate: float
    """Peak of a half cosine with linear warm-up."""
    batches: Callable[[np.random.Generator], Sequence[NDArray[np.int64]]]
    """The batches of an epoch: always as many."""
    losses: Callable[[Any, Part], dict[str, Tensor]]
    """The losses of a part, from the model and the part."""
    weights: Mapping[str, float]
    """Of every loss in the sum that is minimised."""
    warm_up: float = WARM_UP
    validate: Callable[[Any], dict[str, float]] | None = None
    """Figures of the averaged model at the end of every epoch."""
    refresh: Callable[[Any], dict[str, Tensor]] | None = None
    """What is computed from the model without gradient, and held between two refreshes."""
    refresh_every: int = 1


@dataclass(slots=True, eq=False)
class Progress:
    """What changes while training: saved whole in every checkpoint."""

    model: nn.Module
    average: AveragedModel
    optimiser: torch.optim.Optimizer
    lesson: int = 0
    epoch: int = 0
    step: int = 0
    """Within the epoch."""
    steps: int = 0
    """Since the run began."""
    sums: dict[str, float] = field(default_factory=dict)
    """Of every loss over the steps of this epoch."""
    held: dict[str, Tensor] = field(default_factory=dict)
    log_size: int = 0

    def state(self) -> dict[str, Any]:
        """Everything that resuming needs."""
        return {
            "format": FORMAT,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            **{name: getattr(self, name) for name in COUNTERS},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues where the state was saved."""
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        for name in COUNTERS:
            setattr(self, name, state[name])


COUNTERS: Final = ("lesson", "epoch", "step", "steps", "sums", "held", "log_size")


class Taught(nn.Module):
    """A model whose forward pass are its losses, so that DDP sees all of a step in one call."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, lesson: Lesson, part: Part) -> dict[str, Tensor]:
        """The losses of a part, unweighted."""
        return lesson.losses(self.model, part)


@dataclass(slots=True, eq=False)
class Session:
    """One process's share in a run, from its start or resumption on."""

    run: Run
    accelerator: Accelerator
    taught: nn.Module
    progress: Progress
    journal: Journal | None
    """None in all processes but the first."""
    saved: float
    """When the last checkpoint was written, on the monotonic clock."""


def teach(run: Run, model: nn.Module, lessons: Sequence[Callable[[], Lesson]]) -> Progress:
    """Gives a new model all lessons, from where the run's folder says it stopped; the end's state.

    A lesson is made when it is begun, since its data may fill the memory. Raises TrainingError
    where a loss is no longer a number, or a batch cannot be shared among the processes.
    """
    # With Accelerator(cpu=True) a torchrun without GPUs talks by gloo.
    several = DistributedDataParallelKwargs(find_unused_parameters=True, broadcast_buffers=False)
    accelerator = Accelerator(cpu=run.device.type == "cpu", kwargs_handlers=[several])
    progress = begin(run, model.to(accelerator.device))
    if progress.lesson >= len(lessons):
        return progress
    journal = None
    if accelerator.is_main_process:
        note_start(run, accelerator.num_processes)
        journal = Journal(run.folder, progress.log_size, progress.steps)
    taught = accelerator.prepare_model(Taught(progress.model))
    session = Session(run, accelerator, taught, progress, journal, time.monotonic())
    while progress.lesson < len(lessons):
        _teach_lesson(session, lessons[progress.lesson]())
    if journal is not None:
        journal.close()
    accelerator.wait_for_everyone()
    return progress


def begin(run: Run, model: nn.Module) -> Progress:
    """The state that a run's folder holds, or the one before its first step.

    Raises TrainingError where the state was saved by another version.
    """
    decay = get_ema_multi_avg_fn(run.preset.average)  # type: ignore[no-untyped-call]
    average = AveragedModel(model, multi_avg_fn=decay, use_buffers=True)
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=run.preset.weight_decay)
    progress = Progress(model, average, optimiser)
    state = load_checkpoint(run.folder)
    if state is not None:
        if state.get("format") != FORMAT:
            raise TrainingError(
                f"{run.folder} was trained by another version, which alone can continue or build "
                "it. Train in another folder."
            )
        progress.restore(state)
    return progress


def schedule(done: float, warm_up: float) -> float:
    """Linear warm-up, then half a cosine to zero."""
    if done < warm_up:
        return max(done, 1e-3) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up)))


def _teach_lesson(session: Session, lesson: Lesson) -> None:
    progress = session.progress
    steps = len(lesson.batches(_dice(session)))
    if not steps:
        raise TrainingError(f"{session.run.data} holds fewer training films than one batch.")
    bar = tqdm(
        desc=", ".join(f"{name} {value}" for name, value in lesson.facts.items()),
        total=lesson.epochs * steps,
        initial=progress.epoch * steps + progress.step,
        unit="step",
        disable=session.journal is None,
    )
    with bar:
        while progress.epoch < lesson.epochs:
            _teach_epoch(session, lesson, bar)
            progress.epoch, progress.step, progress.sums = progress.epoch + 1, 0, {}
            if progress.epoch < lesson.epochs:
                _save(session)
    progress.lesson, progress.epoch, progress.held = progress.lesson + 1, 0, {}
    _save(session)


def _teach_epoch(session: Session, lesson: Lesson, bar: tqdm) -> None:
    progress, began = session.progress, time.monotonic()
    batches = lesson.batches(_dice(session))
    for step in range(progress.step, len(batches)):
        done = (progress.epoch + step / len(batches)) / lesson.epochs
        losses = _teach_batch(session, lesson, batches[step], done)
        progress.step, progress.steps = step + 1, progress.steps + 1
        for name, loss in losses.items():
            progress.sums[name] = progress.sums.get(name, 0.0) + loss
        bar.set_postfix(epoch=progress.epoch + 1, loss=f"{_mean_loss(progress):.3f}", refresh=False)
        bar.update()
        if session.journal is not None:
            session.journal.point(progress.steps, losses)
        if _due(session):
            _save(session)
    figures = {name: total / len(batches) for name, total in progress.sums.items()}
    if session.journal is not None:
        if lesson.validate is not None:
            figures |= lesson.validate(progress.average.module)
        facts = {**lesson.facts, "epoch": progress.epoch, "rate": lesson.rate}
        figures["seconds"] = time.monotonic() - began
        session.journal.row(progress.steps, facts, figures)
    session.accelerator.wait_for_everyone()


def _teach_batch(
    session: Session, lesson: Lesson, rows: NDArray[np.int64], done: float
) -> dict[str, float]:
    """One step of the optimiser; returns the losses, means over all processes."""
    progress, accelerator = session.progress, session.accelerator
    stale = not progress.held or progress.steps % lesson.refresh_every == 0
    if lesson.refresh is not None and stale:
        with torch.no_grad():
            progress.held = lesson.refresh(progress.model)
    for group in progress.optimiser.param_groups:
        group["lr"] = lesson.rate * schedule(done, lesson.warm_up)
    progress.optimiser.zero_grad()
    losses = _gradients(session, lesson, rows, done)
    accelerator.clip_grad_norm_(progress.model.parameters(), LONGEST_STEP)
    progress.optimiser.step()
    if accelerator.num_processes > 1:
        _average_statistics(accelerator, progress.model)
    progress.average.update_parameters(progress.model)
    return losses


def _gradients(
    session: Session, lesson: Lesson, rows: NDArray[np.int64], done: float
) -> dict[str, float]:
    """Gradients of a batch, whose rows are dealt out in turn to all parts of all processes.

    A batch means the same on one core and on eight GPUs: every part counts alike.
    """
    accelerator, count = session.accelerator, session.run.preset.accumulate
    parts = count * accelerator.num_processes
    if len(rows) < 2 * parts:
        raise TrainingError(
            f"A batch of {len(rows)} cannot be shared by {accelerator.num_processes} processes in "
            f"{count} parts each, at least 2 films a part. Enlarge `batch` in the preset."
        )
    sums: dict[str, Tensor] = {}
    for turn in range(count):
        own = accelerator.process_index * count + turn
        with _synchronised(session, last=turn == count - 1):
            losses = session.taught(lesson, _part(session, rows[own::parts], own, done))
            terms = [lesson.weights[name] * loss for name, loss in losses.items()]
            accelerator.backward(torch.stack(terms).sum() / count)
        for name, loss in losses.items():
            sums[name] = sums.get(name, loss.detach() * 0) + loss.detach() / count
    means = accelerator.reduce(torch.stack(list(sums.values())), "mean")
    figures = dict(zip(sums, means.tolist(), strict=True))
    if not all(math.isfinite(one) for one in figures.values()):
        raise TrainingError(
            f"After {session.progress.steps} steps a loss is no longer a number ({figures}). "
            "Lower `rate` in the preset, and train in another folder."
        )
    return figures


def _synchronised(session: Session, last: bool) -> AbstractContextManager[Any]:
    """Gradients travel between processes once a step, with its last part."""
    context: AbstractContextManager[Any] = (
        nullcontext() if last else session.accelerator.no_sync(session.taught)
    )
    return context


def _part(session: Session, rows: NDArray[np.int64], number: int, done: float) -> Part:
    rng = _dice(session, session.progress.step, number)
    generator = torch.manual_seed(int(rng.integers(2**62)))
    return Part(rows, done, rng, generator, session.progress.held)


def _dice(session: Session, *place: int) -> np.random.Generator:
    """Random numbers of an epoch, of a step in it, of a part of that."""
    progress = session.progress
    return np.random.default_rng([session.run.seed, progress.lesson, progress.epoch, *place])


def _average_statistics(accelerator: Accelerator, model: nn.Module) -> None:
    """Makes the running statistics of normalisations, which each process has from its own films,
    those of all.
    """
    for buffer in model.buffers():
        if buffer.is_floating_point():
            buffer.copy_(accelerator.reduce(buffer.clone(), "mean"))


def _mean_loss(progress: Progress) -> float:
    return sum(progress.sums.values()) / progress.step


def _due(session: Session) -> bool:
    run, progress = session.run, session.progress
    by_steps = run.save_steps > 0 and progress.steps % run.save_steps == 0
    return by_steps or time.monotonic() - session.saved >= 60 * run.save_minutes


def _save(session: Session) -> None:
    if session.journal is not None:
        session.journal.flush()
        session.progress.log_size = session.journal.size
        save_checkpoint(session.run.folder, session.progress.state())
    session.saved = time.monotonic()

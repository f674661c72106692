"""Trains RadSCR: every phase of a preset becomes a lesson of the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from radscr_edge.records import Floats
from radscr_export.checkpoint import load_checkpoint
from radscr_export.class_balance import class_balance
from radscr_export.data.augment import augment
from radscr_export.data.extras import extra_studies
from radscr_export.data.known_lesions import NONE, known_lesions
from radscr_export.data.labels import State
from radscr_export.data.training_set import (
    SOURCES,
    Studies,
    join,
    load_studies,
    select,
)
from radscr_export.engine import Lesson, Part, begin, teach
from radscr_export.losses import classifier_loss, pointing_loss, report_loss
from radscr_export.metrics import assessable, finding_aurocs
from radscr_export.model.preset import Preset
from radscr_export.model.radscr import RadSCR
from radscr_export.pretrain import pretrain
from radscr_export.proposal_step import Seen, retrieval_loss
from radscr_export.reports import ReportVectors, read_reports
from radscr_export.run import Run, note_data
from radscr_export.text_encoder import TextEncoder
from radscr_export.texts import (
    LibraryTexts,
    ToldTexts,
    read_library,
    read_told,
    refresh_prototypes,
)

PRIOR_LOGIT: Final = -2.5
"""Start of the classifier's bias: about one film in twelve shows a given finding."""
PREDICTED: Final = 0.5
"""Share of studies with the classifier's own hypotheses at the end of a phase; 0 at its start."""
IMPLIED_WEIGHT: Final = 0.9
"""What a negative counts that only follows from a study coded normal (method section 1)."""
SEEN_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What one phase learns from."""

    studies: Studies
    """The real films, then phantoms and painted films."""
    real: int
    """How many are real."""
    library: LibraryTexts
    told: ToldTexts | None
    """Sentences of the reports; None in a phase without losses on proposals."""
    reports: ReportVectors | None
    """Of all studies; None where the preset does not pair films with reports."""
    balance: Floats
    """(N, 2) weights of absence and presence of every finding."""
    preset: Preset


def train(run: Run) -> RadSCR:
    """Trains all phases of the preset and returns the averaged model.

    Starts where the run's folder says it stopped. Raises TrainingError where the data pack is
    incomplete, or is not what the run was begun with.
    """
    encoder = TextEncoder.load(run.preset.text.encoder)
    library = read_library(encoder)
    model = _new_model(run, library.tokens.states.shape[-1])
    if run.preset.pretraining is not None:
        pretrain(run, run.preset.pretraining, model.encoder)
    count = len(run.preset.phases)
    lessons = [partial(_lesson, run, index, library, encoder) for index in range(count)]
    return cast(RadSCR, teach(run, model, lessons).average.module)


def load_trained(run: Run, text_width: int) -> RadSCR:
    """The averaged model of a finished or interrupted run."""
    return cast(RadSCR, begin(run, _new_model(run, text_width)).average.module).eval()


def finished(run: Run) -> bool:
    """Whether the run has all phases of its preset behind it."""
    state = load_checkpoint(run.folder)
    return state is not None and state.get("lesson", 0) >= len(run.preset.phases)


def computes_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is faster here than float32; without instructions it is 40 times slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def _new_model(run: Run, text_width: int) -> RadSCR:
    torch.manual_seed(run.seed)
    model = RadSCR(run.preset, text_width)
    torch.nn.init.constant_(model.classifier.linear.bias, PRIOR_LOGIT)
    # Convolutions of few channels run a fifth faster with the channels last.
    return model.to(run.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _lesson(run: Run, index: int, library: LibraryTexts, encoder: TextEncoder) -> Lesson:
    phase = run.preset.phases[index]
    real = load_studies(run.data, "train", phase.size)
    note_data(run, "train", phase.size, real)
    told = read_told(encoder, real) if phase.retrieval else None
    studies = join([real, extra_studies(real, phase.size, run.seed)])
    loss = run.preset.loss
    material = Material(
        studies=studies,
        real=len(real.ids),
        library=library,
        told=told,
        reports=read_reports(encoder, studies) if loss.report_weight else None,
        balance=class_balance(real.states, loss.balance),
        preset=run.preset,
    )
    return Lesson(
        facts={"phase": index, "size": phase.size},
        epochs=phase.epochs,
        rate=phase.rate,
        batches=partial(batch_rows, run.preset, phase.batch, material.studies, material.real),
        losses=partial(_losses, material),
        weights={
            "classifier": 1.0,
            "pointing": loss.pointing_weight,
            "reports": loss.report_weight,
            "retrieval": loss.retrieval_weight,
        },
        validate=_validation(run, phase.size) if run.preset.validate else None,
        refresh=partial(_refresh, library) if phase.retrieval and loss.refresh_every else None,
        refresh_every=max(1, loss.refresh_every),
    )


def batch_rows(
    preset: Preset, size: int, studies: Studies, real: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Shuffled batches as rows of `studies`, of which the first `real` are real films.

    Every batch has a fixed number of phantoms and painted films.
    """
    drawn = studies.source == SOURCES.index("phantom")
    phantoms, painted = np.flatnonzero(drawn), np.flatnonzero(~drawn[real:]) + real
    counts = (int(size * preset.phantom_share), round(size * preset.composite_share))
    own = size - sum(counts)
    order = rng.permutation(real)
    return [
        np.concatenate(
            [
                order[start : start + own],
                rng.choice(phantoms, counts[0]),
                rng.choice(painted, counts[1]),
            ]
        )
        for start in range(0, real - own + 1, own)
    ]


def _losses(material: Material, model: RadSCR, part: Part) -> dict[str, Tensor]:
    """The losses of the classifier, of pointing at known lesions, of reports, and of retrieval."""
    studies, loss = select(material.studies, part.rows), material.preset.loss
    device = next(model.parameters()).device
    known, masks = known_lesions(studies, part.rng)
    shown = torch.from_numpy(np.stack([studies.images, masks], axis=1)).to(device)
    images, lesions = augment(shown, part.generator, material.preset.covered_share)
    features = _features(model, images)
    logits, saliency = model.classifier(features)
    targets, weights = _targets(studies, loss.assumed_weight)
    weights *= _balance(material.balance, targets)
    targets, weights = targets.to(device), weights.to(device)
    classified = classifier_loss(logits, targets, weights, loss.smoothing, loss.classifier)
    pointed = _pointing(model, features, lesions, known)
    retrieved = classified.new_zeros(())
    if material.told is not None:
        heard, study = material.told.draw(studies.ids, part.rng)
        seen = Seen(features, logits, saliency, trust=PREDICTED * part.done)
        library = material.library.draw(part.rng, part.held.get("prototypes"))
        shelf = (library, heard, study)
        retrieved = retrieval_loss(model.heads, seen, studies, shelf, loss, part.rng)
    return {
        "classifier": classified,
        "pointing": pointed,
        "reports": _paired(material, model, features, part.rows),
        "retrieval": retrieved,
    }


def _features(model: RadSCR, images: Tensor) -> Tensor:
    """V of a batch, computed in bfloat16 where that is faster."""
    with torch.autocast(images.device.type, torch.bfloat16, enabled=computes_bf16(images.device)):
        features = model.encoder(images)
    full: Tensor = features.float()
    return full


def _refresh(library: LibraryTexts, model: RadSCR) -> dict[str, Tensor]:
    return {"prototypes": refresh_prototypes(model.heads, library)}


def _balance(balance: Floats, targets: Tensor) -> Tensor:
    """(B, N) weights of the cells whose targets these are."""
    absence, presence = torch.from_numpy(balance).unbind(dim=1)
    return torch.where(targets > 0.5, presence, absence)


def _validation(run: Run, size: int) -> Callable[[RadSCR], dict[str, float]]:
    """The AUROC of the log is that of the first data set: IU where it is there."""
    every = load_studies(run.data, "val", size)
    sources = every.sets[every.first]
    return partial(_validate, select(every, every.of(*sources)))


@torch.no_grad()
def _validate(studies: Studies, model: RadSCR) -> dict[str, float]:
    """Macro AUROC over the findings that the validation films can assess; nan without any."""
    model.eval()
    device = next(model.parameters()).device
    parts = [
        model.classifier(_features(model, torch.from_numpy(images)[:, None].to(device)))[0].cpu()
        for images in np.array_split(
            studies.images, range(SEEN_AT_ONCE, len(studies.ids), SEEN_AT_ONCE)
        )
    ]
    areas = finding_aurocs(torch.cat(parts).numpy(), studies.states, assessable(studies.states))
    return {"val_auroc": float(areas.mean()) if len(areas) else float("nan")}


def _pointing(model: RadSCR, features: Tensor, lesions: Tensor, known: NDArray[np.int64]) -> Tensor:
    """The pointing loss of the films whose lesion is known: V (B, P, D), lesions (B, 1, S, S)."""
    rows = np.flatnonzero(known != NONE)
    if not len(rows):
        return features.sum() * 0.0
    side = round(features.shape[1] ** 0.5)
    patches = functional.adaptive_max_pool2d(lesions[rows], side).flatten(1) > 0.5
    activation = model.classifier.activation(features[rows])
    return pointing_loss(activation[range(len(rows)), known[rows]], patches)


def _paired(material: Material, model: RadSCR, features: Tensor, rows: NDArray[np.int64]) -> Tensor:
    """The loss between the films of a batch and their reports, of those that have one."""
    if material.reports is None or not material.reports.written[rows].any():
        return features.sum() * 0.0
    written = material.reports.written[rows]
    vectors = torch.from_numpy(material.reports.vectors[rows[written]]).to(features.device)
    return report_loss(model.report(features[torch.from_numpy(written)]), vectors)


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

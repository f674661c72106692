"""One batch of the retrieval losses: hypotheses, regions, one PropEncoder call, three losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from radscr_edge.imaging.letterbox import content_points, fit
from radscr_edge.ontology import FINDINGS
from radscr_edge.patches import STRIDE
from radscr_edge.records import Mask
from radscr_edge.regions import major_anatomy
from radscr_export.data.labels import Mention
from radscr_export.data.training_set import Studies, film_masks, patient_of
from radscr_export.losses import alt_loss, neg_loss, polarity_loss, prop_loss
from radscr_export.model.preset import LossPreset
from radscr_export.model.radscr import Heads
from radscr_export.sampling import Batch, Hypothesis, hypothesise, other_findings, other_studies
from radscr_export.soft_regions import straight_through_regions
from radscr_export.texts import UNSAID, LibraryTexts, Tokens, embed


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the encoder said of a batch of B studies."""

    features: Tensor
    """V, (B, P, D)."""
    logits: Tensor
    """(B, N)."""
    saliency: Tensor
    """W, (B, N, P)."""
    trust: float = 0.5
    """Share of the studies whose hypotheses are the classifier's own instead of the labels'."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of one PropEncoder call: M proposals, their alternatives, then B of C_Neg."""

    grid: NDArray[np.int64]
    region: NDArray[np.int64]
    """(R,) which of the M + B regions a row covers."""
    concepts: Tensor
    """(R, N + 1)."""
    usable: NDArray[np.bool_]
    """(M, 2 * N_p) False where no lawful alternative was found."""


def retrieval_loss(
    heads: Heads,
    seen: Seen,
    studies: Studies,
    texts: tuple[LibraryTexts, Tokens, NDArray[np.int64]],
    loss: LossPreset,
    rng: np.random.Generator,
) -> Tensor:
    """L_Prop + beta1 L_Alt + beta2 L_Neg of one batch, plus the loss on polarity.

    `studies` are the B studies of the batch; `texts` are the library, the reports' own sentences
    that were drawn for this batch, and (T,) the study that each of those belongs to.
    """
    batch = Batch(
        states=studies.states,
        logits=seen.logits.detach().float().cpu().numpy(),
        pooled=F.normalize(seen.features.detach().float().mean(1), dim=-1).cpu().numpy(),
        source=studies.source,
        patient=np.array([patient_of(name) for name in studies.ids]),
    )
    proposed, dropped = hypothesise(batch, loss.hypothesis_drop, seen.trust, rng)
    if not proposed:
        return seen.features.sum() * 0.0
    rows = _rows(proposed, batch, loss, rng)
    regions = _regions(seen, studies, proposed, loss)
    device = seen.features.device
    # Frozen vision needs no gradient where its regions are.
    encode = heads.propose if regions.requires_grad else heads.propose_hard
    vectors = encode(
        seen.features.float(),
        torch.from_numpy(rows.grid).to(device),
        regions[torch.from_numpy(rows.region).to(device)],
        rows.concepts.to(device),
    )
    targets = _targets(heads, (proposed, dropped), studies, texts)
    return _losses(vectors, rows, targets, loss, rng)


def _rows(
    proposed: list[Hypothesis], batch: Batch, loss: LossPreset, rng: np.random.Generator
) -> Rows:
    studies, size, count, kind = len(batch.states), len(proposed), loss.alternatives, loss.sampling
    grid = np.tile([[row.study] for row in proposed], 1 + 2 * count)
    finding = np.tile([[row.finding] for row in proposed], 1 + 2 * count)
    usable = np.zeros((size, 2 * count), np.bool_)
    for index, row in enumerate(proposed):
        for place, other in enumerate(other_findings(row, batch, count, rng, kind)):
            finding[index, 1 + place] = other
            usable[index, place] = True
        # Another patient without the finding is no worse evidence for its denial.
        others = other_studies(row, batch, count, rng, kind) if row.true else []
        for place, other in enumerate(others):
            grid[index, 1 + count + place] = other
            usable[index, count + place] = True
    one_hot = F.one_hot(torch.from_numpy(finding.ravel()), len(FINDINGS) + 1).float()
    unhypothesised = torch.ones(studies, len(FINDINGS) + 1)
    unhypothesised[:, -1] = 0
    for row in proposed:
        unhypothesised[row.study, row.finding] = 0
    mean_concept = unhypothesised / unhypothesised.sum(1, keepdim=True)
    own_region = np.repeat(np.arange(size), 1 + 2 * count)
    return Rows(
        grid=np.concatenate([grid.ravel(), np.arange(studies)]),
        region=np.concatenate([own_region, size + np.arange(studies)]),
        concepts=torch.cat([one_hot, mean_concept]),
        usable=usable,
    )


def _regions(seen: Seen, studies: Studies, proposed: list[Hypothesis], loss: LossPreset) -> Tensor:
    """(M + B, P): B_m of every proposal, then B_0 of every study."""
    size = studies.images.shape[-1]
    inside = film_masks(studies.shapes, size)
    study = np.array([row.study for row in proposed], np.int64)
    finding = np.array([row.finding for row in proposed], np.int64)
    own = straight_through_regions(seen.saliency.float()[study, finding], inside[study], loss)
    whole = np.stack([_anatomy(int(height), int(width), size) for height, width in studies.shapes])
    return torch.cat([own, torch.from_numpy(whole).to(own)])


@cache
def _anatomy(height: int, width: int, size: int) -> Mask:
    """B_0, (P,), of a film of that shape."""
    return major_anatomy(*content_points(fit(height, width, size), size // STRIDE))


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What the rows of a step are compared with; L library sentences, T of the reports' own."""

    said: Tensor
    """(L, d)."""
    candidates: Tensor
    """(L + T, d)."""
    positive: Tensor
    """(M, L + T)."""
    ignored: Tensor
    """(M, L + T) true for all that is known, but not what the study says or drew this time."""
    prototypes: Tensor
    """(N * K, d)."""
    prototype_positive: Tensor
    """(M, N * K)."""
    missed: Tensor
    """(B, L)."""
    slots: Tensor
    """(L,) the prototype of each library sentence."""
    agreeing: Tensor
    """(M, L) library sentences of the row's finding and polarity that nothing contradicts."""
    opposing: Tensor
    """(M, L) library sentences of the row's finding with the opposite polarity."""
    true: Tensor
    """(M,)."""


def _targets(
    heads: Heads,
    sampled: tuple[list[Hypothesis], list[Hypothesis]],
    studies: Studies,
    texts: tuple[LibraryTexts, Tokens, NDArray[np.int64]],
) -> Targets:
    (proposed, dropped), (library, told, told_study) = sampled, texts
    device = heads.concepts.device
    said, heard = embed(heads, library.tokens, device), embed(heads, told, device)
    matches = [_matches(row, library, studies) for row in proposed]
    possible = [library.possible(row.finding, row.true, _mention(row, studies)) for row in proposed]
    positive, ignored = positives((matches, possible), len(said), proposed, told, told_study)
    prototypes = library.prototypes(said)
    slots = [library.slots[found].tolist() for found in matches]
    agreeing = [[*a, *b] for a, b in zip(matches, possible, strict=True)]
    opposing = [library.contrary(row.finding, row.true) for row in proposed]
    return Targets(
        said=said,
        candidates=torch.cat([said, heard]),
        positive=torch.from_numpy(positive).to(device),
        ignored=torch.from_numpy(ignored).to(device),
        prototypes=prototypes,
        prototype_positive=_marked(slots, len(prototypes)).to(device),
        missed=_missed(dropped, library, studies, len(said)).to(device),
        slots=torch.from_numpy(library.slots).to(device),
        agreeing=_marked(agreeing, len(said)).to(device),
        opposing=_marked(opposing, len(said)).to(device),
        true=torch.tensor([row.true for row in proposed], device=device),
    )


def _losses(
    vectors: Tensor, rows: Rows, targets: Targets, loss: LossPreset, rng: np.random.Generator
) -> Tensor:
    size, width = len(rows.usable), 1 + rows.usable.shape[1]
    block = vectors[: size * width].view(size, width, -1)
    p_m, alternatives, c_neg = block[:, 0], block[:, 1:], vectors[size * width :]
    usable = torch.from_numpy(rows.usable).to(vectors.device)
    choices = targets.positive.cpu().numpy()
    chosen = torch.tensor([int(rng.choice(np.flatnonzero(row))) for row in choices])
    sentence = targets.candidates[chosen]
    similar = (alternatives @ sentence.unsqueeze(-1)).squeeze(-1)
    # Prototypes that no search will use are not taught either.
    prototype_positive = targets.prototype_positive & (loss.alpha1 > 0)
    total = prop_loss(
        p_m @ targets.candidates.T,
        targets.positive,
        targets.ignored,
        p_m @ targets.prototypes.T,
        prototype_positive,
        loss.temperature,
    )
    if loss.polarity_weight:
        folded = targets.said + loss.alpha1 * targets.prototypes[targets.slots]
        total = total + loss.polarity_weight * polarity_loss(
            p_m @ folded.T, targets.agreeing, targets.opposing, targets.true, loss.temperature
        )
    total = total + loss.beta1 * alt_loss((p_m * sentence).sum(1), similar, usable, loss.margin)
    return total + loss.beta2 * neg_loss(c_neg @ targets.said.T, targets.missed, loss.temperature)


def _mention(row: Hypothesis, studies: Studies) -> Mention:
    return studies.mentions[row.study].get(row.finding, UNSAID)


def _matches(row: Hypothesis, library: LibraryTexts, studies: Studies) -> list[int]:
    return library.matching(row.finding, row.true, _mention(row, studies))


def positives(
    sayable: tuple[list[list[int]], list[list[int]]],
    size: int,
    proposed: list[Hypothesis],
    told: Tokens,
    told_study: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(M, L + T) twice: what a proposal is drawn to, and what is ignored because it may be true.

    Where the study's own sentences about the finding were drawn, those alone, else the library's.
    `sayable` are, for each proposal, the library sentences that match and those that are possible.
    """
    positive = np.zeros((len(proposed), size + len(told_study)), np.bool_)
    ignored = np.zeros_like(positive)
    findings = told.findings.numpy()
    for index, (row, matches, possible) in enumerate(zip(proposed, *sayable, strict=True)):
        own = row.true & (told_study == row.study) & (findings == row.finding)
        positive[index, size:] = own
        ignored[index, possible] = True
        if not own.any():
            positive[index, matches] = True
    return positive, ignored & ~positive


def _marked(rows: Sequence[Sequence[int]], width: int) -> Tensor:
    """(len(rows), width): true at the places that each row names."""
    marks = torch.zeros(len(rows), width, dtype=torch.bool)
    for index, places in enumerate(rows):
        marks[index, list(places)] = True
    return marks


def _missed(
    dropped: list[Hypothesis], library: LibraryTexts, studies: Studies, size: int
) -> Tensor:
    """(B, L): the library sentences of what the study shows but nobody hypothesised."""
    positive = torch.zeros(len(studies.states), size, dtype=torch.bool)
    for row in dropped:
        positive[row.study, _matches(row, library, studies)] = True
    return positive

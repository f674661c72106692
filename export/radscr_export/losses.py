"""The losses of method section 1: L_Prop, L_Alt, L_Neg, the classifier's; and four of our own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

POINTING_TEMPERATURE = 3.0
"""So high that what is beside a lesion falls below the share of the maximum that still counts."""
REPORT_TEMPERATURE = 0.1
"""Of the loss between films and reports."""
SAME_REPORT = 0.98
"""Cosine from which two reports say the same: a fifth of all are word for word those of others."""
FAR = -1e4
"""Score of what does not count; finite, so that its gradient is 0 even where nothing counts."""
SHIFT = 0.05
"""Probability up to which the asymmetric loss takes a finding for denied; its authors' m."""
FOCUS = 4
"""Power with which it leaves easy denials alone; its authors' gamma-minus, with gamma-plus 0."""


def classifier_loss(
    logits: Tensor, targets: Tensor, weights: Tensor, smoothing: float, kind: str = "bce"
) -> Tensor:
    """The classifier's loss over known labels, for noisy and missing ones.

    All (B, N); `weights` is 0 for unknown, small for assumed negatives. 'bce' is binary
    cross-entropy with smoothed targets; 'asymmetric' leaves denials alone that are nearly right, so
    that the few positives are not drowned (it knows no smoothing).
    """
    each = (
        _asymmetric(logits, targets)
        if kind == "asymmetric"
        else F.binary_cross_entropy_with_logits(
            logits, targets * (1 - 2 * smoothing) + smoothing, reduction="none"
        )
    )
    return (each * weights).sum() / weights.sum().clamp_min(1.0)


def _asymmetric(logits: Tensor, targets: Tensor) -> Tensor:
    """Ridnik et al., "Asymmetric loss for multi-label classification", ICCV 2021, equation 7.

    As in their code the focusing factor has no gradient of its own.
    """
    shifted = (torch.sigmoid(logits) - SHIFT).clamp_min(0)
    focus = (shifted**FOCUS).detach()
    denial = focus * torch.log1p(-shifted.clamp_max(1 - 1e-6))
    return -(targets * F.logsigmoid(logits) + (1 - targets) * denial)


def pointing_loss(activation: Tensor, lesion: Tensor) -> Tensor:
    """How little of softmax(activation) lies on the lesion: both (R, P), a known lesion a row.

    The mean of V dilutes a small lesion; where its place is known, saliency is taught directly.
    """
    return contrast(activation, lesion, POINTING_TEMPERATURE)


def report_loss(seen: Tensor, written: Tensor) -> Tensor:
    """How hard it is to tell which report belongs to which film: both (R, width), of unit length.

    Symmetric, after Zhang et al., "Contrastive learning of medical visual representations from
    paired images and text", 2020; reports that say the same are no negatives of each other.
    """
    scores, same = seen @ written.T, written @ written.T > SAME_REPORT
    return (
        contrast(scores, same, REPORT_TEMPERATURE) + contrast(scores.T, same.T, REPORT_TEMPERATURE)
    ) / 2


def contrast(
    scores: Tensor, positive: Tensor, temperature: float, ignored: Tensor | None = None
) -> Tensor:
    """InfoNCE with several positives a row: scores, `positive` and `ignored` (rows, candidates).

    Ignored candidates are neither positive nor negative. Rows without a positive do not count; a
    batch without any gives 0 with a gradient of 0.
    """
    usable = positive.any(dim=1)
    logits = scores / temperature
    if ignored is not None:
        logits = logits.masked_fill(ignored, float("-inf"))
    matched = logits.masked_fill(~positive, float("-inf"))
    each = torch.logsumexp(logits, dim=1) - torch.logsumexp(matched, dim=1)
    return torch.where(usable, each, torch.zeros_like(each)).sum() / usable.sum().clamp_min(1)


def prop_loss(
    scores: Tensor,
    positive: Tensor,
    ignored: Tensor,
    prototype_scores: Tensor,
    prototype_positive: Tensor,
    t: float,
) -> Tensor:
    """L_Prop: symmetric between proposals and sentences, plus proposals against prototypes.

    `scores` (M, L) are P . s; the negatives in a row are other abnormalities, other reports' and
    other polarity or side of the same abnormality, but for the `ignored` ones, which are as true as
    the positives. `prototype_scores` (M, N * K) are P . o.
    """
    forward = contrast(scores, positive, t, ignored)
    backward = contrast(scores.T, positive.T, t, ignored.T)
    prototypes = contrast(prototype_scores, prototype_positive, t)
    return forward + backward + prototypes


def polarity_loss(
    scores: Tensor, agreeing: Tensor, opposing: Tensor, true: Tensor, t: float
) -> Tensor:
    """How near the sentences that contradict a proposal come to each one that agrees with it.

    `scores` (M, L) are sigma = P . s + alpha1 P . o; `agreeing` and `opposing` (M, L) mark the
    sentences of the row's own finding with its polarity and with the opposite one; `true` (M,)
    tells findings that are there. In L_Prop one denial is one of hundreds of negatives, and most
    of the classifier's hypotheses are false: so here the two kinds of rows count the same in total.
    """
    scaled = scores / t
    rival = torch.logsumexp(scaled.masked_fill(~opposing, FAR), dim=1, keepdim=True)
    each = (F.softplus(rival - scaled) * agreeing).sum(1) / agreeing.sum(1).clamp_min(1)
    usable = agreeing.any(1) & opposing.any(1)
    kinds = [usable & true, usable & ~true]
    present = sum(int(kind.any()) for kind in kinds)
    means = [(each * kind).sum() / kind.sum().clamp_min(1) for kind in kinds]
    return torch.stack(means).sum() / max(1, present)


def alt_loss(matched: Tensor, alternatives: Tensor, usable: Tensor, margin: float) -> Tensor:
    """L_Alt: triplet, P_m nearer to its sentence than its alternatives are.

    `matched` (M,) is P_m . s, `alternatives` (M, A) the critiques' similarity to the same s,
    `usable` (M, A) False where no lawful alternative was found.
    """
    gap = F.relu(margin - matched.unsqueeze(1) + alternatives)
    return (gap * usable).sum() / usable.sum().clamp_min(1)


def neg_loss(scores: Tensor, positive: Tensor, t: float) -> Tensor:
    """L_Neg: C_Neg (B, L) towards positive mentions that exist but were not hypothesised."""
    return contrast(scores, positive, t)

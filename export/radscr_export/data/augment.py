"""Anatomically lawful augmentation: no flips (side matters), but any exposure a clinic may send."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def augment(drawn: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Random pose, gamma and contrast of 8-bit images, and the masks of their lesions moved alike.

    `drawn` (B, 2, S, S) holds image and mask; returns the images (B, 1, S, S) as floats in
    [0, 255] and the masks (B, 1, S, S) as floats in [0, 1].
    """
    moved = _move(drawn.float(), generator)
    return _expose(moved[:, :1] / 255.0, generator) * 255.0, moved[:, 1:]


def _uniform(count: int, width: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, generator=generator) * 2 - 1) * width


def _move(images: Tensor, generator: torch.Generator) -> Tensor:
    count = len(images)
    angle = _uniform(count, 0.1, generator)
    scale = 1 + _uniform(count, 0.1, generator)
    stretch = 1 + _uniform(count, 0.05, generator)
    right = _uniform(count, 0.06, generator)
    down = _uniform(count, 0.06, generator)
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = [
        torch.stack([cosine * stretch, -sine, right], dim=1),
        torch.stack([sine, cosine / stretch, down], dim=1),
    ]
    pose = torch.stack(rows, dim=1).to(images.device)
    grid = F.affine_grid(pose, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def _expose(images: Tensor, generator: torch.Generator) -> Tensor:
    def shaped(width: float) -> Tensor:
        return _uniform(len(images), width, generator).view(-1, 1, 1, 1).to(images.device)

    curved = images.clamp(0, 1) ** torch.exp(shaped(0.4))
    return ((curved - 0.5) * (1 + shaped(0.2)) + 0.5 + shaped(0.1)).clamp(0, 1)

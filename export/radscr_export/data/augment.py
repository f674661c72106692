"""Anatomically lawful augmentation: no flips (side matters), but any exposure a clinic may send."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

MARKED = 0.3
"""Share of films that get a marker like those clinics burn in: any letter, it means nothing."""
FRAMED = 0.2
"""Share of films that get a border, black or white, as of a scan or a collimator."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def augment(
    drawn: Tensor, generator: torch.Generator, covered: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Random pose, gamma and contrast of 8-bit images, and the masks of their lesions moved alike.

    `drawn` (B, 2, S, S) holds image and mask; returns the images (B, 1, S, S) as floats in
    [0, 255] and the masks (B, 1, S, S) as floats in [0, 1]. Some films get markers and borders; a
    share `covered` of them a blank rectangle (DeVries and Taylor, "Improved regularization of
    convolutional neural networks with cutout", 2017).
    """
    moved = _move(drawn.float(), generator)
    images, masks = _expose(moved[:, :1] / 255.0, generator) * 255.0, moved[:, 1:]
    dice = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
    for image in images[:, 0]:
        _deface(image, covered, dice)
    return images, masks


def _deface(image: Tensor, covered: float, dice: np.random.Generator) -> None:
    """Draws on an image (S, S) what says nothing of the patient."""
    side = len(image)
    if dice.random() < FRAMED:
        _frame(image, dice)
    if dice.random() < MARKED:
        _mark(image, dice)
    if dice.random() < covered:
        height, width = dice.integers(side // 8, side // 3, 2)
        top, left = dice.integers(0, side - height), dice.integers(0, side - width)
        image[top : top + height, left : left + width] = float(dice.integers(256))


def _frame(image: Tensor, dice: np.random.Generator) -> None:
    """One or more edges, up to a twelfth of the side wide."""
    side, shade = len(image), float(dice.choice([0.0, 255.0]))
    top, bottom, left, right = dice.integers(0, max(1, side // 12), 4) * dice.integers(0, 2, 4)
    image[:top] = shade
    image[side - bottom :] = shade
    image[:, :left] = shade
    image[:, side - right :] = shade


def _mark(image: Tensor, dice: np.random.Generator) -> None:
    """A letter near an edge of the film, bright as lead."""
    side = len(image)
    stamp = np.zeros((side, side), np.uint8)
    across = dice.choice([dice.uniform(0.02, 0.2), dice.uniform(0.75, 0.93)])
    place = (int(side * across), int(side * dice.uniform(0.08, 0.95)))
    letter = LETTERS[int(dice.integers(len(LETTERS)))]
    cv2.putText(
        stamp, letter, place, cv2.FONT_HERSHEY_SIMPLEX, side * dice.uniform(0.002, 0.004), 255
    )
    image[torch.from_numpy(stamp > 127)] = float(dice.integers(200, 256))


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
    return posed(images, torch.stack(rows, dim=1))


def posed(images: Tensor, pose: Tensor) -> Tensor:
    """Images (B, C, S, S) seen through affine maps (B, 2, 3) of their coordinates."""
    grid = F.affine_grid(pose.to(images.device), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def _expose(images: Tensor, generator: torch.Generator) -> Tensor:
    def shaped(width: float) -> Tensor:
        return _uniform(len(images), width, generator).view(-1, 1, 1, 1).to(images.device)

    curved = images.clamp(0, 1) ** torch.exp(shaped(0.4))
    return ((curved - 0.5) * (1 + shaped(0.2)) + 0.5 + shaped(0.1)).clamp(0, 1)

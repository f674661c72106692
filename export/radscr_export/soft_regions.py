"""B_m for training: hard as on the clinic machine going forward, soft for the gradient."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from radscr_edge.records import Mask
from radscr_edge.regions import objectness
from radscr_export.model.preset import LossPreset


def straight_through_regions(saliency: Tensor, inside: Mask, loss: LossPreset) -> Tensor:
    """(R, P) regions of saliency rows (R, P): objectness forward, sigmoid((W - t) / T) backward.

    Without the soft mask the region has no gradient and the losses on proposals could not teach the
    classifier where to look. `inside` (R, P) marks the patches on the film.
    """
    maps = saliency.detach().float().cpu().numpy()
    masks = [
        objectness(row, film, loss.saliency_high, loss.saliency_low)[0]
        for row, film in zip(maps, inside, strict=True)
    ]
    hard = torch.from_numpy(np.stack(masks)).to(saliency)
    relative = saliency / saliency.detach().amax(dim=1, keepdim=True).clamp_min(1e-6)
    soft = torch.sigmoid((relative - loss.saliency_low) / loss.soft_temperature)
    on_film = torch.from_numpy(inside).to(saliency)
    return hard + on_film * (soft - soft.detach())

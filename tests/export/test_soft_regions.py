"""Regions in training: hard going forward, soft for the gradient, never empty."""

from __future__ import annotations

import numpy as np
import torch
from export.tiny_pack import tiny_preset
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.nn import functional as F

from radscr_edge.regions import objectness
from radscr_export.losses import prop_loss
from radscr_export.model.preset import load_preset
from radscr_export.model.radscr import RadSCR
from radscr_export.soft_regions import straight_through_regions

LOSS = load_preset("edge").loss
SIDE = 4
maps = arrays(np.float32, (3, SIDE * SIDE), elements=st.floats(0, 8, width=32))
films = arrays(np.bool_, (3, SIDE * SIDE)).filter(lambda one: one.any(axis=1).all())


@given(saliency=maps, inside=films)
@settings(max_examples=60, deadline=None)
def test_the_region_is_the_clinics_own_going_forward_and_never_empty(
    saliency: np.ndarray, inside: np.ndarray
) -> None:
    regions = straight_through_regions(torch.from_numpy(saliency), inside, LOSS)

    expected = [
        objectness(row, film, LOSS.saliency_high, LOSS.saliency_low)[0]
        for row, film in zip(saliency, inside, strict=True)
    ]
    np.testing.assert_array_equal(regions.numpy(), np.stack(expected))
    assert (regions.sum(dim=1) >= 1).all()


def test_a_patch_near_the_threshold_feels_the_gradient_most() -> None:
    saliency = torch.tensor([[1.0, 0.4, 0.0, 0.1]], requires_grad=True)

    straight_through_regions(saliency, np.ones((1, 4), np.bool_), LOSS).sum().backward()

    assert int(saliency.grad[0].argmax()) == 1
    assert (saliency.grad > 0).all()


def test_the_bars_beside_the_film_feel_none() -> None:
    saliency = torch.full((1, 4), 0.5, requires_grad=True)
    inside = np.array([[True, True, True, False]])

    straight_through_regions(saliency, inside, LOSS).sum().backward()

    assert saliency.grad[0, 3] == 0
    assert (saliency.grad[0, :3] > 0).all()


def test_l_prop_reaches_the_classifiers_weights_through_the_region_alone() -> None:
    torch.manual_seed(0)
    model = RadSCR(tiny_preset(), 16).eval()
    model.classifier.linear.weight.data.normal_()
    features = model.encoder(torch.rand(2, 1, 64, 64) * 255).detach()
    _, saliency = model.classifier(features)
    inside = np.ones((2, SIDE * SIDE), np.bool_)

    regions = straight_through_regions(saliency[:, 1], inside, LOSS)
    concepts = F.one_hot(torch.tensor([1, 1]), 38).float()
    vectors = model.heads.propose(features, torch.arange(2), regions, concepts)
    matched, none = torch.eye(2, 4, dtype=torch.bool), torch.zeros(2, 4, dtype=torch.bool)
    scores = vectors @ F.normalize(torch.randn(4, vectors.shape[1]), dim=1).T
    prop_loss(scores, matched, none, scores, matched, LOSS.temperature).backward()

    gradient = model.classifier.linear.weight.grad
    assert gradient[1].abs().max() > 0
    assert torch.equal(gradient[0], torch.zeros_like(gradient[0]))

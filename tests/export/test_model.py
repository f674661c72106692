"""The networks do what the method's formulas say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from export.tiny_pack import tiny_preset
from torch import Tensor
from torch.nn import functional as F
from transformers import SwinBackbone, SwinConfig

from radscr_export.model.encoder import Classifier, Encoder
from radscr_export.model.prop_encoder import PropEncoder
from radscr_export.model.radscr import RadSCR
from radscr_export.model.sentence_head import SentenceHead

SIDE, D, DE, WIDE, N = 4, 16, 8, 12, 37
P = SIDE * SIDE


@pytest.fixture
def prop_encoder() -> PropEncoder:
    torch.manual_seed(0)
    encoder = PropEncoder(SIDE, D, DE, WIDE)
    for parameter in encoder.parameters():
        parameter.data.normal_(std=0.5)
    return encoder.eval()


def half(side: str) -> Tensor:
    mask = torch.zeros(SIDE, SIDE)
    mask[:, : SIDE // 2] = side == "right"
    mask[:, SIDE // 2 :] = side == "left"
    return mask.flatten()


def concept(index: int) -> Tensor:
    return F.one_hot(torch.tensor([index]), N + 1).float()


def encode(
    encoder: PropEncoder, region: Tensor, features: Tensor | None = None, finding: int = 1
) -> Tensor:
    torch.manual_seed(3)
    bank = torch.randn(N + 1, DE)
    grids = torch.randn(1, P, D) if features is None else features
    row = torch.zeros(1, dtype=torch.int64)
    return encoder(grids, row, region[None], concept(finding), bank)[0].detach()


def test_a_proposal_is_of_unit_length(prop_encoder: PropEncoder) -> None:
    assert encode(prop_encoder, half("right")).norm().item() == pytest.approx(1, abs=1e-6)


def test_a_region_moved_to_the_other_side_changes_the_proposal(prop_encoder: PropEncoder) -> None:
    alike = torch.ones(1, P, D)

    right, left = (encode(prop_encoder, half(side), alike) for side in ("right", "left"))

    assert (right - left).norm() > 1e-2


def test_without_positions_a_proposal_could_not_know_the_side(prop_encoder: PropEncoder) -> None:
    alike = torch.ones(1, P, D)
    prop_encoder.rows.data.zero_()
    prop_encoder.columns.data.zero_()

    right, left = (encode(prop_encoder, half(side), alike) for side in ("right", "left"))

    torch.testing.assert_close(right, left)


def test_another_concept_changes_the_proposal(prop_encoder: PropEncoder) -> None:
    one, other = (encode(prop_encoder, half("right"), finding=index) for index in (1, 2))

    assert (one - other).norm() > 1e-2


def test_a_proposal_equals_the_formula_written_out(prop_encoder: PropEncoder) -> None:
    region = half("right")
    torch.manual_seed(3)
    bank, features = torch.randn(N + 1, DE), torch.randn(1, P, D)
    position = (prop_encoder.rows + prop_encoder.columns).reshape(P, DE)

    spatial = region[:, None] * bank[1] + (1 - region)[:, None] * bank[-1] + position
    joined = torch.cat([features[0], spatial], dim=1)
    weight = torch.cat([prop_encoder.from_features.weight, prop_encoder.from_concepts.weight], 1)
    hidden = F.gelu(joined @ weight.T + prop_encoder.from_features.bias)
    each = prop_encoder.out(hidden)
    bias = prop_encoder.out.bias
    pooled = each[region > 0].mean(0) + each.mean(0) - bias

    torch.testing.assert_close(
        encode(prop_encoder, region), F.normalize(pooled, dim=0).detach(), atol=1e-5, rtol=0
    )


def test_rows_of_one_call_do_not_influence_each_other(prop_encoder: PropEncoder) -> None:
    torch.manual_seed(4)
    bank, grids = torch.randn(N + 1, DE), torch.randn(2, P, D)
    regions = torch.stack([half("right"), half("left"), half("left")])
    concepts = torch.cat([concept(1), concept(2), concept(3)])
    rows = torch.tensor([0, 1, 0])

    together = prop_encoder(grids, rows, regions, concepts, bank)
    alone = prop_encoder(grids, rows[1:2], regions[1:2], concepts[1:2], bank)

    torch.testing.assert_close(together[1:2], alone)


def test_hard_regions_give_the_same_proposals_and_the_same_gradients(
    prop_encoder: PropEncoder,
) -> None:
    torch.manual_seed(5)
    features, bank = torch.randn(3, P, D), torch.randn(N + 1, DE)
    regions = torch.stack([half("right"), half("left"), torch.ones(P), torch.zeros(P)])
    concepts = torch.cat([*(concept(index) for index in (1, 2, 3)), torch.full((1, N + 1), 1 / 38)])
    rows, wanted = torch.tensor([0, 2, 0, 1]), torch.randn(4, WIDE)

    def taught(encode: Callable[..., Tensor]) -> list[Tensor]:
        learned = [features.clone().requires_grad_(), bank.clone().requires_grad_()]
        vectors = encode(learned[0], rows, regions, concepts, learned[1])
        learned += prop_encoder.parameters()
        return [vectors, *torch.autograd.grad((vectors * wanted).sum(), learned)]

    plain, cheap = taught(prop_encoder), taught(prop_encoder.of_hard_regions)

    for one, other in zip(cheap, plain, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_saliency_equals_grad_cam_of_the_logit() -> None:
    torch.manual_seed(0)
    classifier = Classifier(D, N)
    classifier.linear.weight.data.normal_()
    classifier.standard.running_mean.normal_()
    classifier.standard.running_var.uniform_(0.5, 2)
    features = torch.randn(1, P, D, requires_grad=True)

    logits, saliency = classifier.eval()(features)
    logits[0, 5].backward()
    standardised = (features - classifier.standard.running_mean)[0].detach()
    channel_weights = features.grad[0].mean(dim=0)
    grad_cam = F.relu(standardised @ channel_weights)

    torch.testing.assert_close(saliency[0, 5].detach(), grad_cam * P, atol=1e-4, rtol=1e-4)


def test_the_maps_of_a_study_add_up_to_its_logit_before_the_relu() -> None:
    torch.manual_seed(0)
    classifier = Classifier(D, N).eval()
    classifier.standard.running_mean.normal_()
    features = torch.randn(1, P, D)

    logits, saliency = classifier(features)
    _, below = classifier_of_opposite(classifier)(features)

    average = (saliency - below)[0].mean(dim=1)
    torch.testing.assert_close(average, logits[0] - classifier.linear.bias, atol=1e-5, rtol=1e-4)


def classifier_of_opposite(classifier: Classifier) -> Classifier:
    """The same head with its weights negated: its maps are what the ReLU cuts off."""
    opposite = Classifier(D, N).eval()
    opposite.load_state_dict(classifier.state_dict())
    opposite.linear.weight.data.neg_()
    return opposite


@pytest.fixture
def sentence_head() -> SentenceHead:
    torch.manual_seed(0)
    return SentenceHead(10, DE, WIDE).eval()


def embed(head: SentenceHead, states: Tensor, mask: Tensor, concepts: Tensor) -> Tensor:
    return head(states, mask, concepts, torch.ones(DE)).detach()


def test_padding_does_not_change_a_sentence(sentence_head: SentenceHead) -> None:
    torch.manual_seed(1)
    states, mask, concepts = torch.randn(2, 5, 10), torch.ones(2, 5) > 0, torch.randn(2, DE)
    padded = F.pad(states, (0, 0, 0, 3), value=7.0)

    bare = embed(sentence_head, states, mask, concepts)
    with_padding = embed(sentence_head, padded, F.pad(mask, (0, 3)), concepts)

    torch.testing.assert_close(bare, with_padding, atol=1e-6, rtol=0)


def test_the_same_sentence_read_for_another_abnormality_is_another_vector(
    sentence_head: SentenceHead,
) -> None:
    torch.manual_seed(1)
    states, mask = torch.randn(1, 5, 10).expand(2, 5, 10), torch.ones(2, 5) > 0

    vectors = embed(sentence_head, states, mask, torch.randn(2, DE))

    assert (vectors[0] - vectors[1]).norm() > 1e-2
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))


def test_no_sentences_give_no_vectors() -> None:
    model = RadSCR(tiny_preset(), 16)
    nothing = torch.zeros(0, dtype=torch.int64)

    vectors = model.heads.embed(torch.zeros(0, 1, 16), torch.zeros(0, 1) > 0, nothing)

    assert vectors.shape == (0, 16)


def test_the_encoder_reads_bytes_and_floats_alike() -> None:
    torch.manual_seed(0)
    model = RadSCR(tiny_preset(), 16).eval()
    image = torch.randint(0, 256, (1, 1, 64, 64), dtype=torch.uint8)

    features, logits, saliency = model.see(image)

    assert (features.shape, logits.shape, saliency.shape) == ((1, P, 16), (1, N), (1, N, P))
    torch.testing.assert_close(model.see(image.float())[0], features)


def test_pretrained_weights_for_colour_see_a_grey_film_as_equal_channels(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = SwinConfig(
        image_size=64, patch_size=8, embed_dim=16, depths=[1, 1], num_heads=[1, 2], window_size=4
    )
    colour = SwinBackbone(config).eval()
    colour.save_pretrained(tmp_path)
    preset = replace(tiny_preset().encoder, depths=(1, 1), stem=(), weights=str(tmp_path))
    grey = Encoder(preset).backbone.eval()
    film = torch.randn(1, 1, 64, 64)

    projected = grey.embeddings.patch_embeddings.projection(film)

    expected = colour.embeddings.patch_embeddings.projection(film.expand(1, 3, 64, 64))
    torch.testing.assert_close(projected, expected, atol=1e-5, rtol=1e-5)
    assert len(grey(film).feature_maps) == 2

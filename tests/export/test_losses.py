"""Losses: right in hand-made cases, and silent where there is nothing to learn from."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from radscr_export.losses import (
    alt_loss,
    classifier_loss,
    contrast,
    neg_loss,
    pointing_loss,
    polarity_loss,
    prop_loss,
    report_loss,
)

T = 0.07


def no(rows: int, columns: int) -> Tensor:
    return torch.zeros(rows, columns, dtype=torch.bool)


def scores(rows: int, columns: int) -> Tensor:
    torch.manual_seed(1)
    return torch.randn(rows, columns, requires_grad=True)


def test_contrast_of_equal_scores_is_the_logarithm_of_the_choices() -> None:
    positive = torch.eye(4, dtype=torch.bool)

    loss = contrast(torch.zeros(4, 4), positive, T)

    assert loss.item() == pytest.approx(math.log(4))


def test_contrast_vanishes_where_the_positive_stands_far_above() -> None:
    positive = torch.eye(4, dtype=torch.bool)

    assert contrast(10 * torch.eye(4), positive, T).item() == pytest.approx(0, abs=1e-6)


def test_a_row_without_a_positive_does_not_count() -> None:
    positive = no(2, 3)
    positive[0, 1] = True
    table = scores(2, 3)

    both, first = contrast(table, positive, T), contrast(table[:1], positive[:1], T)

    assert both.item() == pytest.approx(first.item())


@pytest.mark.parametrize("loss", [contrast, neg_loss])
def test_a_batch_without_a_positive_gives_zero_with_a_gradient_of_zero(loss) -> None:
    table = scores(3, 4)

    value = loss(table, no(3, 4), T)
    value.backward()

    assert value.item() == 0
    assert torch.equal(table.grad, torch.zeros(3, 4))


def test_an_ignored_candidate_is_neither_positive_nor_negative() -> None:
    table, positive, ignored = scores(2, 4), no(2, 4), no(2, 4)
    positive[:, 0], ignored[:, 3] = True, True

    with_it = contrast(table, positive, T, ignored)
    with_it.backward()

    assert with_it.item() == pytest.approx(contrast(table[:, :3], positive[:, :3], T).item())
    assert torch.equal(table.grad[:, 3], torch.zeros(2))


def test_l_prop_is_the_same_seen_from_the_sentences() -> None:
    table, positive = scores(3, 3), torch.eye(3, dtype=torch.bool)
    rest = (torch.zeros(3, 5), no(3, 5), T)

    there = prop_loss(table, positive, no(3, 3), *rest)
    back = prop_loss(table.T, positive.T, no(3, 3), *rest)

    assert there.item() == pytest.approx(back.item())


def test_l_prop_draws_a_proposal_to_its_prototype() -> None:
    prototypes, positive = scores(2, 5), no(2, 5)
    positive[:, 2] = True

    prop_loss(torch.zeros(2, 2), no(2, 2), no(2, 2), prototypes, positive, T).backward()

    assert (prototypes.grad[:, 2] < 0).all()
    assert (prototypes.grad[:, [0, 1, 3, 4]] > 0).all()


def test_the_triplet_is_satisfied_once_the_margin_is_kept() -> None:
    matched, usable = torch.tensor([0.9, 0.9]), torch.ones(2, 1, dtype=torch.bool)

    kept = alt_loss(matched, torch.tensor([[0.69], [0.5]]), usable, 0.2)
    broken = alt_loss(matched, torch.tensor([[0.8], [0.5]]), usable, 0.2)

    assert kept.item() == 0
    assert broken.item() == pytest.approx(0.05)


def test_an_alternative_that_does_not_exist_costs_nothing() -> None:
    alternatives = torch.full((2, 2), 0.9, requires_grad=True)

    loss = alt_loss(torch.zeros(2), alternatives, no(2, 2), 0.2)
    loss.backward()

    assert loss.item() == 0
    assert torch.equal(alternatives.grad, torch.zeros(2, 2))


def test_l_neg_draws_c_neg_to_what_was_overlooked() -> None:
    table, missed = scores(2, 4), no(2, 4)
    missed[0, 1] = True

    neg_loss(table, missed, T).backward()

    assert table.grad[0, 1] < 0
    assert torch.equal(table.grad[1], torch.zeros(4))


def test_pointing_asks_for_the_lesion_and_not_for_all_of_it() -> None:
    lesion = no(1, 6)
    lesion[0, 2:4] = True
    on_one_patch, elsewhere = torch.zeros(1, 6), torch.zeros(1, 6)
    on_one_patch[0, 2], elsewhere[0, 5] = 60, 60

    assert pointing_loss(on_one_patch, lesion).item() == pytest.approx(0, abs=1e-6)
    assert pointing_loss(elsewhere, lesion).item() > 10
    assert pointing_loss(torch.zeros(1, 6), lesion).item() == pytest.approx(math.log(3))


def test_the_classifier_learns_nothing_from_the_unknown() -> None:
    logits, targets, weights = scores(2, 3), torch.ones(2, 3), torch.ones(2, 3)
    weights[0] = 0

    classifier_loss(logits, targets, weights, 0.02).backward()

    assert torch.equal(logits.grad[0], torch.zeros(3))
    assert (logits.grad[1] != 0).all()


def test_assumed_negatives_weigh_less_than_known_ones() -> None:
    logits, weights = torch.zeros(1, 2, requires_grad=True), torch.tensor([[1.0, 0.3]])

    classifier_loss(logits, torch.zeros(1, 2), weights, 0.0).backward()

    assert logits.grad[0, 1].item() == pytest.approx(0.3 * logits.grad[0, 0].item())


def test_the_asymmetric_loss_is_its_authors_formula() -> None:
    logits, targets = torch.tensor([[0.3, 0.3]]), torch.tensor([[1.0, 0.0]])

    one = [
        classifier_loss(logits, targets, weights, 0.02, "asymmetric").item()
        for weights in (torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
    ]

    p = 1 / (1 + math.exp(-0.3))
    assert one[0] == pytest.approx(-math.log(p))
    assert one[1] == pytest.approx(-((p - 0.05) ** 4) * math.log(1 - (p - 0.05)))


def test_the_asymmetric_loss_leaves_denials_alone_that_are_nearly_right() -> None:
    logits = torch.tensor([[-4.0, -4.0, 40.0]], requires_grad=True)

    targets, weights = torch.tensor([[0.0, 1.0, 0.0]]), torch.ones(1, 3)
    classifier_loss(logits, targets, weights, 0.0, "asymmetric").backward()

    assert logits.grad[0, 0] == 0
    assert logits.grad[0, 1] < -0.3
    assert torch.isfinite(logits.grad).all()


def test_reports_that_say_the_same_are_no_negatives_of_each_other() -> None:
    reports = torch.eye(4)[[0, 0, 1, 2]]

    matched, swapped = report_loss(reports, reports), report_loss(reports[[2, 1, 0, 3]], reports)

    assert matched.item() < 0.01
    assert swapped.item() > 1


POLARITIES = (
    torch.tensor([[True, True, False, False], [False, False, True, False]]),
    torch.tensor([[False, False, True, False], [True, True, False, False]]),
    torch.tensor([True, False]),
)
"""Rows of a finding that is there and is not; two affirmations, one denial, one other sentence."""


def test_a_positive_proposal_is_taught_to_prefer_every_affirmation_to_the_denial() -> None:
    table = torch.zeros(2, 4, requires_grad=True)

    polarity_loss(table, *POLARITIES, T).backward()

    assert (table.grad[0, :2] < 0).all()
    assert table.grad[0, 2] > 0
    assert torch.equal(table.grad[:, 3], torch.zeros(2))


def test_one_affirmation_far_above_the_denial_does_not_excuse_one_below_it() -> None:
    one_below = torch.tensor([[1.2, 0.2, 0.7, 0.0], [0.0, 0.0, 1.0, 0.0]])
    both_above = torch.tensor([[1.2, 1.2, 0.7, 0.0], [0.0, 0.0, 1.0, 0.0]])

    assert polarity_loss(one_below, *POLARITIES, T).item() > 1
    assert polarity_loss(both_above, *POLARITIES, T).item() < 0.01


def test_many_false_hypotheses_do_not_outweigh_one_true_one() -> None:
    rows = [0, *[1] * 9]
    table = torch.zeros(10, 4, requires_grad=True)

    polarity_loss(table, *(one[rows] for one in POLARITIES), T).backward()

    true, false = table.grad[0, 2].item(), table.grad[1:, 2].sum().item()
    assert true == pytest.approx(-false, rel=0.3)


def test_polarity_is_silent_where_nobody_has_a_contrary_sentence() -> None:
    table = scores(2, 4)

    loss = polarity_loss(table, POLARITIES[0], no(2, 4), POLARITIES[2], T)
    loss.backward()

    assert loss.item() == 0
    assert torch.equal(table.grad, torch.zeros(2, 4))


def test_proposals_end_nearer_to_affirmations_than_to_denials_though_most_are_false() -> None:
    torch.manual_seed(0)
    said = torch.nn.functional.normalize(torch.randn(4, 8), dim=1)
    rows = [0, *[1] * 9]
    agreeing, opposing, true = (one[rows] for one in POLARITIES)
    proposals = torch.nn.Parameter(0.1 * torch.randn(10, 8) + said[2])
    optimiser = torch.optim.Adam([proposals], lr=0.05)

    for _ in range(100):
        scores = torch.nn.functional.normalize(proposals, dim=1) @ said.T
        optimiser.zero_grad()
        polarity_loss(scores, agreeing, opposing, true, T).backward()
        optimiser.step()

    assert (scores[0, :2] > scores[0, 2]).all()
    assert (scores[1:, 2] > scores[1:, :2].amax(1)).all()

"""One step of the losses on proposals: what it draws to, what it teaches, when it is silent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity, Severity, Side
from radscr_export.data.labels import Mention, State
from radscr_export.data.training_set import Studies, load_studies, select
from radscr_export.library.prototypes import PROTOTYPES
from radscr_export.model.radscr import RadSCR
from radscr_export.proposal_step import Seen, positives, retrieval_loss
from radscr_export.run import Run
from radscr_export.sampling import Hypothesis
from radscr_export.text_encoder import TextEncoder
from radscr_export.texts import (
    UNSAID,
    LibraryTexts,
    ToldTexts,
    embed,
    read_told,
    refresh_prototypes,
)

EFFUSION = FINDINGS.index("pleural effusion")


@pytest.fixture(scope="module")
def studies(run: Run) -> Studies:
    """Every IU training film of the pack; every other one shows an effusion."""
    every = load_studies(run.data, "train", 64)
    return select(every, every.of("iu"))


@pytest.fixture(scope="module")
def told(run: Run, studies: Studies) -> ToldTexts:
    return read_told(TextEncoder.load(run.preset.text.encoder), studies)


@pytest.fixture
def model(run: Run) -> RadSCR:
    torch.manual_seed(0)
    model = RadSCR(run.preset, 16)
    model.classifier.linear.weight.data.normal_()
    return model


def see(model: RadSCR, studies: Studies, trust: float = 0.5) -> Seen:
    features, logits, saliency = model.see(torch.from_numpy(studies.images)[:, None])
    return Seen(features, logits, saliency, trust)


def step(
    run: Run, model: RadSCR, studies: Studies, library: LibraryTexts, told: ToldTexts
) -> Tensor:
    rng = np.random.default_rng(0)
    texts = (library, *told.draw(studies.ids, rng))
    return retrieval_loss(model.heads, see(model, studies), studies, texts, run.preset.loss, rng)


def test_the_losses_teach_every_part_of_the_model(
    run: Run, model: RadSCR, studies: Studies, library: LibraryTexts, told: ToldTexts
) -> None:
    step(run, model, studies, library, told).backward()

    still = [
        name
        for name, one in model.named_parameters()
        if one.grad is None or not one.grad.abs().max() > 0
    ]
    assert still == ["classifier.linear.bias", "report.linear.weight", "report.linear.bias"]


def test_the_same_seed_gives_the_same_loss(
    run: Run, model: RadSCR, studies: Studies, library: LibraryTexts, told: ToldTexts
) -> None:
    model.eval()

    first, second = (step(run, model, studies, library, told) for _ in range(2))

    assert first.item() == second.item() > 0


def test_frozen_vision_gives_the_same_loss_and_teaches_the_heads_the_same(
    run: Run, model: RadSCR, studies: Studies, library: LibraryTexts, told: ToldTexts
) -> None:
    model.eval()
    seen = see(model, studies)
    frozen = Seen(seen.features.detach(), seen.logits.detach(), seen.saliency.detach(), seen.trust)

    def taught(shown: Seen) -> list[Tensor]:
        rng = np.random.default_rng(0)
        texts = (library, *told.draw(studies.ids, rng))
        loss = retrieval_loss(model.heads, shown, studies, texts, run.preset.loss, rng)
        return [loss, *torch.autograd.grad(loss, list(model.heads.parameters()))]

    whole, heads_alone = taught(seen), taught(frozen)

    for one, other in zip(heads_alone, whole, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


def test_sentences_have_the_same_vectors_whatever_they_are_embedded_with(
    model: RadSCR, library: LibraryTexts
) -> None:
    tokens = library.tokens.rows(torch.arange(0, 200, 7))

    vectors = embed(model.heads, tokens, torch.device("cpu"))

    padded = model.heads.embed(tokens.states.float(), tokens.mask, tokens.findings)
    assert len(set(tokens.mask.sum(dim=1).tolist())) > 3
    torch.testing.assert_close(vectors, padded, atol=1e-5, rtol=1e-4)


def test_without_alpha1_prototypes_are_not_taught(
    run: Run, model: RadSCR, studies: Studies, library: LibraryTexts
) -> None:
    held = torch.zeros(len(FINDINGS) * PROTOTYPES, 16, requires_grad=True)
    told = read_told(TextEncoder.load(run.preset.text.encoder), studies)

    def pull(alpha1: float) -> float:
        rng = np.random.default_rng(0)
        texts = (library.draw(rng, held), *told.draw(studies.ids, rng))
        loss = replace(run.preset.loss, alpha1=alpha1)
        value = retrieval_loss(model.heads, see(model, studies), studies, texts, loss, rng)
        return torch.autograd.grad(value, held)[0].abs().max().item()

    assert pull(0.5) > 0
    assert pull(0.0) == 0


def test_a_batch_of_which_nothing_is_known_costs_nothing(
    run: Run, model: RadSCR, studies: Studies, library: LibraryTexts, told: ToldTexts
) -> None:
    unknown = replace(studies, states=np.full_like(studies.states, State.UNKNOWN))

    loss = step(run, model, unknown, library, told)
    loss.backward()

    assert loss.item() == 0
    gradients = [one.grad for one in model.parameters() if one.grad is not None]
    assert gradients
    assert all(torch.equal(one, torch.zeros_like(one)) for one in gradients)


def test_a_batch_without_reports_learns_from_the_library_alone(
    run: Run, model: RadSCR, studies: Studies, library: LibraryTexts
) -> None:
    silent = replace(studies, told=((),) * len(studies.ids))
    nothing = read_told(TextEncoder.load(run.preset.text.encoder), silent)

    loss = step(run, model, silent, library, nothing)

    assert torch.isfinite(loss)
    assert loss.item() > 0


def test_every_other_report_joins_a_batch(studies: Studies, told: ToldTexts) -> None:
    rng = np.random.default_rng(0)

    joined = [len(told.draw(studies.ids, rng)[1]) for _ in range(200)]

    sick = int((studies.states[:, EFFUSION] == State.POSITIVE).sum())
    assert len(told.rows_of) == sick
    assert np.mean(joined) / sick == pytest.approx(0.5, abs=0.04)


def test_a_drawn_report_takes_the_librarys_place_and_no_one_elses(
    studies: Studies, library: LibraryTexts, told: ToldTexts
) -> None:
    rows = [int(one) for one in np.flatnonzero(studies.states[:, EFFUSION] == State.POSITIVE)[:2]]
    with_report = told.tokens.rows(torch.tensor([told.rows_of[studies.ids[rows[0]]][0]]))
    proposed = [Hypothesis(row, EFFUSION, True) for row in rows]
    matches = [library.matching(EFFUSION, True, UNSAID)] * 2
    possible = [library.possible(EFFUSION, True, UNSAID)] * 2
    size = len(library.sentences)

    positive, ignored = positives(
        (matches, possible), size, proposed, with_report, np.array([rows[0]])
    )

    assert np.flatnonzero(positive[0]).tolist() == [size]
    assert np.flatnonzero(ignored[0]).tolist() == possible[0]
    assert np.flatnonzero(positive[1]).tolist() == sorted(matches[1])
    assert np.flatnonzero(ignored[1]).tolist() == sorted(set(possible[1]) - set(matches[1]))


def test_what_the_code_leaves_open_is_neither_drawn_to_nor_pushed_away(
    library: LibraryTexts,
) -> None:
    open_side = library.possible(EFFUSION, True, UNSAID)
    right = library.possible(EFFUSION, True, Mention("pleural effusion", Side.RIGHT, Severity.NONE))

    sides = [{library.sentences[row].side for row in rows} for rows in (open_side, right)]
    assert sides[0] >= {Side.NONE, Side.RIGHT, Side.LEFT}
    assert sides[1] == {Side.NONE, Side.RIGHT}


def test_a_denial_is_never_drawn_to_what_the_report_affirms(
    studies: Studies, library: LibraryTexts, told: ToldTexts
) -> None:
    matches = [library.matching(EFFUSION, False, UNSAID)]
    row = int(np.flatnonzero(studies.states[:, EFFUSION] == State.POSITIVE)[0])
    report = told.tokens.rows(torch.tensor([told.rows_of[studies.ids[row]][0]]))

    positive, _ = positives(
        (matches, matches),
        len(library.sentences),
        [Hypothesis(row, EFFUSION, False)],
        report,
        np.array([row]),
    )

    assert np.flatnonzero(positive[0]).tolist() == sorted(matches[0])


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_a_step_takes_as_many_alternatives_as_the_preset_says(
    run: Run, model: RadSCR, studies: Studies, library: LibraryTexts, count: int
) -> None:
    loss = replace(run.preset.loss, alternatives=count)
    told = read_told(TextEncoder.load(run.preset.text.encoder), studies)
    rng = np.random.default_rng(0)

    texts = (library.draw(rng), *told.draw(studies.ids, rng))
    value = retrieval_loss(model.heads, see(model, studies), studies, texts, loss, rng)

    assert torch.isfinite(value)
    assert value.item() > 0


def test_held_prototypes_are_those_of_the_whole_library_by_the_head_as_it_was(
    model: RadSCR, library: LibraryTexts
) -> None:
    with torch.no_grad():
        before = refresh_prototypes(model.heads, library)
        model.heads.sentence_head.out.weight.mul_(-1)
        after = refresh_prototypes(model.heads, library)

    drawn = library.draw(np.random.default_rng(0), before)
    said = torch.randn(len(drawn.sentences), before.shape[1])

    assert torch.equal(drawn.prototypes(said), before)
    assert not torch.allclose(after, before)
    used = np.unique(library.slots)
    torch.testing.assert_close(before[used].norm(dim=1), torch.ones(len(used)))


def test_prototypes_that_are_not_held_have_a_gradient(model: RadSCR, library: LibraryTexts) -> None:
    drawn = library.draw(np.random.default_rng(0))

    drawn.prototypes(embed(model.heads, drawn.tokens, torch.device("cpu"))).sum().backward()

    assert model.heads.sentence_head.out.weight.grad.abs().max() > 0


def test_the_contrary_of_a_finding_is_its_denial_and_of_a_denial_the_finding(
    library: LibraryTexts,
) -> None:
    said = [library.sentences[row] for row in library.contrary(EFFUSION, True)]
    denied = [library.sentences[row] for row in library.contrary(EFFUSION, False)]

    assert {(one.finding, one.polarity) for one in said} == {
        ("pleural effusion", Polarity.NEGATIVE)
    }
    assert {(one.finding, one.polarity) for one in denied} == {
        ("pleural effusion", Polarity.POSITIVE)
    }


def test_the_loss_on_polarity_is_part_of_a_step(
    run: Run, model: RadSCR, studies: Studies, library: LibraryTexts, told: ToldTexts
) -> None:
    model.eval()
    silent, spoken = (
        replace(run, preset=replace(run.preset, loss=replace(run.preset.loss, polarity_weight=one)))
        for one in (0.0, 1.0)
    )

    without = step(silent, model, studies, library, told)

    assert step(spoken, model, studies, library, told).item() > without.item()

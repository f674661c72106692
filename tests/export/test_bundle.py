"""A finished run becomes a bundle that opens, reads, and says of itself what was measured."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Verdict
from radscr_export.bundle import assemble, build
from radscr_export.card import write_card
from radscr_export.data.labels import State
from radscr_export.data.training_set import load_studies
from radscr_export.model.preset import load_preset
from radscr_export.run import Run, start
from radscr_export.texts import LibraryTexts
from radscr_export.train import load_trained
from radscr_export.walk import Walk, Walker
from radscr_runtime import Reader
from radscr_runtime.operating import Denial
from radscr_runtime.options import Options


@pytest.fixture(scope="module")
def walks(tiny_bundle: Bundle, run: Run) -> list[tuple[Walk, np.ndarray]]:
    """The validation films as the bundle reads them, with their label states."""
    studies = load_studies(run.data, "val", tiny_bundle.shapes.image_size)
    walker = Walker.open(tiny_bundle, next(iter(tiny_bundle.variants)))
    rows = np.arange(len(studies.ids))
    walked = walker.walk(studies, walker.networks.variant.rules, rows)
    return list(zip(walked, studies.states, strict=True))


def test_the_bundle_opens_as_it_was_saved(tiny_bundle: Bundle) -> None:
    assert Bundle.open(tiny_bundle.folder) == tiny_bundle


def test_every_variant_has_rules_of_its_own_for_every_finding(tiny_bundle: Bundle) -> None:
    for name, variant in tiny_bundle.variants.items():
        assert variant.name == name
        assert tuple(variant.rules) == FINDINGS
        assert all(np.isfinite(rule.withdraw) for rule in variant.rules.values())


def test_the_bundle_reads_a_sample(tiny_bundle: Bundle, samples: Path) -> None:
    with Reader.open(tiny_bundle.folder, Options(decoder="plain")) as reader:
        report = reader.read(samples / "effusion.dcm")

    assert len(report.hypotheses) == len(FINDINGS)
    assert report.composition.lines
    assert report.provenance.bundle_name == "tiny"


def test_the_bundle_walks_films_of_the_pack(walks: list[tuple[Walk, np.ndarray]]) -> None:
    for walk, _ in walks:
        present = [one for one in walk.hypotheses if one.raised]
        assert len(walk.findings) == len(present)

    assert sum(len(walk.findings) for walk, _ in walks) > 10


def test_withdrawal_costs_at_most_two_points_of_the_recall_it_was_fitted_on(
    walks: list[tuple[Walk, np.ndarray]],
) -> None:
    verdicts = [
        finding.verdict
        for walk, states in walks
        for finding in walk.findings
        if states[FINDINGS.index(finding.place.hypothesis.finding)] == State.POSITIVE
    ]

    standing = (Verdict.ASSERTED, Verdict.HEDGED)
    lost = sum(verdict not in standing for verdict in verdicts)

    assert len(verdicts) > 10
    assert lost <= 0.02 * len(verdicts)


def test_the_training_data_of_the_bundle_are_told(tiny_bundle: Bundle, run: Run) -> None:
    assert tiny_bundle.training["seed"] == run.seed
    assert set(tiny_bundle.training["figures"]) == {"val"}
    assert "torch" in tiny_bundle.training["packages"]


def test_what_may_be_denied_is_what_the_data_support(tiny_bundle: Bundle) -> None:
    for name, variant in tiny_bundle.variants.items():
        supported = {finding for finding, rule in variant.rules.items() if rule.denied is not None}
        assert supported == set(tiny_bundle.training["denials"][name])


def test_no_word_or_film_of_a_report_is_in_the_bundle(tiny_bundle: Bundle, run: Run) -> None:
    said = {
        one.text
        for split in ("train", "val", "test")
        for told in load_studies(run.data, split, 16).told
        for one in told
    }
    sentences = json.loads(tiny_bundle.path(Files.SENTENCES).read_text())

    assert said
    assert not said & {one["text"] for one in sentences}
    assert {path.name for path in tiny_bundle.folder.iterdir()} == {
        *Files.VISION.values(),
        *(Files.PROPOSAL, Files.SENTENCE, Files.SENTENCES, Files.VECTORS, Files.INDEX),
        *(Files.DONORS, Files.DECODER, Files.GOLDEN, Files.CARD, "bundle.json"),
    }


def test_the_same_run_gives_the_same_networks_and_library(
    run: Run, library: LibraryTexts, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    model = load_trained(run, library.tokens.states.shape[-1])

    again = assemble(tmp_path, "tiny", run, (model, library), tiny_bundle.path(Files.DECODER))

    for name in (*Files.VISION.values(), Files.PROPOSAL, Files.VECTORS, Files.DONORS):
        assert again.path(name).read_bytes() == tiny_bundle.path(name).read_bytes(), name
    assert again.variants == tiny_bundle.variants


def test_a_folder_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    start(tmp_path / "run", tmp_path, load_preset("edge"), seed=0)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("Dear colleague")

    with pytest.raises(TrainingError, match=r"letters holds something else than a bundle\."):
        build(tmp_path / "run", tmp_path / "letters")

    assert (tmp_path / "letters" / "letter.txt").is_file()


def test_a_decoder_that_does_not_exist_is_named(
    run: Run, library: LibraryTexts, tmp_path: Path
) -> None:
    model = load_trained(run, library.tokens.states.shape[-1])

    with pytest.raises(TrainingError, match=r"phi\.gguf is missing\. Give a GGUF file, or leave"):
        assemble(tmp_path, "tiny", run, (model, library), tmp_path / "phi.gguf")


def test_the_card_says_what_was_measured(
    tiny_bundle: Bundle, bundle_folder: Path, tmp_path: Path
) -> None:
    for bundle in (tiny_bundle, Bundle.open(bundle_folder)):
        write_card(replace(bundle, folder=tmp_path))

        written = (tmp_path / Files.CARD).read_text(encoding="utf-8")
        assert written == bundle.path(Files.CARD).read_text(encoding="utf-8")


def test_the_card_names_the_films_behind_every_denial(tiny_bundle: Bundle, tmp_path: Path) -> None:
    name, variant = next(iter(tiny_bundle.variants.items()))
    rules = {finding: replace(rule, denied=None) for finding, rule in variant.rules.items()}
    rules["hernia"] = replace(rules["hernia"], denied=0.01)
    grounds = {"hernia": asdict(Denial(-3.0, "nih", positives=40, sensitivity=0.86))}
    bundle = replace(
        tiny_bundle,
        folder=tmp_path,
        variants={name: replace(variant, rules=rules)},
        training={**tiny_bundle.training, "denials": {name: grounds}},
    )

    write_card(bundle)

    text = bundle.path(Files.CARD).read_text(encoding="utf-8")
    assert "| 0.010 | 40 positives of NIH ChestX-ray14: 0.86 |" in text
    assert text.count("| never |  |") == len(FINDINGS) - 1

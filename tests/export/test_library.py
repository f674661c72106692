"""A library from a user's own reports: scrubbed, labelled, counted once, resumable, complete."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from export.tiny_pack import Study, write_reports

from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import LibraryError, TrainingError
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Polarity, Severity, Side
from radscr_edge.wording import Role
from radscr_export.library.build import ReportSource, build_library, read_sentences
from radscr_export.library.coverage import coverage
from radscr_export.library.reports import HeldOut, joined, read_reports, sentences_of
from radscr_export.library.shelf import Shelf
from radscr_export.model.preset import Preset
from radscr_export.text_encoder import TextEncoder
from radscr_runtime.library import ExactSearch, open_library

REPORT = (
    "There is a small left pleural effusion. Stable cardiomegaly. No pneumothorax. Dr. Miller was "
    "called at 10:15. XXXX opacity. History of pneumonia. Compared to prior, effusion is larger. "
    "Seen 03/04/2011: scoliosis. No effusion or consolidation. The patient is well."
)


def texts_of(report: str) -> list[str]:
    return [one.text for one in sentences_of(report)]


def test_only_sentences_about_one_finding_of_this_film_are_kept() -> None:
    assert texts_of(REPORT) == [
        "There is a small left pleural effusion.",
        "Cardiomegaly.",
        "No pneumothorax.",
    ]


def test_what_a_sentence_says_is_read_from_it() -> None:
    effusion, heart, pneumothorax = sentences_of(REPORT)

    assert (effusion.finding, effusion.side, effusion.severity) == (
        "pleural effusion",
        Side.LEFT,
        Severity.MILD,
    )
    assert heart.finding == "enlarged cardiac silhouette"
    assert pneumothorax.polarity is Polarity.NEGATIVE


@pytest.mark.parametrize(
    "private",
    ["Dr. Miller", "Mrs Jones", "[**2101-1-1**]", "XXXX", "___", "3/4/2011", "10:15", "March"],
)
def test_nothing_private_enters_a_library(private: str) -> None:
    assert texts_of(f"There is a pleural effusion, {private}.") == []


def test_all_that_a_report_says_of_a_finding_can_be_joined() -> None:
    said = list(sentences_of("Small pleural effusion. The pleural effusion is on the left."))

    (one,) = joined(said)

    assert one.text == "Small pleural effusion. The pleural effusion is on the left."


def write_csv(path: Path, reports: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["text"], *([report] for report in reports)])
    return path


def source_of(path: Path, reports: list[str]) -> ReportSource:
    return ReportSource(write_csv(path, reports), ("text",), join=False)


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "reports.csv", ["x"])

    with pytest.raises(TrainingError, match=r"has no column findings.*it has text"):
        list(read_reports(path, ["findings"]))


@pytest.mark.parametrize("split", ["val", "test", "validate"])
def test_a_report_of_a_held_out_split_never_enters_a_library(tmp_path: Path, split: str) -> None:
    path = tmp_path / "reports.csv"
    path.write_text(f"text,split\nNo effusion.,train\nScoliosis.,{split}\n")

    with pytest.raises(TrainingError, match=rf"reports\.csv, report 2: its split is '{split}'"):
        list(read_reports(path, ["text"]))


def test_a_report_of_a_held_out_study_never_enters_a_library(tmp_path: Path) -> None:
    path = tmp_path / "reports.csv"
    path.write_text("text,study\nNo effusion.,a\nScoliosis.,b\n")

    assert len(list(read_reports(path, ["text"], 0, HeldOut(frozenset("c"), "study")))) == 2
    with pytest.raises(TrainingError, match="report 2: its study is held out in the data"):
        list(read_reports(path, ["text"], 0, HeldOut(frozenset("b"), "study")))
    with pytest.raises(TrainingError, match="has no column uid"):
        list(read_reports(path, ["text"], 0, HeldOut(frozenset("b"), "uid")))


def test_the_reports_of_the_pack_are_refused_as_a_library(pack: Path) -> None:
    path = pack / "iu_xray" / "iu_reports.csv"

    with pytest.raises(TrainingError, match="leave those rows out"):
        list(read_reports(path, ["findings", "impression"]))


def test_a_shelf_keeps_each_text_of_a_finding_once_and_the_most_frequent(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.sqlite")
    for number, report in enumerate(
        ["A pleural effusion.", "Small effusion.", "a Pleural effusion"]
    ):
        shelf.add(sentences_of(report), reports=number + 1)

    shelf.keep(1)

    (one,) = shelf
    assert one.text == "A pleural effusion."
    assert one.id == "pleural-effusion.report.1"
    assert shelf.reports == 3


@pytest.fixture(scope="module")
def encoder(preset: Preset) -> TextEncoder:
    return TextEncoder.load(preset.text.encoder)


@pytest.fixture(scope="module")
def made(
    tiny_bundle: Bundle, encoder: TextEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Bundle:
    folder = tmp_path_factory.mktemp("library")
    source = source_of(folder / "reports.csv", [REPORT, "Large right pleural effusion."])
    return build_library(source, tiny_bundle, folder / "own", encoder)


def test_the_library_of_reports_says_what_they_say_and_the_rest_in_our_words(made: Bundle) -> None:
    library = open_library(made)

    own = [one.text for one in library.sentences if ".report." in one.id]
    assert sorted(own) == [
        "Cardiomegaly.",
        "Large right pleural effusion.",
        "No pneumothorax.",
        "There is a small left pleural effusion.",
    ]
    for finding in FINDINGS:
        for polarity in Polarity:
            assert len(library.about[finding, polarity]) > 0
    assert library.composed[Role.IMPRESSION]


def test_index_and_vectors_of_the_new_library_agree(made: Bundle) -> None:
    library = open_library(made)
    every = np.arange(len(library.sentences))

    for query in library.vectors[:5]:
        exact = ExactSearch(library.folded).best(query, 5, every)
        found = library.search.best(query, 5, every)
        np.testing.assert_allclose(
            library.scores(query, found), library.scores(query, exact), atol=1e-5
        )


def test_the_rest_of_the_bundle_is_the_same(made: Bundle, tiny_bundle: Bundle) -> None:
    for name in (*Files.VISION.values(), Files.PROPOSAL, Files.SENTENCE, Files.DONORS):
        assert made.path(name).read_bytes() == tiny_bundle.path(name).read_bytes()
    assert made.variants == tiny_bundle.variants
    assert made.training["library"]["tuned_with"] == "tiny"


def test_a_stopped_build_goes_on_where_it_was(
    tiny_bundle: Bundle, encoder: TextEncoder, made: Bundle, tmp_path: Path
) -> None:
    source = source_of(tmp_path / "reports.csv", [REPORT, "Large right pleural effusion."])
    out = tmp_path / "own"

    class Stopped(TextEncoder):
        def read(self, texts):  # type: ignore[no-untyped-def]
            if "hernia" in " ".join(texts):
                raise KeyboardInterrupt
            return super().read(texts)

    broken = Stopped(encoder.tokenizer, encoder.model, encoder.digest)
    with pytest.raises(KeyboardInterrupt):
        build_library(source, tiny_bundle, out, broken)
    assert not out.exists()
    assert (tmp_path / "own.part" / "vectors.f32").stat().st_size > 0

    again = build_library(source, tiny_bundle, out, encoder)

    for name in (Files.SENTENCES, Files.VECTORS):
        assert again.path(name).read_bytes() == made.path(name).read_bytes()
    assert not (tmp_path / "own.part").exists()


def test_written_sentences_can_be_given_as_files(
    tiny_bundle: Bundle, encoder: TextEncoder, tmp_path: Path
) -> None:
    path = tmp_path / "own.csv"
    row = "mine.01,scoliosis,positive,none,mild,The spine is slightly scoliotic.\n"
    path.write_text("id,finding,polarity,side,severity,text\n" + row, encoding="utf-8")

    library = open_library(build_library([path], tiny_bundle, tmp_path / "own", encoder))

    assert "mine.01" in {one.id for one in library.sentences}


def test_a_row_that_cannot_be_understood_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("id,finding,polarity,text\nx,gout,positive,Gout.\n", encoding="utf-8")

    with pytest.raises(LibraryError, match=r"own\.csv, line 2: sentence 'x'.*gout"):
        list(read_sentences([path]))


def test_another_text_encoder_is_refused(
    tiny_bundle: Bundle, encoder: TextEncoder, tmp_path: Path
) -> None:
    source = source_of(tmp_path / "reports.csv", [REPORT])
    other = replace(encoder, digest="0" * 64)

    with pytest.raises(TrainingError, match="is not the one that the bundle was trained with"):
        build_library(source, tiny_bundle, tmp_path / "own", other)


def test_an_existing_folder_is_never_overwritten(
    tiny_bundle: Bundle, encoder: TextEncoder, tmp_path: Path
) -> None:
    source = source_of(tmp_path / "reports.csv", [REPORT])

    with pytest.raises(TrainingError, match=r"exists\. Give another folder"):
        build_library(source, tiny_bundle, tmp_path, encoder)


def test_coverage_counts_what_is_said_and_cannot_be_answered(tmp_path: Path) -> None:
    study = Study("1", "normal", "Small left pleural effusion. Severe left hernia.", split="val")
    write_reports(tmp_path, [study])

    figures = coverage(tmp_path, ["val"])

    assert figures["mentions"] == 2
    assert figures["covered"] in (0.5, 1.0)
    assert len(figures["gaps"]) == round(2 * (1 - figures["covered"]))
    assert coverage(tmp_path, ["test"])["mentions"] == 0


def test_the_sentence_table_is_json_with_those_that_have_a_vector_first(made: Bundle) -> None:
    rows = json.loads(made.path(Files.SENTENCES).read_text(encoding="utf-8"))

    roles = [row["role"] for row in rows]
    count = roles.count("finding")
    assert roles[:count] == ["finding"] * count
    assert set(roles[count:]) == {"impression", "normal", "advice"}

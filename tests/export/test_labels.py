"""Label states: what codes and words make positive, denied, assumed or unknown."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from export.tiny_pack import NIH, Study, write_reports, write_table

from radscr_edge.errors import TrainingError
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Severity, Side
from radscr_export.data.labels import (
    IuLabels,
    State,
    coded_findings,
    iu_sentences,
    iu_states,
    nih_states,
)
from radscr_export.data.training_set import SOURCES, load_studies


def labels(folder: Path, mesh: str, findings: str = "") -> IuLabels:
    return iu_states(write_reports(folder, [Study("1", mesh, findings)]))


def state(folder: Path, finding: str, mesh: str, findings: str = "") -> State:
    row = labels(folder, mesh, findings).states[0]
    return State(row[FINDINGS.index(finding)])


def nih_state(folder: Path, finding: str, *positive: str) -> State:
    row = dict.fromkeys(NIH, "0") | dict.fromkeys(positive, "1")
    row |= {"file": "1.jpg", "patient_id": "1", "view": "PA", "split": "train"}
    write_table(folder / "nih_cxr14" / "nih_images.csv", list(row), [row])
    return State(nih_states(folder).states[0, FINDINGS.index(finding)])


@pytest.mark.parametrize("finding", ["consolidation", "airspace opacity", "lung opacity"])
def test_a_coded_finding_makes_all_that_contains_it_positive(tmp_path: Path, finding: str) -> None:
    assert state(tmp_path, finding, "Consolidation/lung/base/left") is State.POSITIVE


@pytest.mark.parametrize("finding", ["lung lesion", "calcified nodule", "multiple masses/nodules"])
def test_a_denied_finding_makes_all_beneath_it_negative(tmp_path: Path, finding: str) -> None:
    assert state(tmp_path, finding, "Cardiomegaly/mild", "No lung lesion.") is State.NEGATIVE


def test_a_normal_study_is_negative_for_all_37(tmp_path: Path) -> None:
    found = labels(tmp_path, "normal")

    assert (found.states == State.NEGATIVE).all()
    assert found.normal.all()


@pytest.mark.parametrize("mesh", ["No Indexing", "Technical Quality of Image Unsatisfactory ", ""])
def test_an_uncoded_or_unsatisfactory_study_is_unknown_in_all_37(tmp_path: Path, mesh: str) -> None:
    assert (labels(tmp_path, mesh).states == State.UNKNOWN).all()


def test_what_a_coded_study_does_not_mention_is_only_assumed_absent(tmp_path: Path) -> None:
    assert state(tmp_path, "hernia", "Cardiomegaly/mild") is State.ASSUMED


def test_a_hedged_finding_is_unknown(tmp_path: Path) -> None:
    words = "Possible consolidation in the left base."

    assert state(tmp_path, "consolidation", "Cardiomegaly/mild", words) is State.UNKNOWN


def test_what_contains_a_hedged_finding_cannot_be_assumed_absent(tmp_path: Path) -> None:
    words = "Possible consolidation in the left base."

    assert state(tmp_path, "lung opacity", "Cardiomegaly/mild", words) is State.UNKNOWN


def test_a_finding_affirmed_in_words_but_not_coded_is_unknown(tmp_path: Path) -> None:
    assert state(tmp_path, "scoliosis", "Cardiomegaly", "There is scoliosis.") is State.UNKNOWN


def test_a_code_outweighs_a_denial_in_words(tmp_path: Path) -> None:
    words = "No focal consolidation."

    assert state(tmp_path, "consolidation", "Consolidation/lung", words) is State.POSITIVE


def test_a_code_says_side_and_severity(tmp_path: Path) -> None:
    (mention,) = labels(tmp_path, "Pleural Effusion/right/small").mentions[0]

    assert (mention.side, mention.severity) == (Side.RIGHT, Severity.MILD)


def test_a_code_of_both_sides_is_bilateral(tmp_path: Path) -> None:
    (mention,) = labels(tmp_path, "Pleural Effusion/right/left").mentions[0]

    assert mention.side is Side.BILATERAL


def test_an_nih_label_makes_all_that_contains_it_positive(tmp_path: Path) -> None:
    assert nih_state(tmp_path, "lung opacity", "Consolidation") is State.POSITIVE


def test_a_finding_that_nih_labels_is_negative_where_its_label_is_0(tmp_path: Path) -> None:
    assert nih_state(tmp_path, "pleural effusion", "Mass") is State.NEGATIVE


def test_a_finding_outside_the_nih_labels_stays_unknown(tmp_path: Path) -> None:
    assert nih_state(tmp_path, "scoliosis") is State.UNKNOWN
    assert nih_state(tmp_path, "lung opacity") is State.UNKNOWN


def test_an_nih_finding_is_unsure_while_a_label_beneath_it_is_positive(tmp_path: Path) -> None:
    assert nih_state(tmp_path, "airspace opacity", "Infiltration") is State.POSITIVE


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"iu_reports\.csv is missing: give the folder"):
        iu_states(tmp_path)


@pytest.fixture(scope="module")
def iu(data: Path) -> IuLabels:
    return iu_states(data)


def test_positives_of_the_published_codes_obey_the_hierarchy(iu: IuLabels) -> None:
    ontology = load_ontology()

    for child in FINDINGS:
        positive = iu.states[:, FINDINGS.index(child)] == State.POSITIVE
        for ancestor in ontology.ancestors(child):
            above = iu.states[positive, FINDINGS.index(ancestor)]
            assert (above == State.POSITIVE).all(), (child, ancestor)


def test_the_published_codes_give_each_state_its_share(iu: IuLabels) -> None:
    counts = {one: int((iu.states == one).sum()) for one in State}

    assert len(iu.uids) == 3374
    assert iu.normal.sum() > 1100
    assert 4000 < counts[State.POSITIVE] < 5500
    assert counts[State.NEGATIVE] > 40_000
    assert counts[State.UNKNOWN] < 8000


def test_our_own_reading_of_the_codes_finds_what_the_draft_found(iu: IuLabels, data: Path) -> None:
    with (data / "iu_xray" / "iu_labels37_mesh_draft.csv").open(newline="") as stream:
        draft = {row["uid"]: row for row in csv.DictReader(stream)}
    common = ("enlarged cardiac silhouette", "pleural effusion", "pneumothorax", "hernia")

    for finding in common:
        ours = iu.states[:, FINDINGS.index(finding)] == State.POSITIVE
        theirs = np.array([draft[uid][finding] == "1" for uid in iu.uids])
        assert (ours == theirs).mean() > 0.99, finding


def test_no_patient_is_in_two_splits(iu: IuLabels, data: Path) -> None:
    with (data / "iu_xray" / "iu_reports.csv").open(newline="") as stream:
        groups = [(row["group"], row["split"]) for row in csv.DictReader(stream)]
    nih = nih_states(data)

    for pairs in (groups, list(zip(nih.patient, nih.split, strict=True))):
        assert len({patient for patient, _ in pairs}) == len(set(pairs))


def test_nih_films_never_have_an_assumed_negative(data: Path) -> None:
    states = nih_states(data).states

    assert not (states == State.ASSUMED).any()
    assert len(states) == 2197


def test_the_training_set_holds_every_training_film_and_no_other(iu: IuLabels, data: Path) -> None:
    nih = nih_states(data)
    split = dict(zip(iu.uids, iu.split, strict=True)) | dict(zip(nih.files, nih.split, strict=True))

    studies = load_studies(data, "train", 16)

    assert {split[name] for name in studies.ids} == {"train"}
    counts = [len(studies.of(name)) for name in SOURCES]
    assert counts[0] == 2481
    assert counts[1] + counts[2] == 1686
    assert counts[3] == 0


def test_a_finding_coded_on_both_sides_apart_trains_as_bilateral(
    pack: Path, tmp_path: Path
) -> None:
    folder = copy_with_codes(pack, tmp_path, "Pleural Effusion/right;Pleural Effusion/left/large")

    mention = load_studies(folder, "train", 16).mentions[0][FINDINGS.index("pleural effusion")]

    assert (mention.side, mention.severity) == (Side.BILATERAL, Severity.SEVERE)


def copy_with_codes(pack: Path, folder: Path, mesh: str) -> Path:
    """The pack, every IU study of which has the same codes."""
    for name in ("iu_xray", "nih_cxr14"):
        (folder / name).mkdir()
        for path in (pack / name).iterdir():
            (folder / name / path.name).symlink_to(path)
    with (pack / "iu_xray" / "iu_reports.csv").open(newline="") as stream:
        studies = [Study(row["uid"], mesh, "", "", row["split"]) for row in csv.DictReader(stream)]
    (folder / "iu_xray" / "iu_reports.csv").unlink()
    return write_reports(folder, studies)


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("Deformity/thoracic vertebrae/mild", "spinal fracture"),
        ("Opacity/lung/upper lobe/right/round", "mass/nodule (not otherwise specified)"),
        ("Density/lung/round/multiple", "multiple masses/nodules"),
        ("Opacity/pulmonary alveoli", "airspace opacity"),
        ("Lung/interstitial/prominent", "increased reticular markings/ild pattern"),
        ("Mass/right/paratracheal", "superior mediastinal mass/enlargement"),
        ("Pulmonary Artery/enlarged", "enlarged hilum"),
        ("Cardiac Shadow/borderline", "enlarged cardiac silhouette"),
        ("Volume Loss/lung/left", "lobar/segmental collapse"),
    ],
)
def test_a_code_is_read_as_its_finding(code: str, finding: str) -> None:
    assert finding in (coded_findings(code) or ())


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("Calcinosis/lung/hilum/lymph nodes", "calcified nodule"),
        ("Cicatrix/breast/right", "pleural/parenchymal scarring"),
        ("Thickening/lung/bronchi", "pleural/parenchymal scarring"),
        ("Pulmonary Atelectasis/focal", "linear/patchy atelectasis"),
        ("Mass/mediastinum", "mass/nodule (not otherwise specified)"),
    ],
)
def test_a_code_of_something_else_is_not(code: str, finding: str) -> None:
    assert finding not in (coded_findings(code) or ())


def test_an_uncoded_study_has_no_coded_findings() -> None:
    assert coded_findings("normal") == frozenset()
    assert coded_findings("No Indexing") is None


def test_a_finding_of_the_past_leaves_this_film_as_it_is(tmp_path: Path) -> None:
    words = "History of pneumonia."

    assert state(tmp_path, "airspace opacity", "Cardiomegaly", words) is State.ASSUMED


def test_a_sentence_teaches_only_where_it_compares_with_nothing(tmp_path: Path) -> None:
    pack = write_reports(
        tmp_path, [Study("1", "Cardiomegaly", "Mild cardiomegaly. No effusion. Stable scoliosis.")]
    )

    said = iu_sentences(pack)["1"]

    assert [(one.text, one.usable) for one in said] == [
        ("Mild cardiomegaly.", True),
        ("No effusion.", True),
        ("Stable scoliosis.", False),
    ]

"""A data folder's sets become studies; each adapter is tried on a tree in its published layout."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from export.trees import (
    FILM,
    write_film,
    write_gold,
    write_mimic,
    write_padchest,
    write_rexgradient,
    write_sets,
    write_table,
    write_vindr,
)

from radscr_edge.errors import TrainingError
from radscr_edge.geometry import to_original
from radscr_edge.imaging import DecodingWorker, letterbox, load_radiograph
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import Geometry, Severity, Side, View
from radscr_export.data.datasets import KINDS, check_pack, data_sets, held_out, pack_of
from radscr_export.data.files import to_square
from radscr_export.data.labels import Mention, State
from radscr_export.data.listing import Labels
from radscr_export.data.sets import mimic
from radscr_export.data.sets.padchest import label_map
from radscr_export.data.splits import alias, check_disjoint, split_of
from radscr_export.data.training_set import SOURCES, load_studies, patient_of
from radscr_export.train import IMPLIED_WEIGHT, _targets

SIZE = 64


def state(labels: Labels, finding: str) -> State:
    return State(int(labels.states[FINDINGS.index(finding)]))


def labels_in(kind: str, folder: Path, number: int = 0) -> Labels:
    return list(KINDS[kind](folder))[number].labels()


# ---------------------------------------------------------------- one folder, any sets


def test_a_folder_without_a_list_is_the_pack(pack: Path) -> None:
    assert [one.kind for one in data_sets(pack)] == ["pack"]
    assert load_studies(pack, "val", 16).present == ("iu", "nih-PA", "nih-AP")


def test_a_list_joins_the_pack_with_a_clinics_own_films(pack: Path, tmp_path: Path) -> None:
    for name in ("iu_xray", "nih_cxr14"):
        (tmp_path / name).symlink_to(pack / name)
    write_table(tmp_path / "own", {"view": "AP", "normal": "1"}, {"pneumothorax": "1"})
    write_sets(tmp_path, {"kind": "pack"}, {"name": "own", "kind": "table", "path": "own"})

    studies = load_studies(tmp_path, "train", SIZE)

    assert studies.sources[: len(SOURCES)] == SOURCES
    assert studies.present == ("iu", "nih-PA", "nih-AP", "own", "own-AP")
    assert [studies.view(int(studies.of(name)[0])) for name in studies.present] == [
        *(View.UNKNOWN, View.PA, View.AP),
        *(View.UNKNOWN, View.AP),
    ]
    assert len(studies.boxes) == len(studies.implied) == len(studies.ids)


def test_films_are_grouped_by_set_and_the_pack_is_found(pack: Path, tmp_path: Path) -> None:
    write_table(tmp_path, {"view": "AP", "normal": "1"}, {"pneumothorax": "1"}, {"view": "PA"})
    write_sets(tmp_path, {"name": "own", "kind": "table"})

    assert load_studies(tmp_path, "train", SIZE).sets == {"own": ("own", "own-AP", "own-PA")}
    assert load_studies(pack, "val", 16).sets == {"iu": ("iu",), "nih": ("nih-PA", "nih-AP")}
    assert (pack_of(tmp_path), pack_of(pack)) == (None, pack)


def test_a_split_without_any_film_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path, {})
    write_sets(tmp_path, {"name": "own", "kind": "table"})

    with pytest.raises(TrainingError, match="have no film in the split 'val'"):
        load_studies(tmp_path, "val", SIZE)


def test_a_listed_film_is_seen_just_as_the_clinic_sees_it(tmp_path: Path) -> None:
    write_table(tmp_path, {"file": "a.png", "patient": "7"})
    with DecodingWorker() as worker:
        radiograph = load_radiograph(tmp_path / "a.png", worker)
    write_sets(tmp_path, {"name": "own", "kind": "table"})

    studies = load_studies(tmp_path, "train", SIZE)

    np.testing.assert_array_equal(studies.images[0], letterbox(radiograph.pixels, SIZE)[0, 0])
    assert tuple(studies.shapes[0]) == radiograph.pixels.shape


def test_a_dicom_film_is_read_as_the_clinic_reads_it(tmp_path: Path, samples: Path) -> None:
    shutil.copyfile(samples / "normal.dcm", tmp_path / "normal.dcm")
    (tmp_path / "studies.csv").write_text("file,patient,split\nnormal.dcm,1,train\n")
    write_sets(tmp_path, {"name": "own", "kind": "table"})

    assert load_studies(tmp_path, "train", SIZE).images.max() > 100


def test_ids_hold_the_patients_alias_and_nothing_else(tmp_path: Path) -> None:
    write_table(tmp_path, {"file": "jane.png", "patient": "Jane_Doe"}, {"patient": "Jane_Doe"})
    write_sets(tmp_path, {"name": "own", "kind": "table"})

    studies = load_studies(tmp_path, "train", SIZE)

    assert len({patient_of(name) for name in studies.ids}) == 1
    assert len(set(studies.ids)) == 2
    assert not any("jane" in name.lower() for name in studies.ids)


def test_what_the_reader_refuses_is_left_out_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(tmp_path, {}, {"patient": "9", "file": "broken.png"})
    (tmp_path / "broken.png").write_bytes(b"no picture")
    write_sets(tmp_path, {"name": "own", "kind": "table"})

    studies = load_studies(tmp_path, "train", SIZE)

    assert len(studies.ids) == 1
    assert "own: left out 1 wrong file type; 1 films remain." in capsys.readouterr().err


def test_a_set_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path, {"file": "broken.png"})
    (tmp_path / "broken.png").write_bytes(b"no picture")
    write_sets(tmp_path, {"name": "own", "kind": "table"})

    with pytest.raises(TrainingError, match=r"'own': none of its films can be read \(1 wrong"):
        load_studies(tmp_path, "train", SIZE)


def test_missing_films_are_counted(tmp_path: Path) -> None:
    write_table(tmp_path, {}, {})
    (tmp_path / "films" / "1.png").unlink()
    write_sets(tmp_path, {"name": "own", "kind": "table"})

    with pytest.raises(TrainingError, match="'own' lacks 1 of the 2 films that its tables list"):
        load_studies(tmp_path, "train", SIZE)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "chexpert"}, "'chexpert' is no kind of data set; choose one of pack, mimic"),
        ({"kind": "table", "name": "nih"}, "a set cannot be named 'nih'"),
        ({"kind": "table", "name": "my-set"}, "a set cannot be named 'my-set'"),
    ],
)
def test_an_entry_that_cannot_be_is_named(
    tmp_path: Path, entry: dict[str, str], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        data_sets(write_sets(tmp_path, entry))


def test_a_list_without_sets_or_with_one_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"datasets\.toml names 'table' twice"):
        data_sets(write_sets(tmp_path, {"kind": "table"}, {"kind": "table"}))
    with pytest.raises(TrainingError, match=r"datasets\.toml lists no \[\[set\]\]"):
        data_sets(write_sets(tmp_path))


def test_a_list_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "datasets.toml").write_text("[[set")

    with pytest.raises(TrainingError, match=r"datasets\.toml is no TOML file"):
        data_sets(tmp_path)


# ---------------------------------------------------------------- splits


def test_a_patients_split_is_a_hash_of_the_patient() -> None:
    splits = [split_of(str(patient)) for patient in range(4000)]

    assert splits == [split_of(str(patient)) for patient in range(4000)]
    assert 0.08 < splits.count("val") / 4000 < 0.12
    assert 0.08 < splits.count("test") / 4000 < 0.12


def test_a_published_test_set_leaves_only_validation_to_part_off() -> None:
    parted = {split_of(str(patient), ("train", "val")) for patient in range(300)}

    assert parted == {"train", "val"}


def test_a_patient_in_two_splits_is_refused_by_alias_alone(tmp_path: Path) -> None:
    write_table(tmp_path, {"patient": "Jane Doe"}, {"patient": "Jane Doe", "split": "test"})
    write_sets(tmp_path, {"name": "own", "kind": "table"})

    with pytest.raises(TrainingError, match="is in the splits 'train' and 'test'") as caught:
        load_studies(tmp_path, "train", SIZE)

    assert alias("Jane Doe") in str(caught.value)
    assert "Jane" not in str(caught.value)


def test_a_film_listed_in_two_splits_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path, {"file": "a.png"}, {"file": "a.png", "split": "val"})
    write_sets(tmp_path, {"name": "own", "kind": "table"})

    with pytest.raises(TrainingError, match="Give each patient one split"):
        load_studies(tmp_path, "val", SIZE)


def test_disjoint_splits_pass() -> None:
    check_disjoint("own", [("1", "train"), ("2", "test"), ("1", "train")])


def test_the_published_splits_are_disjoint(data: Path) -> None:
    check_pack(data)


def test_a_pack_with_a_patient_in_two_splits_is_refused(pack: Path, tmp_path: Path) -> None:
    shutil.copytree(pack, tmp_path / "pack")
    table = tmp_path / "pack" / "nih_cxr14" / "nih_images.csv"
    lines = table.read_text().splitlines()
    other = next(line for line in lines if ",test," in line)
    lines.append(other.replace(",test,", ",train,").replace("_000.jpg", "_001.jpg"))
    table.write_text("\n".join(lines) + "\n")

    with pytest.raises(TrainingError, match=r"'nih'.*in the splits 'test' and 'train'"):
        load_studies(tmp_path / "pack", "train", SIZE)


def test_held_out_studies_are_those_of_validation_and_test(tmp_path: Path) -> None:
    write_table(tmp_path, {"study": "a"}, {"study": "b", "split": "val"}, {"study": "c"})
    write_sets(tmp_path, {"name": "own", "kind": "table"})

    assert held_out(tmp_path) == held_out(tmp_path, "own") == {"b"}
    with pytest.raises(TrainingError, match="has no data set called 'other'"):
        held_out(tmp_path, "other")


# ---------------------------------------------------------------- a clinic's own table


def test_a_value_wins_over_the_report_and_the_report_fills_what_is_empty(tmp_path: Path) -> None:
    report = "Small left pleural effusion. No pneumothorax. Possible hernia. Scoliosis."
    write_table(tmp_path, {"report": report, "pleural effusion": "0", "bronchiectasis": "1"})

    found = labels_in("table", tmp_path)

    assert state(found, "pleural effusion") is State.NEGATIVE
    assert state(found, "bronchiectasis") is State.POSITIVE
    assert state(found, "pneumothorax") is State.NEGATIVE
    assert state(found, "hernia") is State.UNKNOWN
    assert state(found, "scoliosis") is State.POSITIVE
    assert state(found, "cyst/bullae") is State.ASSUMED


def test_a_denied_ancestor_in_a_column_keeps_the_report_from_asserting_what_is_in_it(
    tmp_path: Path,
) -> None:
    write_table(tmp_path, {"report": "Left consolidation.", "lung opacity": "0"})

    found = labels_in("table", tmp_path)

    assert state(found, "lung opacity") is state(found, "consolidation") is State.NEGATIVE


def test_without_a_report_what_is_empty_is_unknown(tmp_path: Path) -> None:
    write_table(tmp_path, {"consolidation": "1", "hernia": "u"})

    found = labels_in("table", tmp_path)

    assert state(found, "airspace opacity") is State.POSITIVE
    assert state(found, "hernia") is state(found, "scoliosis") is State.UNKNOWN


def test_a_normal_study_denies_all_and_counts_less_than_words(tmp_path: Path) -> None:
    write_table(tmp_path, {"normal": "1", "report": "No pneumothorax."}, {"scoliosis": "1"})
    write_sets(tmp_path, {"name": "own", "kind": "table"})
    studies = load_studies(tmp_path, "train", SIZE)

    _, weights = _targets(studies, 0.3)

    assert (studies.states[0] == State.NEGATIVE).all()
    assert weights[0, FINDINGS.index("pneumothorax")] == 1.0
    assert weights[0, FINDINGS.index("scoliosis")] == pytest.approx(IMPLIED_WEIGHT)
    assert weights[1].sum() == 1.0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"hernia": "yes"}, r"line 2: 'hernia' must be one of 1, 0, u or empty"),
        ({"split": "dev"}, r"line 2: 'split' must be one of train, val, test or empty"),
        ({"view": "LL"}, r"line 2: 'view' must be one of PA, AP, lateral or empty"),
        ({"pnuemothorax": "1"}, r"has a column 'pnuemothorax', which is neither a field nor"),
        ({"patient": ""}, r"line 2: 'patient' is empty"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_by_line(
    tmp_path: Path, row: dict[str, str], message: str
) -> None:
    write_table(tmp_path, row)

    with pytest.raises(TrainingError, match=message):
        list(KINDS["table"](tmp_path))


def test_a_film_outside_the_folder_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "own", {"file": "../a.png"})

    with pytest.raises(TrainingError, match="give 'file' relative to the folder"):
        list(KINDS["table"](tmp_path / "own"))


# ---------------------------------------------------------------- MIMIC-CXR and Chest ImaGenome


def test_mimic_films_come_with_patient_view_and_published_split(tmp_path: Path) -> None:
    write_mimic(tmp_path, {}, {"split": "validate", "ViewPosition": "AP"}, {"ViewPosition": "LL"})

    films = list(KINDS["mimic"](tmp_path))

    assert [(one.split, one.view, one.lateral) for one in films] == [
        ("train", View.PA, False),
        ("val", View.AP, False),
        ("train", View.UNKNOWN, True),
    ]
    assert all(one.file.is_file() for one in films)


def test_a_mimic_report_is_read_without_its_indication(tmp_path: Path) -> None:
    write_mimic(tmp_path, {})

    found = labels_in("mimic", tmp_path)

    assert state(found, "pleural effusion") is State.POSITIVE
    assert state(found, "pneumothorax") is State.NEGATIVE
    assert state(found, "consolidation") is State.UNKNOWN
    assert Mention("pleural effusion", Side.RIGHT, Severity.MILD) in found.mentions


def test_a_report_without_headings_is_its_last_paragraph() -> None:
    report = "FINAL REPORT\n CHEST\n\n Question pneumothorax.\n\n Lungs are\n clear.\n"

    assert mimic.told(report) == "Lungs are clear."


def test_chexpert_labels_speak_where_the_report_is_silent(tmp_path: Path) -> None:
    labels = {"Atelectasis": "1.0", "Fracture": "1.0", "Edema": "-1.0", "Pneumothorax": "1.0"}
    write_mimic(tmp_path, {"chexpert": labels | {"Cardiomegaly": "0.0"}})

    found = labels_in("mimic", tmp_path)

    assert state(found, "atelectasis") is State.POSITIVE
    assert state(found, "linear/patchy atelectasis") is State.ASSUMED
    assert state(found, "spinal fracture") is State.UNKNOWN
    assert state(found, "pulmonary edema/hazy opacity") is State.UNKNOWN
    assert state(found, "pneumothorax") is State.UNKNOWN
    assert state(found, "enlarged cardiac silhouette") is State.NEGATIVE


def test_a_scene_graph_gives_findings_sides_severities_and_regions(tmp_path: Path) -> None:
    scene = [
        ("right lower lung zone", "anatomicalfinding|yes|consolidation", "severity|yes|mild"),
        ("left lung", "anatomicalfinding|no|hernia", ""),
        ("left lung", "disease|yes|pneumonia", ""),
        ("spine", "anatomicalfinding|yes|bone lesion", ""),
    ]
    write_mimic(tmp_path, {"scene": scene}, report="FINDINGS: Possible scoliosis.")
    write_sets(tmp_path, {"kind": "mimic"})

    studies = load_studies(tmp_path, "train", SIZE)

    by_name = dict(zip(FINDINGS, studies.states[0], strict=True))
    assert by_name["consolidation"] == by_name["lung opacity"] == State.POSITIVE
    assert by_name["hernia"] == State.NEGATIVE
    assert by_name["scoliosis"] == State.UNKNOWN
    assert by_name["pneumothorax"] == State.ASSUMED
    mention = studies.mentions[0][FINDINGS.index("consolidation")]
    assert (mention.side, mention.severity) == (Side.RIGHT, Severity.MILD)
    (box,) = studies.boxes[0]
    assert (box.finding, box.exact) == ("consolidation", False)
    height, width = studies.shapes[0]
    assert box.box[3] - box.box[1] == pytest.approx(SIZE * 64 / max(height, width), abs=0.5)


def test_patients_of_the_gold_set_are_for_testing_only(tmp_path: Path) -> None:
    write_mimic(tmp_path, {"subject_id": "10000077"}, {})
    write_gold(tmp_path, "10000077")

    assert [one.split for one in KINDS["mimic"](tmp_path)] == ["test", "train"]


def test_a_missing_mimic_table_or_report_is_named(tmp_path: Path) -> None:
    write_mimic(tmp_path, {})
    shutil.rmtree(tmp_path / "mimic-cxr-reports" / "files" / "p10")
    with pytest.raises(TrainingError, match=r"lacks reports .* Unpack mimic-cxr-reports\.zip"):
        labels_in("mimic", tmp_path)

    (tmp_path / "mimic-cxr-2.0.0-metadata.csv.gz").unlink()
    with pytest.raises(TrainingError, match=r"mimic-cxr-2\.0\.0-metadata\.csv is missing"):
        list(KINDS["mimic"](tmp_path))


# ---------------------------------------------------------------- ReXGradient, VinDr, PadChest


def test_rexgradient_gives_frontal_films_labelled_by_their_report(tmp_path: Path) -> None:
    write_rexgradient(tmp_path)
    write_sets(tmp_path, {"kind": "rexgradient"})

    studies = load_studies(tmp_path, "val", SIZE)

    assert studies.present == ("rexgradient-PA",)
    assert [len(studies.ids), len(studies.told[0])] == [1, 1]
    mention = studies.mentions[0][FINDINGS.index("pleural effusion")]
    assert (mention.side, mention.severity) == (Side.LEFT, Severity.MILD)


def test_vindr_radiologists_vote_and_a_minority_leaves_a_finding_unknown(tmp_path: Path) -> None:
    write_vindr(tmp_path, {"a": ["Pleural effusion", "Pleural effusion", "Pneumothorax"]})

    found = labels_in("vindr", tmp_path)

    assert state(found, "pleural effusion") is State.POSITIVE
    assert state(found, "pneumothorax") is State.UNKNOWN
    assert state(found, "mass/nodule (not otherwise specified)") is State.NEGATIVE
    assert state(found, "lung lesion") is State.NEGATIVE
    assert state(found, "scoliosis") is State.UNKNOWN


def test_vindr_boxes_lie_where_the_film_lies_in_its_square(tmp_path: Path) -> None:
    corners = {"x_min": 0, "y_min": 0, "x_max": 9999, "y_max": FILM / 2}
    box = {"image_id": "a", "class_name": "Pleural effusion"} | corners
    write_vindr(tmp_path, {"a": ["Pleural effusion"] * 3}, [box])
    write_sets(tmp_path, {"kind": "vindr"})
    split = split_of("a", ("train", "val"))

    studies = load_studies(tmp_path, split, SIZE)

    (drawn,) = studies.boxes[0]
    height, width = studies.shapes[0] / max(studies.shapes[0]) * SIZE
    assert (drawn.finding, drawn.exact) == ("pleural effusion", True)
    assert drawn.box[2] - drawn.box[0] == pytest.approx(width, abs=1)
    assert drawn.box[1] == pytest.approx((SIZE - height) / 2, abs=1)
    assert drawn.box[3] <= SIZE


def test_the_published_vindr_test_films_stay_for_testing(tmp_path: Path) -> None:
    write_vindr(tmp_path, {str(number): ["", "", ""] for number in range(12)})

    splits = {one.study: one.split for one in KINDS["vindr"](tmp_path)}

    assert splits.pop("t1") == "test"
    assert set(splits.values()) <= {"train", "val"}


def test_padchest_labels_become_findings_with_the_side_of_their_sentence(tmp_path: Path) -> None:
    sentences = [["Pleural effusion ", "loc right"], ["heart insufficiency"], ["kyphosis"]]
    write_padchest(tmp_path, sentences)

    found = labels_in("padchest", tmp_path)

    assert state(found, "pleural effusion") is State.POSITIVE
    assert state(found, "pulmonary edema/hazy opacity") is State.UNKNOWN
    assert state(found, "hernia") is State.ASSUMED
    assert found.mentions == (Mention("pleural effusion", Side.RIGHT, Severity.NONE),)


@pytest.mark.parametrize(
    ("label", "wanted"),
    [
        ("normal", State.NEGATIVE),
        ("suboptimal study", State.UNKNOWN),
        ("sternotomy", State.ASSUMED),
    ],
)
def test_a_padchest_study_of_one_label_is_normal_unknown_or_silent(
    tmp_path: Path, label: str, wanted: State
) -> None:
    write_padchest(tmp_path, [[label]])

    found = labels_in("padchest", tmp_path)

    assert (found.states == wanted).all()
    assert found.implied.all() == (wanted is State.NEGATIVE)


@pytest.mark.parametrize("change", [{"Projection": "L"}, {"Pediatric": "PED"}])
def test_a_padchest_of_laterals_or_children_alone_is_refused(
    tmp_path: Path, change: dict[str, str]
) -> None:
    write_padchest(tmp_path, [["normal"]], **change)

    with pytest.raises(TrainingError, match="'padchest' lists no frontal film"):
        load_studies(write_sets(tmp_path, {"kind": "padchest"}), "train", SIZE)


def test_a_lateral_film_of_padchest_is_marked(tmp_path: Path) -> None:
    write_padchest(tmp_path, [["normal"]], Projection="L")

    (film,) = KINDS["padchest"](tmp_path)

    assert film.lateral


def test_padchest_labels_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    write_padchest(tmp_path, [["normal"]], Labels="['normal'")

    with pytest.raises(TrainingError, match="has a list of labels that cannot be read"):
        labels_in("padchest", tmp_path)


def test_every_mapped_finding_is_one_of_the_37() -> None:
    mapped = {one for names in label_map().findings.values() for one in names}
    unsure = {one for names in label_map().unsure.values() for one in names}

    assert mapped == set(FINDINGS)
    assert unsure <= set(FINDINGS)
    assert load_ontology()["cyst/bullae"].vindr == ("Lung cyst",)


def test_a_set_of_another_layout_is_told_from_one_that_is_missing(tmp_path: Path) -> None:
    write_film(tmp_path / "0" / "0.png")
    table = tmp_path / "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
    table.write_text("ImageID,Labels\n0.png,[]\n")

    with pytest.raises(TrainingError, match="has no column ImageDir, LabelsLocalizations"):
        list(KINDS["padchest"](tmp_path))


# ---------------------------------------------------------------- boxes of turned films


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_box_moves_with_its_film(turns: int, mirrored: bool) -> None:
    geometry = Geometry(200, 100, turns, mirrored)
    upright = (100, 200) if turns % 2 == 0 else (200, 100)
    size = 200

    moved = to_square((20, 10, 60, 40), geometry, upright, size)

    bars = (size - upright[1]) / 2, (size - upright[0]) / 2
    x0, y0, x1, y1 = (moved[i] - bars[i % 2] for i in range(4))
    back = to_original(geometry, upright, (x0, y0, x1, y1))
    assert (back.x0, back.y0, back.x1, back.y1) == (20, 10, 60, 40)

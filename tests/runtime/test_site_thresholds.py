"""A clinic refits thresholds to its own studies: enough of them, for this model, and told."""

import json
import shutil
import sys

import numpy as np
import pytest

from radscr_edge.claims import Profile, Status
from radscr_edge.contract import Bundle
from radscr_edge.errors import CalibrationError
from radscr_runtime import Options, Reader
from radscr_runtime.cli import main
from radscr_runtime.discrimination import Labelled
from radscr_runtime.site import Site, at_site, save_site, site_path, vision_of
from radscr_runtime.site_fit import reason_against, refit
from radscr_runtime.site_labels import LEAST_STUDIES, read_labels

EFFUSION = "pleural effusion"


@pytest.fixture
def own(bundle_folder, tmp_path):
    return Bundle.open(shutil.copytree(bundle_folder, tmp_path / "bundle"))


def films(shift=3.0, positives=20, negatives=40, seed=0):
    rng = np.random.default_rng(seed)
    truth = np.arange(positives + negatives) < positives
    logits = (rng.normal(size=len(truth)) + shift * truth).astype(np.float32)
    return Labelled("site", logits, truth, np.zeros(len(truth), np.int64))


def site(bundle, **changes):
    rules = {
        name: {EFFUSION: refit(EFFUSION, variant.rules[EFFUSION], films())}
        for name, variant in bundle.variants.items()
    }
    values = {"studies": 60, "on": "2026-11-25", "vision": vision_of(bundle), "rules": rules}
    return Site(**(values | changes))


def table(folder, rows, columns=(EFFUSION,)):
    path = folder / "studies.csv"
    lines = [",".join(["file", *columns]), *(",".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_refitted_rule_follows_the_sites_films(own):
    rule, found = own.variants["int8"].rules[EFFUSION], films()

    fitted = refit(EFFUSION, rule, found)

    probability = 1 / (1 + np.exp(-(fitted.slope * found.logits + fitted.intercept)))
    zones = fitted.thresholds[Profile.BALANCED]
    assert fitted.slope == rule.slope
    assert probability.mean() == pytest.approx(20.5 / 61)
    assert (probability[found.truth] >= zones.raised).mean() > 0.8
    assert (probability[~found.truth] >= zones.affirmed).mean() <= 0.1
    assert (fitted.status, fitted.support.data) == (Status.VALIDATED, "site")
    assert fitted.withdraw == rule.withdraw


def test_a_finding_that_the_sites_films_do_not_tell_apart_is_never_affirmed(own):
    fitted = refit(EFFUSION, own.variants["int8"].rules[EFFUSION], films(shift=0))

    assert fitted.status is Status.NOT_VALIDATED
    assert all(one.affirmed is None for one in fitted.thresholds.values())


@pytest.mark.parametrize(
    ("positives", "negatives", "reason"),
    [
        (9, 60, "9 positive studies; 10 are needed"),
        (60, 9, "9 negative studies; 10 are needed"),
        (10, 10, ""),
    ],
)
def test_too_few_studies_of_a_kind_leave_a_finding_alone(positives, negatives, reason):
    assert reason_against(films(positives=positives, negatives=negatives)) == reason


def test_reports_say_that_thresholds_of_the_site_are_in_use(own, samples):
    save_site(own, site(own))

    with Reader.open(own.folder, Options(decoder="plain", profile=Profile.TRIAGE)) as reader:
        report = reader.read(samples / "normal.dcm")

    assert any(
        one.startswith("Thresholds of 1 findings were refitted on site, to 60 studies")
        for one in report.provenance.remarks
    )
    fitted = site(own).rules["int8"][EFFUSION].thresholds[Profile.TRIAGE]
    effusion = next(one for one in report.hypotheses if one.finding == EFFUSION)
    assert effusion.threshold == fitted.raised
    assert report.provenance.profile is Profile.TRIAGE


def test_without_a_file_the_variant_stays_as_it_came(own):
    assert at_site(own, own.variants["int8"]) == (own.variants["int8"], "")


def test_thresholds_of_another_model_are_refused(own):
    save_site(own, site(own, vision={"int8": "0" * 64, "fp32": "0" * 64}))

    with pytest.raises(CalibrationError, match="was fitted to another vision network than that"):
        Reader.open(own.folder, Options(decoder="plain"))


@pytest.mark.parametrize("change", ["{", "studies"])
def test_a_damaged_or_altered_file_is_refused(own, change):
    path = save_site(own, site(own))
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text("{" if change == "{" else json.dumps({**record, "studies": 900}))

    with pytest.raises(CalibrationError, match="is damaged or was altered"):
        at_site(own, own.variants["int8"])


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        ((EFFUSION,), [["a.dcm", "1"]] * 2, "names a.dcm twice"),
        ((EFFUSION,), [["a.dcm", "1"]], "1 readable studies are too few"),
        (("flu",), [["a.dcm", "1"]], "not known: flu"),
        ((EFFUSION, EFFUSION), [["a.dcm", "1", "1"]], "none twice"),
        ((), [["a.dcm"]], "must be one finding"),
    ],
)
def test_a_table_of_another_form_is_refused(tmp_path, columns, rows, message):
    with pytest.raises(CalibrationError, match=message):
        read_labels(table(tmp_path, rows, columns))


def test_a_cell_that_is_no_state_is_named_with_its_row(tmp_path):
    rows = [[f"{number}.dcm", ""] for number in range(LEAST_STUDIES)]
    rows[3][1] = "maybe"

    with pytest.raises(CalibrationError, match=r"row 5, pleural effusion: 'maybe' is none of 1, 0"):
        read_labels(table(tmp_path, rows))


def calibrated(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["radscr-edge", "calibrate", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_the_command_refits_what_it_can_and_says_why_not_the_rest(
    own, samples, tmp_path, monkeypatch, capsys
):
    names = ("effusion.dcm", "normal.dcm")
    rows = []
    for number in range(LEAST_STUDIES):
        name = names[number % 2]
        copy = shutil.copy(samples / name, tmp_path / f"{number}.dcm")
        rows.append([copy.name, str(1 - number % 2), ""])
    studies = table(tmp_path, rows, (EFFUSION, "scoliosis"))

    code = calibrated(monkeypatch, "--studies", studies, "--bundle", own.folder)

    said = capsys.readouterr().out
    assert code == 0
    assert "left as shipped: scoliosis (0 positive studies; 10 are needed)" in said
    assert "refitted: pleural effusion (validated; AUROC 1.00" in said
    assert said.splitlines()[-1] == str(site_path(own))
    assert at_site(own, own.variants["int8"])[1]


def test_unreadable_studies_do_not_count(own, tmp_path, monkeypatch, capsys):
    rows = [[f"{number}.dcm", "1"] for number in range(LEAST_STUDIES)]

    code = calibrated(monkeypatch, "--studies", table(tmp_path, rows), "--bundle", own.folder)

    said = capsys.readouterr().err
    assert code == 2
    assert "0.dcm does not exist" in said
    assert "0 readable studies are too few to refit thresholds; 50 are needed" in said
    assert not site_path(own).exists()

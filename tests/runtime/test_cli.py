"""The command: the answer on stdout, talk on stderr, and an exit code that says who can act."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from radscr_edge.ontology import FINDINGS

COMMAND = Path(sys.executable).parent / "radscr-edge"
CODE = "from radscr_runtime.cli import main; main()"


def run(*arguments, bundle=None, **options):
    """The command as a user would start it, or its entry point where no script is installed."""
    command = [COMMAND] if COMMAND.exists() else [sys.executable, "-c", CODE]
    chosen = ["--bundle", bundle] if bundle else []
    done = subprocess.run(
        [*command, *map(str, [*arguments, *chosen])],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        **options,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_read_prints_the_report_as_text(samples, bundle_folder):
    done = run("read", samples / "effusion.dcm", "--decoder", "plain", bundle=bundle_folder)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Research use only. Not a medical device.")
    for title in ("STUDY  effusion.dcm", "FINDINGS", "IMPRESSION", "LIMITATIONS"):
        assert title in done.stdout


def test_read_prints_one_json_report_a_line(samples, bundle_folder):
    studies = [samples / "effusion.dcm", samples / "normal.dcm"]

    done = run("read", *studies, "--json", "--decoder", "plain", bundle=bundle_folder)

    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["study"]["name"] for one in reports] == ["effusion.dcm", "normal.dcm"]
    assert [len(one["hypotheses"]) for one in reports] == [len(FINDINGS)] * 2
    assert {"load", "encode", "propose", "aggregate"} <= set(reports[0]["timing"])


def test_read_writes_both_files_and_names_the_page(samples, bundle_folder, tmp_path):
    out = tmp_path / "out"

    done = run("read", samples / "effusion.dcm", "--out", out, bundle=bundle_folder)

    page = Path(done.stderr.splitlines()[-1].removeprefix("Page: "))
    assert done.returncode == 0
    assert page.parent.parent == out
    assert page.parent.name.startswith("effusion-")
    assert sorted(one.name for one in page.parent.iterdir()) == ["report.html", "report.json"]
    record = json.loads((page.parent / "report.json").read_text(encoding="utf-8"))
    assert all(
        line["text"] in done.stdout.replace("\n    ", " ")
        for line in record["report"]["impression"]
    )


def test_a_bad_study_does_not_stop_the_others(samples, bundle_folder, tmp_path):
    bad = tmp_path / "letter.txt"
    bad.write_text("Dear colleague")

    done = run(
        "read", bad, samples / "normal.dcm", tmp_path / "gone.dcm", "--json", bundle=bundle_folder
    )

    assert done.returncode == 3
    assert [json.loads(line)["study"]["name"] for line in done.stdout.splitlines()] == [
        "normal.dcm"
    ]
    assert "letter.txt is no DICOM, PNG or JPEG file. Give the file of a film." in done.stderr
    assert "gone.dcm does not exist. Check the path." in done.stderr


@pytest.fixture
def damaged(bundle_folder, tmp_path):
    folder = shutil.copytree(bundle_folder, tmp_path / "bundle")
    with (folder / "proposal.onnx").open("r+b") as stream:
        stream.write(b"x")
    return folder


@pytest.mark.parametrize("command", ["read", "bench"])
def test_a_damaged_bundle_is_the_technicians_concern(samples, damaged, command):
    done = run(command, samples / "normal.dcm", bundle=damaged)

    assert done.returncode == 4
    assert done.stdout == ""
    assert "proposal.onnx is damaged. Copy the bundle to this machine again." in done.stderr


def test_check_tells_a_sound_bundle_from_a_damaged_one(bundle_folder, damaged):
    sound, broken = run("check", bundle_folder), run("check", damaged)

    assert sound.returncode == 0
    assert "is complete and undamaged" in sound.stdout
    assert "blank and noise are refused, and would assert nothing" in sound.stdout
    assert broken.returncode == 4
    assert "proposal.onnx is damaged" in broken.stderr


def test_doctor_says_that_this_machine_can_read(bundle_folder):
    done = run("doctor", bundle=bundle_folder)

    assert done.returncode == 0, done.stdout
    assert "verdict     This machine can read with this bundle." in done.stdout
    assert "codec       JPEG-LS: yes" in done.stdout


def test_doctor_tells_the_same_as_json(bundle_folder):
    done = run("doctor", "--json", bundle=bundle_folder)

    facts = json.loads(done.stdout)
    assert facts["can_run"] is True
    assert facts["problem"] == ""
    assert "plain" in facts["decoders"]
    assert facts["search"] in ("hnsw", "exact")
    assert facts["machine"]["memory_mb"] > 0


def test_doctor_names_what_is_wrong_with_a_bundle(damaged):
    done = run("doctor", bundle=damaged)

    assert done.returncode == 4
    assert "proposal.onnx is damaged" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "COMMAND"),
        (["sing"], "invalid choice: 'sing'"),
        (["read"], "STUDY"),
        (["read", "film.dcm", "--decoder", "poet"], "invalid choice: 'poet'"),
        (["read", "film.dcm", "--profile", "bold"], "argument --profile: invalid"),
        (["calibrate"], "--studies"),
        (["read", "film.dcm", "--threads", "0"], "'0' is no number of at least 1"),
        (["read", "film.dcm", "--budget-s", "0"], "'0' is no number of seconds above 0"),
        (["read", "film.dcm", "--budget-s", "inf"], "'inf' is no number of seconds above 0"),
        (["read", "film.dcm", "--budget-s", "soon"], "'soon' is no number of seconds above 0"),
        (["bench", "film.dcm", "--repeat", "none"], "'none' is no number of at least 1"),
    ],
)
def test_bad_usage_is_explained(arguments, said):
    done = run(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_folder_whose_parent_is_missing_is_refused_before_reading(
    samples, bundle_folder, tmp_path
):
    out = tmp_path / "missing" / "out"

    done = run("read", samples / "normal.dcm", "--out", out, bundle=bundle_folder)

    assert done.returncode == 2
    assert done.stdout == ""
    assert "missing is no folder. Make it first, or give another --out." in done.stderr


def test_a_file_in_place_of_the_folder_is_refused(samples, bundle_folder, tmp_path):
    out = tmp_path / "out"
    out.write_text("taken")

    done = run("read", samples / "normal.dcm", "--out", out, bundle=bundle_folder)

    assert done.returncode == 2
    assert "out cannot be written (File exists). Give another --out, or make room." in done.stderr


def test_a_full_disk_leaves_no_half_of_a_report(samples, bundle_folder, tmp_path):
    limited = f"ulimit -f 64; exec {COMMAND if COMMAND.exists() else sys.executable} " + (
        "" if COMMAND.exists() else f"-c '{CODE}' "
    )
    out = tmp_path / "out"

    done = subprocess.run(
        ["sh", "-c", f"{limited} read {samples / 'normal.dcm'} --decoder plain"
         f" --out {out} --bundle {bundle_folder}"],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert done.returncode == 2, done.stderr
    assert "cannot be written (File too large). Give another --out, or make room." in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(out.rglob("report.html*"))


def test_a_folder_that_cannot_be_made_is_refused(samples, bundle_folder):
    done = run("read", samples / "normal.dcm", "--out", "/proc/out", bundle=bundle_folder)

    assert done.returncode == 2
    assert "/proc/out cannot be written (" in done.stderr


def test_bench_gives_every_figure_as_json(samples, bundle_folder):
    done = run(
        "bench", samples / "normal.dcm", "--repeat", 2, "--json", "--decoder", "plain",
        bundle=bundle_folder,
    )  # fmt: skip

    figures = json.loads(done.stdout)
    assert set(figures) == {
        "machine", "threads", "decoder", "network", "search", "readings", "cold_start_ms",
        "processor_ms", "stages_ms", "peak_memory_mb",
    }  # fmt: skip
    assert figures["readings"] == 2
    assert figures["decoder"] == "plain"
    assert set(figures["processor_ms"]) == {"p50", "p95"}
    assert {"load", "encode", "report"} <= set(figures["stages_ms"])


def test_bench_gives_a_table_for_a_person(samples, bundle_folder):
    done = run("bench", samples / "normal.dcm", "--repeat", 1, bundle=bundle_folder)

    for said in ("cold start", "p50 ms", "encode", "processor", "peak memory in MB: reader"):
        assert said in done.stdout

"""The command line: help at once, and one line with an exit code where it cannot go on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def radscr_export(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    code = "from radscr_export.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_command() -> None:
    done = radscr_export("--help")

    assert done.returncode == 0
    for command in ("train", "build", "evaluate", "samples"):
        assert command in done.stdout


def test_help_does_not_wait_for_torch() -> None:
    code = "import sys, radscr_export.cli; print(sorted({'torch', 'onnx'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_no_command_is_a_mistake_of_use() -> None:
    assert radscr_export().returncode == 2


@pytest.mark.parametrize("command", ["train", "build", "evaluate", "samples"])
def test_every_command_explains_itself(command: str) -> None:
    done = radscr_export(command, "--help")

    assert done.returncode == 0
    assert "--out" in done.stdout


def test_an_unknown_preset_ends_with_2_and_one_line(tmp_path: Path) -> None:
    done = radscr_export("train", "--data", tmp_path, "--preset", "huge", "--out", tmp_path)

    assert done.returncode == 2
    choices = "'edge', 'paper', or a TOML file of your own"
    assert done.stderr == f"'huge' is no preset: {choices}.\n"


def test_building_from_nothing_ends_with_2_and_one_line(tmp_path: Path) -> None:
    done = radscr_export("build", tmp_path, "--out", tmp_path / "bundle")

    assert done.returncode == 2
    assert "holds no run. Train one: radscr-export train" in done.stderr
    assert "Traceback" not in done.stderr


def test_evaluating_what_is_no_bundle_ends_with_4(tmp_path: Path) -> None:
    done = radscr_export("evaluate", tmp_path, "--data", tmp_path, "--out", tmp_path / "figures")

    assert done.returncode == 4
    assert "is no bundle: it holds no bundle.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_samples_are_written_where_asked(tmp_path: Path) -> None:
    done = radscr_export("samples", "--out", tmp_path / "samples")

    assert done.returncode == 0
    assert done.stdout == f"{tmp_path / 'samples'}\n"
    assert (tmp_path / "samples" / "normal.dcm").is_file()

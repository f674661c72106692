"""Reading opens no socket, writes only where it was told to, and tells nobody about the study."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from pydicom import dcmread

WATCHED = """
import json, sys

sockets, written = [], []


def watch(event, arguments):
    if event.startswith("socket."):
        sockets.append(event)
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        mode, flags = arguments[1] or "", arguments[2]
        if set(mode) & set("wax+") or flags & 3:
            written.append(str(arguments[0]))
    if event in ("os.mkdir", "os.rename", "shutil.copyfile"):
        written.append(str(arguments[0]))


sys.addaudithook(watch)
from radscr_runtime.cli import main

try:
    main()
except SystemExit as end:
    print(json.dumps({"sockets": sockets, "written": written}), file=sys.stderr)
    raise
"""


@pytest.fixture
def place(tmp_path, samples):
    """A home, a temporary folder and a working folder of the reading's own."""
    for name in ("home", "tmp", "work"):
        (tmp_path / name).mkdir()
    shutil.copy(samples / "effusion.dcm", tmp_path / "work" / "Mustermann_Erika.dcm")
    return tmp_path


def environment(place):
    """What a child needs to start, with every personal folder inside `place`."""
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG")}
    return kept | {
        "HOME": str(place / "home"),
        "TMPDIR": str(place / "tmp"),
        "XDG_CACHE_HOME": str(place / "home" / "cache"),
        "XDG_CONFIG_HOME": str(place / "home" / "config"),
        "XDG_DATA_HOME": str(place / "home" / "data"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def reading(place, bundle, prefix=(), study="Mustermann_Erika.dcm"):
    """Reads the study in a child that watches itself."""
    (place / "watched.py").write_text(WATCHED)
    return subprocess.run(
        [
            *prefix, sys.executable, str(place / "watched.py"), "read", study,
            "--bundle", str(bundle), "--out", str(place / "out"),
        ],
        cwd=place / "work", env=environment(place), capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip


def files_below(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_reading_opens_no_socket_and_writes_only_its_output_and_cache(place, bundle_folder):
    done = reading(place, bundle_folder)

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stderr.splitlines()[-1])
    allowed = (str(place / "out"), str(place / "home" / "cache"), os.devnull)
    assert seen["sockets"] == []
    assert [one for one in seen["written"] if not one.startswith(allowed)] == []
    assert any(one.startswith(allowed[0]) for one in seen["written"])


def test_nothing_is_left_behind_but_output_and_cache(place, bundle_folder):
    before = files_below(place / "work")

    reading(place, bundle_folder)

    assert files_below(place / "work") == before
    assert files_below(place / "tmp") == set()
    assert all(one.startswith("cache/radscr-edge/golden/") for one in files_below(place / "home"))
    assert {one.split("/")[-1] for one in files_below(place / "out")} == {
        "report.html",
        "report.json",
    }


def test_the_cache_says_nothing_about_the_study(place, bundle_folder):
    reading(place, bundle_folder)

    for path in (place / "home").rglob("*"):
        assert "Mustermann" not in path.name
        if path.is_file():
            assert json.loads(path.read_text()) in ({"good": True}, {"good": False})


def works(*command):
    """Whether this machine has a tool and lets this user use it."""
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(
    not works("unshare", "-n", "true"), reason="this user may make no network namespace"
)
def test_a_machine_without_any_network_reads_just_the_same(place, bundle_folder):
    done = reading(place, bundle_folder, prefix=("unshare", "-n"))

    assert done.returncode == 0, done.stderr
    assert "IMPRESSION" in done.stdout


@pytest.mark.skipif(not works("strace", "-f", "true"), reason="this user may not trace a process")
def test_no_process_of_a_reading_asks_the_system_for_a_socket(place, bundle_folder):
    log = place / "trace.log"

    done = reading(
        place, bundle_folder, prefix=("strace", "-f", "-o", str(log), "-e", "trace=socket,execve")
    )

    assert done.returncode == 0, done.stderr
    trace = log.read_text()
    assert "radscr_edge.imaging.worker" in trace
    assert "AF_INET" not in trace


def test_a_refusal_names_the_file_only_to_the_person_at_the_desk(place, bundle_folder):
    (place / "work" / "broken.dcm").write_bytes(b"no film" * 99)

    done = reading(place, bundle_folder, study="broken.dcm")

    assert done.returncode == 3
    assert "broken.dcm" in done.stderr
    assert files_below(place / "out") == set()
    assert all("broken" not in one for one in files_below(place / "home"))


def test_patient_attributes_reach_no_output(place, bundle_folder, samples):
    dataset = dcmread(samples / "effusion.dcm")
    dataset.PatientName, dataset.PatientID = "Geheim^Gerda", "ID-4711-GEHEIM"
    dataset.PatientBirthDate, dataset.InstitutionName = "19010203", "Klinik Geheim"
    dataset.save_as(place / "work" / "film.dcm")

    done = reading(place, bundle_folder, study="film.dcm")

    texts = [path.read_text(encoding="utf-8") for path in place.rglob("report.*")]
    assert done.returncode == 0, done.stderr
    assert len(texts) == 2
    for text in (*texts, done.stdout, done.stderr):
        for secret in ("Geheim", "GEHEIM", "4711", "19010203"):
            assert secret not in text


def test_telemetry_is_off_before_the_runtime_is_imported():
    code = (
        "import builtins, os, sys\n"
        "real, seen = builtins.__import__, []\n"
        "def watch(name, *rest, **more):\n"
        "    if name == 'onnxruntime': seen.append(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "    return real(name, *rest, **more)\n"
        "builtins.__import__ = watch\n"
        "from radscr_runtime import Reader\n"
        "print(seen[0])\n"
    )
    plain = {key: value for key, value in os.environ.items() if not key.startswith("ORT_")}

    done = subprocess.run(
        [sys.executable, "-c", code], env=plain, capture_output=True, text=True, check=False
    )

    assert done.stdout.strip() == "1", done.stderr

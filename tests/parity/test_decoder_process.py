"""Phi in its own process: whatever happens to it, the report is complete and says so."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from gguf_made import with_template
from needs import needs
from stand_ins import sentence

from radscr_edge.child import start_child
from radscr_edge.contract import Files, sha256_of
from radscr_edge.errors import DecoderError
from radscr_edge.records import Missed, Polarity
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_runtime import Options, Reader
from radscr_runtime.aggregate import Evidences, aggregate
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.plain import PlainDecoder
from radscr_runtime.decoders.process import CHILD, Model, PhiProcess
from radscr_runtime.decoders.question import ask
from radscr_runtime.decoders.setup import choose_setup, most_data_mb, predicted_mb

llama = needs("radscr_runtime.decoders.llama")

BLUNTING = "costophrenic angle blunting"
QUESTION = ask([sentence("pleural effusion")], sentence(BLUNTING))


def model_of(path):
    return Model(path, sha256_of(path), check_gguf(path))


def hurried(path, seconds):
    return PhiProcess(model_of(path), Options(budget_s=seconds))


def process(path, **changes):
    return PhiProcess(model_of(path), Options(budget_s=60.0, **changes))


@pytest.fixture
def phi(bundle_folder):
    opened = process(bundle_folder / Files.DECODER)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def reading(bundle_folder, samples):
    """The library, and the evidences of a film with an effusion and an open question about it."""
    with Reader.open(bundle_folder, Options(decoder="plain")) as reader:
        report = reader.read(samples / "effusion.dcm")
    hedge = next(
        one
        for one in load_sentences(Role.FINDING)
        if one.finding == BLUNTING and one.polarity is Polarity.UNCERTAIN
    )
    missed = (Missed(hedge, 0.5, 0.3),)
    evidences = Evidences(report.radiograph, report.hypotheses, report.findings, missed)
    return reader.library, evidences


def later(seconds, act, *arguments):
    timer = threading.Timer(seconds, act, arguments)
    timer.start()
    return timer


def killed_once_busy(pid, seconds):
    """Kills a process so long after it began to work on what it is asked next."""
    idle = ticks(pid)

    def act():
        while ticks(pid) == idle:
            time.sleep(0.001)
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=act)
    killer.start()
    return killer


def ticks(pid):
    """Processor time that a process took, in the system's hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_the_process_gives_the_odds_that_llama_cpp_gives(phi, bundle_folder):
    path = bundle_folder / Files.DECODER
    direct = llama.Phi(path, choose_setup(check_gguf(path), Options(), 4000))

    assert list(phi.log_odds([QUESTION, QUESTION])) == direct.log_odds([QUESTION, QUESTION])
    direct.close()


def test_phi_killed_in_the_middle_of_a_decision_costs_the_decision_only(phi, reading):
    library, evidences = reading
    plain = aggregate(PlainDecoder(), library, evidences)
    phi.log_odds([QUESTION])
    os.kill(phi.pid, signal.SIGSTOP)  # whatever it is asked now it is still deciding
    later(0.2, os.kill, phi.pid, signal.SIGKILL)

    composed = aggregate(JudgeDecoder(phi), library, evidences)

    assert composed.decoder == "plain"
    assert composed.remark.startswith("The process of Phi ended without an answer (signal 9): ")
    assert composed.remark.endswith("The plain decoder decided instead.")
    assert (composed.lines, composed.decisions) == (plain.lines, plain.decisions)
    assert aggregate(JudgeDecoder(phi), library, evidences).decoder == "judge"


def test_phi_killed_while_llama_cpp_evaluates_leaves_a_complete_report(phi, reading):
    library, evidences = reading
    many = replace(evidences, missed=evidences.missed * 96)  # half a second of evaluation or so
    whole = {one.name: aggregate(one, library, many) for one in (PlainDecoder(), JudgeDecoder(phi))}
    found = []
    for seconds in (0.0, 0.02, 0.05, 0.1, 0.2, 0.4):
        phi.log_odds([QUESTION])
        killer = killed_once_busy(phi.pid, seconds)
        composed = aggregate(JudgeDecoder(phi), library, many)
        killer.join()
        if phi.pid is not None:  # killed after it had answered: it is not gone at once
            os.waitid(os.P_PID, phi.pid, os.WEXITED | os.WNOWAIT)
        assert (composed.lines, composed.decisions) == (
            whole[composed.decoder].lines,
            whole[composed.decoder].decisions,
        )
        found.append((composed.decoder, composed.remark.partition(":")[0]))

    killed = ("plain", "The process of Phi ended without an answer (signal 9)")
    assert found[0] == killed
    assert set(found) <= {killed, ("judge", "")}


def test_phi_that_is_not_loaded_in_time_gives_way_to_plain(bundle_folder, reading):
    library, evidences = reading
    phi = hurried(bundle_folder / Files.DECODER, 1e-3)

    composed = aggregate(JudgeDecoder(phi), library, evidences)

    assert composed.decoder == "plain"
    assert composed.remark.startswith("Phi was not loaded within 0.001 s; it goes on loading")
    phi.close()


def test_a_decision_that_is_cancelled_from_another_thread_is_left_to_plain(phi, reading):
    library, evidences = reading
    phi.log_odds([QUESTION])
    os.kill(phi.pid, signal.SIGSTOP)  # whatever it is asked now it is still deciding
    decoder = JudgeDecoder(phi)
    later(0.2, decoder.cancel)

    composed = aggregate(decoder, library, evidences)

    assert composed.decoder == "plain"
    assert composed.remark == (
        "Phi was stopped before it was done. The plain decoder decided instead."
    )
    assert phi.pid is None
    decoder.begin()
    assert aggregate(decoder, library, evidences).decoder == "judge"


def test_a_cancel_counts_until_the_next_reading_begins(phi):
    first = phi.log_odds([QUESTION])
    child = phi.pid
    phi.cancel()

    with pytest.raises(DecoderError, match="Phi was stopped"):
        phi.log_odds([QUESTION])
    phi.begin()

    assert phi.log_odds([QUESTION]) == first
    assert phi.pid == child


def test_a_cancel_while_phi_loads_ends_the_decision(bundle_folder):
    phi = process(bundle_folder / Files.DECODER)
    timer = later(0.05, phi.cancel)

    with pytest.raises(DecoderError, match="Phi was stopped"):
        phi.log_odds([QUESTION])

    timer.join()
    assert phi.pid is None
    phi.begin()
    assert phi.log_odds([QUESTION])
    phi.close()


def test_phi_that_is_not_loaded_in_time_is_ready_for_the_next_study(bundle_folder):
    phi = hurried(bundle_folder / Files.DECODER, 0.02)

    with pytest.raises(DecoderError, match="goes on loading for the next study"):
        phi.log_odds([QUESTION])
    child, phi._seconds_limit = phi.pid, 60.0

    assert phi.log_odds([QUESTION])
    assert phi.pid == child
    phi.close()


STOPPED = """
import os, signal, sys, threading
from radscr_runtime.decoders import process, rules
from radscr_runtime.cli import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
send = process.Child.send

def stopped(child, message):
    if "prompts" in message:
        os.kill(child.process.pid, signal.SIGSTOP)  # whatever it is asked it is still deciding
        threading.Timer(0.3, os.killpg, (0, signal.SIGINT)).start()
    send(child, message)

process.Child.send = stopped
sys.modules["radscr_runtime.decoders.judge"].settle = lambda *_: None
main()
"""


def test_ctrl_c_while_phi_decides_ends_the_program_with_the_report_of_the_rules(
    busy_bundle, samples, tmp_path
):
    studies = [str(samples / name) for name in ("effusion.dcm", "normal.dcm")]
    command = ["read", *studies, "--decoder", "judge", "--out", str(tmp_path / "out")]

    done = subprocess.run(
        [sys.executable, "-c", STOPPED, *command, "--bundle", str(busy_bundle)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        start_new_session=True,
    )

    assert done.returncode == 130, done.stderr
    assert done.stderr.endswith("Stopped.\n")
    assert "STUDY  effusion.dcm" in done.stdout
    assert "normal.dcm" not in done.stdout
    (written,) = (tmp_path / "out").glob("*/report.json")
    assert json.loads(written.read_text())["composition"]["decoder"] == "plain"


def test_a_process_that_died_between_two_studies_costs_nothing(phi):
    first = phi.log_odds([QUESTION])
    os.kill(phi.pid, signal.SIGKILL)
    os.waitid(os.P_PID, phi.pid, os.WEXITED | os.WNOWAIT)

    assert phi.log_odds([QUESTION]) == first


def test_no_process_is_started_where_nothing_is_open(phi, reading):
    library, evidences = reading

    composed = aggregate(JudgeDecoder(phi), library, replace(evidences, missed=()))

    assert composed.decoder == "judge"
    assert phi.pid is None


def test_a_model_that_llama_cpp_refuses_is_told_by_its_reason(bundle_folder, tmp_path):
    model = model_of(bundle_folder / Files.DECODER)
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    phi = PhiProcess(replace(model, path=tmp_path / "own.gguf"), Options())

    with pytest.raises(DecoderError, match=r"own\.gguf could not be loaded by llama\.cpp"):
        phi.log_odds([QUESTION])
    phi.close()


def test_a_memory_limit_below_the_need_gives_way_to_plain_without_a_process(bundle_folder, reading):
    library, evidences = reading
    phi = process(bundle_folder / Files.DECODER, memory_limit_mb=32)

    composed = aggregate(JudgeDecoder(phi), library, evidences)

    assert composed.decoder == "plain"
    assert composed.remark.startswith("Phi needs ")
    assert " MB of memory; 32 MB may be used (" in composed.remark
    assert phi.pid is None


@pytest.mark.parametrize("changes", [{}, {"quantised_kv": True}, {"prompt_threads": 2}])
def test_the_process_stays_below_its_predicted_peak(bundle_folder, changes):
    path = bundle_folder / Files.DECODER
    phi = process(path, **changes)
    setup = choose_setup(check_gguf(path), Options(**changes), 4000)

    phi.log_odds([QUESTION] * 3)

    lines = Path(f"/proc/{phi.pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    phi.close()
    assert int(status["VmHWM"].split()[0]) / 1024 < predicted_mb(check_gguf(path), setup)


HUNGRY = (
    "{% set much = 'x' * 4000000000 %}{{ much[:9] ~ messages[0]['content'] }}<|assistant|>",
    "{{ messages[0]['content'] }}{% for one in messages[0]['content'] * 99999999 %}x{% endfor %}",
)
"""Templates that ask for gigabytes, as no size in the header says."""


@pytest.mark.parametrize("template", HUNGRY)
def test_a_file_that_takes_more_than_was_predicted_costs_the_decision_only(
    template, bundle_folder, reading, tmp_path
):
    library, evidences = reading
    path = tmp_path / "hungry.gguf"
    path.write_bytes(with_template((bundle_folder / Files.DECODER).read_bytes(), template))
    phi = process(path)

    composed = aggregate(JudgeDecoder(phi), library, evidences)

    phi.close()
    assert composed.decoder == "plain"
    assert composed.remark == (
        "This GGUF needs more memory than its sizes ask for. Give another GGUF. "
        "The plain decoder decided instead."
    )


def test_the_process_may_allocate_no_more_than_was_predicted_and_some_room(phi, bundle_folder):
    gguf = check_gguf(bundle_folder / Files.DECODER)
    room = most_data_mb(gguf, choose_setup(gguf, Options(), 4000))

    phi.log_odds([QUESTION])

    limits = Path(f"/proc/{phi.pid}/limits").read_text().splitlines()
    limit = next(line.split()[3] for line in limits if line.startswith("Max data size"))
    assert room < int(limit) / 2**20 < room + 500


def test_llama_cpp_without_room_says_so(bundle_folder, tmp_path):
    path = bundle_folder / Files.DECODER
    order = {
        "path": str(path),
        "sha256": sha256_of(path),
        "setup": asdict(choose_setup(check_gguf(path), Options(), 4000)),
        "data_mb": 0,
        "seconds": 60.0,
        "states": str(tmp_path),
    }
    child = start_child(CHILD, [json.dumps(order)], {})

    header, _ = child.receive(time.monotonic() + 60.0)

    child.stop()
    assert header == {"error": "decoder.gguf could not be loaded by llama.cpp. Copy it again."}


def test_closing_ends_the_process(phi):
    phi.log_odds([QUESTION])
    pid = phi.pid

    phi.close()

    assert not os.path.exists(f"/proc/{pid}")

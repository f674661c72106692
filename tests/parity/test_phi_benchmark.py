"""The benchmark of Phi asks what its table says, and runs on any GGUF with a chat template."""

import re
import sys
from subprocess import run

import pytest
from needs import needs

from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.rules import settle
from radscr_runtime.decoders.setup import choose_setup
from radscr_runtime.options import Options

needs("gguf")
llama = needs("radscr_runtime.decoders.llama")
phi = needs("phi")
random_phi = needs("random_phi")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("phi") / "small.gguf"
    shapes = random_phi.reduced(random_phi.MODELS["phi-3.5-mini"], 1, 768, 4096)
    random_phi.write(path, shapes, random_phi.SHIPPED)
    return path


@pytest.mark.parametrize("count", [2, 6])
def test_the_report_has_as_many_open_questions_as_its_row_says(count):
    q, u = phi.retrieved(), phi.supplements(count)

    opened = [settle(q, one.sentence) is None for one in u]

    assert (len(q), len(u)) == (8, 6)
    assert opened == [True] * count + [False] * (6 - count)


@pytest.mark.parametrize("repack", [True, False])
def test_both_columns_are_set_up_as_a_reading_would_be(small, repack):
    gguf = check_gguf(small)

    options = phi.set_up(gguf, Options(), repack)

    assert choose_setup(gguf, options, 16_000).repack is repack


def test_a_decision_on_another_number_of_questions_is_no_row():
    class Silent:
        def decide(self, q, u):
            return ()

    with pytest.raises(DecoderError, match="Phi decided 0 questions instead of 2"):
        phi.decide(Silent(), 2)


def test_every_way_has_its_row(root, small):
    command = [sys.executable, "benchmarks/phi.py", str(small), "--threads", "1", "--turns", "1"]

    done = run(command, cwd=root, capture_output=True, text=True, check=True)

    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if "|" in line]
    tokens = rows.pop(11)
    assert re.fullmatch(r"naive, \d{3} tokens read and \d{3} written", tokens)
    assert rows == [
        "way", "---",
        "naive free decoding", "naive, its instruction already evaluated",
        "judge, 2 of 6 open, state made now", "judge, 2 of 6 open, state saved",
        "judge, 6 of 6 open, state made now", "judge, 6 of 6 open, state saved",
        "fluent, 6 of 6 open, state saved",
        "process", "---", "ours",
        "the bundle's own Phi", "---", "judge, 2 of 6 open, from no process to the decisions",
    ]  # fmt: skip

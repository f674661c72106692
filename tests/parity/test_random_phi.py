"""GGUF files of published shapes with random weights load and answer like any other."""

import math
from dataclasses import replace

import pytest
from needs import needs
from stand_ins import sentence

from radscr_edge.contract import sha256_of
from radscr_edge.records import Missed, Polarity
from radscr_runtime import Options
from radscr_runtime.bench import peak_mb
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.process import Model, PhiProcess
from radscr_runtime.decoders.setup import choose_setup, predicted_mb

gguf = needs("gguf")
llama = needs("radscr_runtime.decoders.llama")
random_phi = needs("random_phi")

PARAMETERS = {"phi-3.5-mini": 3_821_079_552, "phi-4-mini": 3_836_021_760}
"""As their publisher counts them."""


@pytest.fixture(params=list(random_phi.MODELS))
def small(request, tmp_path):
    """One layer of a quarter of the width, 5 to 7 MB."""
    path = tmp_path / f"{request.param}.gguf"
    shapes = random_phi.reduced(random_phi.MODELS[request.param], 1, 768, 4096)
    random_phi.write(path, shapes, random_phi.SHIPPED)
    return path


def kinds_of(path):
    return {one.name: one.tensor_type for one in gguf.GGUFReader(path).tensors}


def test_the_process_of_phi_decides_with_it(small):
    phi = PhiProcess(Model(small, sha256_of(small), check_gguf(small)), Options(budget_s=60.0))
    u = Missed(sentence("costophrenic angle blunting", Polarity.UNCERTAIN), 0.5, 0.3)

    (decision,) = JudgeDecoder(phi).decide([sentence("pleural effusion")], [u])

    phi.close()
    assert decision.decided_by == "phi"
    assert math.isfinite(decision.log_odds)


def test_a_large_vocabulary_is_part_of_the_predicted_peak(tmp_path):
    path = tmp_path / "talkative.gguf"
    shapes = random_phi.reduced(random_phi.MODELS["phi-4-mini"], 1, 768, 90_000)
    random_phi.write(path, shapes, random_phi.SHIPPED)
    gguf = check_gguf(path)
    predicted = predicted_mb(gguf, replace(choose_setup(gguf, Options(), 4000), repack=False))
    options = Options(budget_s=60.0, memory_limit_mb=predicted)
    phi = PhiProcess(Model(path, sha256_of(path), gguf), options)

    phi.log_odds(["Is the heart large?"] * 3)

    peak = peak_mb(str(phi.pid))
    phi.close()
    assert predicted - 40 < peak < predicted


def test_it_is_asked_in_the_words_of_its_chat_template(small):
    said = check_gguf(small).chat_template

    asked = llama._applied(said)

    line = "\n" if "3.5" in small.name else ""
    assert asked == f"<|user|>{line}{llama.CONTENT}<|end|>{line}<|assistant|>{line}"


@pytest.mark.parametrize("name", list(random_phi.MODELS))
def test_the_full_shapes_have_the_published_number_of_weights(name):
    shapes = random_phi.MODELS[name]

    weights = sum(math.prod(shape) for _, (_, shape) in random_phi.quantised(shapes))
    norms = sum(one.size for key, one in random_phi.unquantised(shapes) if "norm" in key)

    assert weights + norms == PARAMETERS[name]


@pytest.mark.parametrize("name", list(random_phi.MODELS))
def test_every_tensor_has_the_type_that_llama_cpp_chooses(name, tmp_path):
    ours, theirs = tmp_path / "ours.gguf", tmp_path / "theirs.gguf"
    shapes = random_phi.reduced(random_phi.MODELS[name], 8, 768, 1100)
    random_phi.write(ours, shapes, random_phi.SHIPPED)
    llama.llama_cpp.llama_log_set(llama.SILENCE, None)
    asked = llama.llama_cpp.llama_model_quantize_default_params()
    asked.ftype = llama.llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M
    asked.allow_requantize = True

    assert llama.llama_cpp.llama_model_quantize(bytes(ours), bytes(theirs), asked) == 0

    assert kinds_of(ours) == kinds_of(theirs)


@pytest.mark.parametrize("kind", list(random_phi.SCALES))
def test_random_blocks_are_weights_around_zero(kind):
    rng = random_phi.np.random.default_rng(0)

    blocks = random_phi.random_blocks(rng, kind, 256 * 2000)

    weights = gguf.quants.dequantize(blocks, kind)
    assert weights.std() == pytest.approx(random_phi.DEVIATION, rel=0.01)
    assert abs(weights.mean()) < random_phi.DEVIATION / 30


@pytest.mark.parametrize("name", list(random_phi.MODELS))
def test_the_same_file_is_written_every_time(name, tmp_path):
    shapes = random_phi.reduced(random_phi.MODELS[name], 1, 768, 1100)

    for copy in ("one", "two"):
        random_phi.write(tmp_path / copy, shapes, random_phi.SHIPPED)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()

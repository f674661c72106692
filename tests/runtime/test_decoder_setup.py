"""Phi is set up for the memory at hand, and gives way in plain words where it is too little."""

from dataclasses import replace

import pytest

from radscr_edge.errors import DecoderError
from radscr_runtime import Options
from radscr_runtime.decoders.gguf_check import Gguf
from radscr_runtime.decoders.setup import SPARE_MB, choose_setup, predicted_mb

MINI = Gguf(
    name="Phi-3.5-mini",
    layers=32,
    width=3072,
    heads=32,
    kv_heads=32,
    feed_forward=8192,
    context=131072,
    tokens=32064,
    weights=2_282 * 2**20,
    chat_template="",
)
"""Sizes of Phi-3.5-mini in Q4_K_M, 2.2 GiB."""


def test_plenty_of_memory_gives_the_fastest_setup():
    setup = choose_setup(MINI, Options(threads=2), 16_000)

    assert (setup.repack, setup.quantised_kv) == (True, False)
    assert (setup.threads, setup.threads_batch, setup.context) == (2, 2, 1024)


def test_threads_for_prompts_are_set_apart():
    setup = choose_setup(MINI, Options(threads=1, prompt_threads=2), 16_000)

    assert (setup.threads, setup.threads_batch) == (1, 2)


def test_weights_are_not_repacked_where_memory_is_tight():
    setup = choose_setup(MINI, Options(), 4_000)

    assert (setup.repack, setup.quantised_kv) == (False, False)
    assert predicted_mb(MINI, setup) <= 4_000 - SPARE_MB


def test_a_tighter_limit_quantises_the_context_too():
    setup = choose_setup(MINI, Options(memory_limit_mb=2_700), 16_000)

    assert (setup.repack, setup.quantised_kv) == (False, True)
    assert predicted_mb(MINI, setup) <= 2_700


def test_a_quantised_context_can_be_asked_for():
    assert choose_setup(MINI, Options(quantised_kv=True), 16_000).quantised_kv


def test_a_head_that_holds_no_whole_block_is_never_quantised():
    odd = replace(MINI, width=3200, heads=40, kv_heads=40)

    assert not choose_setup(odd, Options(quantised_kv=True), 16_000).quantised_kv


def test_the_context_is_no_longer_than_the_model_reads():
    assert choose_setup(replace(MINI, context=512), Options(), 16_000).context == 512


@pytest.mark.parametrize(("limit", "free"), [(1_000, 16_000), (None, 1_200)])
def test_too_little_memory_is_refused_with_the_numbers(limit, free):
    with pytest.raises(DecoderError, match=r"Phi needs 2\d{3} MB of memory; 1000 MB may be used"):
        choose_setup(MINI, Options(memory_limit_mb=limit), free)


def test_shared_heads_need_less_context_memory():
    fewer = replace(MINI, heads=24, kv_heads=8)
    setup = choose_setup(MINI, Options(), 16_000)

    assert predicted_mb(fewer, setup) < predicted_mb(MINI, setup)

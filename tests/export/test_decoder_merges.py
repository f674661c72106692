"""Lists to learn merging from: every joint is one that the runtime would offer."""

from __future__ import annotations

import numpy as np
import pytest

from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_export.decoder.examples import Words, taught_words
from radscr_export.decoder.merges import Merge, make_merges


@pytest.fixture(scope="module")
def words() -> Words:
    return taught_words(load_sentences(Role.FINDING), np.random.default_rng(0))


@pytest.fixture(scope="module")
def merges(words: Words) -> list[Merge]:
    return make_merges(words, 200, np.random.default_rng(1))


def test_every_choice_is_wanted_somewhere(merges: list[Merge]) -> None:
    wanted = {one.options[one.wanted][:2] for one in merges}

    assert wanted == {". ", "; ", ", "}
    assert all(len(one.options) > 1 for one in merges)


def test_the_prompt_is_the_list_and_the_prose_so_far(merges: list[Merge]) -> None:
    for one in merges:
        listed, _, prose = one.prompt.partition("\nProse:\n")
        before = prose.rsplit(". ", 1)[-1]

        assert listed.startswith("Report:\n")
        assert before
        assert not one.prompt.endswith((".", ";", ","))


def test_the_same_seed_gives_the_same_joints(words: Words, merges: list[Merge]) -> None:
    assert make_merges(words, 200, np.random.default_rng(1)) == merges

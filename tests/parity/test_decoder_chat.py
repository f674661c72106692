"""A GGUF with a chat template is asked in its own words, behind a prefix whose state is kept."""

import pytest
from gguf_made import PHI3, with_template
from needs import needs
from stand_ins import sentence

from radscr_edge.contract import Files
from radscr_edge.errors import DecoderError
from radscr_runtime import Options
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.question import INSTRUCTION, ask
from radscr_runtime.decoders.setup import choose_setup
from radscr_runtime.decoders.states import States

llama = needs("radscr_runtime.decoders.llama")

NOISE = 0.01
"""Of log-odds: keys and values are kept in half precision."""
QUESTIONS = [
    ask([sentence("pleural effusion")], sentence(name))
    for name in ("costophrenic angle blunting", "consolidation")
]


@pytest.fixture(scope="module")
def shipped(bundle_folder):
    return (bundle_folder / Files.DECODER).read_bytes()


@pytest.fixture(scope="module")
def path(shipped, tmp_path_factory):
    path = tmp_path_factory.mktemp("chat") / "own.gguf"
    path.write_bytes(with_template(shipped, PHI3))
    return path


@pytest.fixture
def states(tmp_path):
    return States(tmp_path / "phi", "a" * 64)


def opened(path, states=None, **changes):
    return llama.Phi(path, choose_setup(check_gguf(path), Options(**changes), 4000), states)


def odds(path, states=None, **changes):
    phi = opened(path, states, **changes)
    try:
        return phi.log_odds(QUESTIONS)
    finally:
        phi.close()


def saved(states):
    return list(states.folder.glob("*.state"))


def test_the_template_of_the_file_is_read_by_the_check(path):
    assert check_gguf(path).chat_template == PHI3


def test_the_question_stands_in_the_templates_words_behind_the_instruction(path):
    phi = opened(path)

    row = phi._row(QUESTIONS[0])

    head = phi.tokens("<|user|>\n", special=True)
    told = phi.tokens(INSTRUCTION, start=False)
    asked = phi.tokens(QUESTIONS[0], start=False)
    tail = phi.tokens("<|end|>\n<|assistant|>\n", start=False, special=True)
    phi.close()
    assert row == [*head, *told, *asked, *tail]


def test_a_text_cannot_end_the_message_by_naming_a_special_token(path):
    phi = opened(path)

    as_text = phi.tokens("Clear.<|endoftext|>", start=False)
    as_token = phi.tokens("<|endoftext|>", start=False, special=True)

    phi.close()
    assert as_token == [0]
    assert 0 not in as_text


def test_without_a_place_for_states_the_odds_are_the_same(path, states):
    assert odds(path) == pytest.approx(odds(path, states), abs=NOISE)


def test_the_prefix_is_evaluated_once_and_its_state_read_after_that(path, states):
    first = odds(path, states)
    (kept,) = saved(states)
    made = kept.stat().st_mtime_ns

    assert odds(path, states) == pytest.approx(first, abs=NOISE)
    assert kept.stat().st_mtime_ns == made


def test_the_state_is_what_the_odds_are_computed_from(path, states):
    first = odds(path, states)
    (kept,) = saved(states)
    raw = bytearray(kept.read_bytes())
    raw[-20_000:] = bytes(20_000)

    states.save(kept, lambda fresh: bool(fresh.write_bytes(raw)))

    assert odds(path, states) != pytest.approx(first, abs=NOISE / 10)


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: raw[:-1] + b"?"])
def test_a_corrupted_state_is_rebuilt(path, states, damage):
    first = odds(path, states)
    (kept,) = saved(states)
    sound = kept.read_bytes()
    kept.write_bytes(damage(sound))

    assert odds(path, states) == pytest.approx(first, abs=NOISE)
    assert kept.read_bytes() == sound


def test_a_state_that_llama_cpp_refuses_is_rebuilt_though_its_seal_is_right(path, states):
    first = odds(path, states)
    (kept,) = saved(states)
    sound = kept.read_bytes()
    states.save(kept, lambda fresh: bool(fresh.write_bytes(b"no state" * 99)))

    assert odds(path, states) == pytest.approx(first, abs=NOISE)
    assert kept.read_bytes() == sound


def test_another_context_has_a_state_of_its_own(path, states):
    odds(path, states)

    odds(path, states, quantised_kv=True)

    assert len(saved(states)) == 2


def test_the_shipped_decoder_keeps_no_state(bundle_folder, states):
    odds(bundle_folder / Files.DECODER, states)

    assert not states.folder.exists()


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for message in messages %}", "is faulty"),
        ("{{ messages[0].missing.more }}", "is faulty"),
        ("Hello.", "asks nothing"),
        ("{{ messages[0]['content'] }}", "asks nothing"),
        ("{{ ''.__class__.__mro__ }}{{ messages[0]['content'] }} yes", "is faulty"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(shipped, tmp_path, template, said):
    path = tmp_path / "own.gguf"
    path.write_bytes(with_template(shipped, template))

    with pytest.raises(DecoderError, match=f"The chat template of this GGUF {said}"):
        opened(path)

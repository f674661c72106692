"""A GGUF is untrusted: a damaged header is refused with its reason, and never by a crash."""

import struct
import tracemalloc

import pytest
from gguf_made import array_of, pair_of, small_phi, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from radscr_edge.contract import Files
from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.gguf_check import LONGEST_TEXT, check_gguf
from radscr_runtime.decoders.gguf_stream import MOST_ELEMENTS, MOST_TEXT
from radscr_runtime.decoders.setup import KV_BLOCK

SMALL, HEADER = small_phi()
"""A sound file, and the bytes before its tensors."""
SOUND = "is no sound Phi model: "


@pytest.fixture(scope="module")
def small():
    return SMALL


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("gguf") / "own.gguf"


def check(place, raw):
    place.write_bytes(raw)
    return check_gguf(place)


def refusal(place, raw):
    with pytest.raises(DecoderError, match=SOUND) as refused:
        check(place, raw)
    said = str(refused.value)
    assert said.startswith("own.gguf ")
    assert said.endswith("Copy the file again, or give another GGUF of the Phi-3 family.")
    return said


def outcome(place, raw):
    try:
        gguf = check(place, raw)
    except DecoderError as problem:
        return str(problem)
    return f"{gguf.layers} layers, {gguf.tokens} tokens"


def at(raw, offset, code, value):
    altered = bytearray(raw)
    struct.pack_into(f"<{code}", altered, offset, value)
    return bytes(altered)


def behind(raw, key, skip=0):
    """Offset of what follows a key's name and its type."""
    name = struct.pack("<Q", len(key)) + key.encode()
    return raw.index(name) + len(name) + 4 + skip


def test_a_sound_file_is_read(small, place):
    gguf = check(place, small)

    assert (gguf.layers, gguf.width, gguf.heads, gguf.kv_heads) == (3, 128, 4, 4)
    assert (gguf.tokens, gguf.context, gguf.head_width) == (1024, 1024, 32)
    assert gguf.chat_template == ""
    assert HEADER + gguf.weights == len(small)


def test_the_shipped_decoder_is_sound_and_small(bundle_folder):
    gguf = check_gguf(bundle_folder / Files.DECODER)

    assert gguf.head_width % KV_BLOCK == 0
    assert gguf.weights <= 17_000_000


@settings(max_examples=200)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_is_refused(small, place, share):
    assert SOUND in refusal(place, small[: int(share * len(small))])


@settings(max_examples=600)
@given(offset=st.integers(0, HEADER - 1), value=st.integers(0, 255))
def test_a_changed_byte_of_the_header_is_refused_or_harmless(small, place, offset, value):
    found = outcome(place, at(small, offset, "B", value))

    assert SOUND in found or found == "3 layers, 1024 tokens"


@settings(max_examples=200)
@given(offset=st.integers(0, HEADER - 8), value=st.integers(2**31, 2**64 - 1))
def test_a_huge_number_anywhere_is_refused_or_harmless(small, place, offset, value):
    found = outcome(place, at(small, offset, "Q", value))

    assert SOUND in found or found == "3 layers, 1024 tokens"


@settings(max_examples=100)
@given(raw=st.binary(max_size=200))
def test_what_only_starts_like_a_gguf_is_refused(place, raw):
    refusal(place, b"GGUF" + raw)


@pytest.mark.parametrize(
    ("offset", "code", "value", "said"),
    [
        (0, "I", 0, "it does not start with GGUF"),
        (4, "I", 1, "version 1; only versions 2 and 3"),
        (4, "I", 3 << 24, "only versions 2 and 3, little-endian, are read"),
        (8, "Q", 2**63, "9223372036854775808 tensors; at most 4096 are read"),
        (16, "Q", 2**64 - 1, "18446744073709551615 keys; at most 1024 are read"),
        (24, "Q", 2**40, "1099511627776 bytes in a text; at most 256 are read"),
    ],
)
def test_numbers_at_the_start_are_bounded(small, place, offset, code, value, said):
    assert said in refusal(place, at(small, offset, code, value))


@pytest.mark.parametrize(
    ("key", "skip", "code", "value", "said"),
    [
        ("general.architecture", 8, "4s", b"phi2", "its architecture is 'phi2', not 'phi3'"),
        ("phi3.block_count", 0, "I", 0, "phi3.block_count is 0"),
        ("phi3.block_count", 0, "I", 4, "'blk.3.attn_norm.weight' is missing"),
        ("phi3.embedding_length", 0, "I", 126, "4 and 4 heads do not share 126 columns"),
        ("phi3.embedding_length", 0, "I", 256, "'token_embd.weight' is of shape (128, 1024)"),
        ("phi3.attention.head_count", 0, "I", 2**31, "phi3.attention.head_count is 2147483648"),
        ("phi3.feed_forward_length", 0, "I", 255, "'blk.0.ffn_up.weight' is of shape (128, 512)"),
        ("tokenizer.ggml.model", -4, "I", 77, "'tokenizer.ggml.model' has the unknown type 77"),
        ("phi3.attention.head_count_kv", -4, "I", 9, "head_count_kv' has the wrong type 9"),
        ("tokenizer.ggml.tokens", -4, "I", 8, "'tokenizer.ggml.tokens' has the wrong type 8"),
        ("tokenizer.ggml.tokens", 4, "Q", 2**40, "elements in 'tokenizer.ggml.tokens'; at most"),
        ("tokenizer.ggml.tokens", 12, "Q", LONGEST_TEXT + 1, "bytes in a text of 'tokenizer"),
        ("token_embd.weight", 0, "Q", 127, "'token_embd.weight' is of shape (127, 1024)"),
        ("token_embd.weight", 0, "Q", 2**40, "has the impossible shape (1099511627776, 1024)"),
        ("token_embd.weight", 16, "I", 99, "'token_embd.weight' has the unknown type 99"),
        ("token_embd.weight", 20, "Q", 31, "starts at 31, which is not aligned"),
        ("token_embd.weight", 20, "Q", 2**21, "ends at"),
        ("output.weight", 20, "Q", 0, "overlap"),
        ("output_norm.weight", -4, "I", 5, "'output_norm.weight' has 5 dimensions"),
    ],
)
def test_every_field_that_llama_cpp_relies_on_is_checked(
    small, place, key, skip, code, value, said
):
    assert said in refusal(place, at(small, behind(small, key, skip), code, value))


MERGES, SCORES, KINDS = (f"tokenizer.ggml.{name}" for name in ("merges", "scores", "token_type"))


@pytest.mark.parametrize(
    ("key", "kind", "count", "width"),
    [(SCORES, 6, 1024, 4), (KINDS, 5, 1024, 4), (MERGES, 8, 9, 8)],
)
def test_what_belongs_to_the_tokens_is_read(place, key, kind, count, width):
    raw, _ = small_phi(more=array_of(key, kind, count, bytes(count * width)))

    assert check(place, raw).tokens == 1024


@pytest.mark.parametrize(
    ("key", "kind", "count", "width", "said"),
    [
        (SCORES, 6, 1, 4, "'tokenizer.ggml.scores' has 1 elements for 1024 tokens"),
        (SCORES, 0, 1024, 1, "the elements of 'tokenizer.ggml.scores' have the wrong type 0"),
        (KINDS, 5, 1, 4, "'tokenizer.ggml.token_type' has 1 elements for 1024 tokens"),
        (KINDS, 10, 1024, 8, "the elements of 'tokenizer.ggml.token_type' have the wrong type 10"),
        (MERGES, 0, 9, 1, "the elements of 'tokenizer.ggml.merges' have the wrong type 0"),
    ],
)
def test_arrays_that_llama_cpp_would_read_beyond_their_end_are_refused(
    place, key, kind, count, width, said
):
    raw, _ = small_phi(more=array_of(key, kind, count, bytes(count * width)))

    assert said in refusal(place, raw)


def test_tokens_that_are_no_texts_are_refused(place):
    raw, _ = small_phi(tokens=array_of("tokenizer.ggml.tokens", 0, 1024, bytes(1024)))

    assert "the elements of 'tokenizer.ggml.tokens' have the wrong type 0" in refusal(place, raw)


def test_all_arrays_together_are_bounded(place):
    half = MOST_ELEMENTS // 2
    halves = {key: array_of(key, 0, half, bytes(half)) for key in ("a.first", "a.second")}
    raw, _ = small_phi(**halves)

    assert f"{half} elements in 'a.second'; at most {half - 1024} are read" in refusal(place, raw)


def test_all_texts_together_are_bounded_and_none_is_kept_that_nobody_needs(place):
    text = "x" * LONGEST_TEXT
    many = {f"a.{number}": pair_of(f"a.{number}", text) for number in range(MOST_TEXT >> 20)}
    raw, _ = small_phi(**many)
    fewer, _ = small_phi(**dict(list(many.items())[:-1]))
    place.write_bytes(fewer)

    tracemalloc.start()
    check_gguf(place)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2 * LONGEST_TEXT
    assert f"more than {MOST_TEXT} bytes of text" in refusal(place, raw)


def test_the_same_key_twice_is_refused_also_where_it_is_not_kept(place):
    raw, _ = small_phi(first=pair_of("a.key", "x"), second=pair_of("a.key", "y"))

    assert "the key 'a.key' occurs twice" in refusal(place, raw)


def test_a_vocabulary_as_large_as_the_largest_is_read(place):
    pairs = b"".join(text_of(f"w{number} x") for number in range(200_064))
    raw, _ = small_phi(more=array_of(MERGES, 8, 200_064, pairs))

    assert check(place, raw).tokens == 1024


def test_a_file_of_one_of_several_parts_is_refused(small, place):
    old = struct.pack("<Q", 17) + b"general.file_type" + struct.pack("<II", 4, 1)
    new = struct.pack("<Q", 11) + b"split.count" + struct.pack("<II", 4, 2)
    head = small[:HEADER].rstrip(b"\0").replace(old, new)

    said = refusal(place, head.ljust(HEADER, b"\0") + small[HEADER:])

    assert "it is one of several parts; join them with llama-gguf-split --merge" in said


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DecoderError, match=r"own\.gguf cannot be read \(No such file"):
        check_gguf(tmp_path / "own.gguf")

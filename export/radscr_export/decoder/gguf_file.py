"""Writes a Phi-3 model and its tokenizer as a GGUF file that llama.cpp loads."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import gguf
import numpy as np
from tokenizers import Tokenizer
from torch import Tensor
from transformers import Phi3ForCausalLM

from radscr_edge.errors import TrainingError

LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.qkv_proj": "attn_qkv",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
"""Transformers' names and llama.cpp's; both keep q, k, v and gate, up fused in the same order."""
OUTER_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
}


def write_quantised(model: Phi3ForCausalLM, tokenizer: Tokenizer, path: Path) -> None:
    """Matrices in 8 bits (Q8_0) by llama.cpp's own quantiser, norms as float32.

    Raises TrainingError where llama-cpp-python is missing or does not quantise.
    """
    try:
        import llama_cpp  # noqa: PLC0415  an extra, which only this needs
    except ImportError as problem:
        raise TrainingError(
            "llama-cpp-python is not installed, so the decoder cannot be quantised. "
            "Install the extra 'phi'."
        ) from problem
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0
    settings.nthread = 1
    silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.gguf"
        write_gguf(model, tokenizer, whole)
        llama_cpp.llama_log_set(silence, None)
        failed = llama_cpp.llama_model_quantize(os.fsencode(whole), os.fsencode(path), settings)
    if failed:
        raise TrainingError(f"llama.cpp did not quantise the decoder into {path}. Is there space?")


def write_gguf(model: Phi3ForCausalLM, tokenizer: Tokenizer, path: Path) -> None:
    """Matrices as float16, norms as float32."""
    writer = gguf.GGUFWriter(path, "phi3")
    _write_settings(writer, model)
    _write_tokenizer(writer, tokenizer)
    for name, value in _weights(model).items():
        _write_tensor(writer, _llama_name(name), value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_settings(writer: gguf.GGUFWriter, model: Phi3ForCausalLM) -> None:
    config = model.config
    writer.add_name("radscr-edge tiny phi")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_rope_freq_base(float(config.rope_theta))
    writer.add_vocab_size(config.vocab_size)


def _write_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    kinds = [gguf.TokenType.CONTROL] + [gguf.TokenType.NORMAL] * (len(tokens) - 1)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)


def _weights(model: Phi3ForCausalLM) -> dict[str, Tensor]:
    """Without a second copy of vectors that reading and saying a word share."""
    weights: dict[str, Tensor] = dict(model.state_dict())
    if model.config.tie_word_embeddings:
        del weights["lm_head.weight"]
    return weights


def _llama_name(name: str) -> str:
    stem, kind = name.rsplit(".", 1)
    if stem in OUTER_NAMES:
        return f"{OUTER_NAMES[stem]}.{kind}"
    _, _, layer, rest = stem.split(".", 3)
    return f"blk.{layer}.{LAYER_NAMES[rest]}.{kind}"


def _write_tensor(writer: gguf.GGUFWriter, name: str, value: Tensor) -> None:
    array = value.detach().float().numpy()
    writer.add_tensor(name, array if array.ndim == 1 else array.astype(np.float16))

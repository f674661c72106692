"""Dynamic int8 by Optimum's quantiser, of the kind that no processor saturates in."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import onnx
from optimum.onnxruntime import ORTQuantizer
from optimum.onnxruntime.configuration import AutoQuantizationConfig

from radscr_edge.contract import Files
from radscr_edge.ontology import FINDINGS


def quantise(folder: Path) -> Path:
    """Writes the int8 vision graph beside the fp32 one.

    Unsigned activations with signed weights are the fast kind, but saturate on AVX2 and AVX-512
    without VNNI unless the weights keep to 7 bits: hence `reduce_range`. Only products with weights
    are quantised; attention, LayerNorm, Softmax, GELU, convolutions, residual sums and the
    classifier's head stay in float.
    """
    source = folder / Files.VISION["fp32"]
    signed = AutoQuantizationConfig.avx512_vnni(
        is_static=False,
        per_channel=True,
        operators_to_quantize=["MatMul"],
        nodes_to_exclude=_left_in_float(source),
    )
    settings = replace(signed, reduce_range=True)
    quantiser = ORTQuantizer.from_pretrained(folder, file_name=source.name)
    with tempfile.TemporaryDirectory() as scratch:
        quantiser.quantize(save_dir=scratch, quantization_config=settings, file_suffix="int8")
        written = next(Path(scratch).glob("*.onnx"))
        target = folder / Files.VISION["int8"]
        target.write_bytes(written.read_bytes())
    return target


def _left_in_float(source: Path) -> list[str]:
    """Nodes that Optimum would quantise too: products of two activations, and the head's two."""
    graph = onnx.load(source).graph
    weights = {one.name: tuple(one.dims) for one in graph.initializer}
    names = []
    for node in graph.node:
        if node.op_type == "Gemm":  # the logits; the quantiser first makes a MatMul of that name
            names.append(f"{node.name}_MatMul")
        elif node.op_type == "MatMul" and weights.get(node.input[1], (0,))[-1] in (
            0,
            len(FINDINGS),
        ):
            names.append(node.name)
    return names

"""Dynamic int8 by Optimum's quantiser, in the kind that old processors compute without saturating."""

from __future__ import annotations

import tempfile
from pathlib import Path

from optimum.onnxruntime import ORTQuantizer
from optimum.onnxruntime.configuration import AutoQuantizationConfig

from radscr_edge.contract import Files


def quantise(folder: Path) -> Path:
    """Writes the int8 vision graph beside the fp32 one.

    Unsigned activations with signed weights are the fast kind, but saturate on AVX2 and AVX-512
    without VNNI unless the weights keep to 7 bits: hence `reduce_range`. Only matrix products are
    quantised; LayerNorm, Softmax, GELU, convolutions and residual sums stay in float.
    """
    source = folder / Files.VISION["fp32"]
    settings = AutoQuantizationConfig.avx2(
        is_static=False, per_channel=True, reduce_range=True, operators_to_quantize=["MatMul"]
    )
    quantiser = ORTQuantizer.from_pretrained(folder, file_name=source.name)
    with tempfile.TemporaryDirectory() as scratch:
        quantiser.quantize(save_dir=scratch, quantization_config=settings, file_suffix="int8")
        written = next(Path(scratch).glob("*.onnx"))
        target = folder / Files.VISION["int8"]
        target.write_bytes(written.read_bytes())
    return target

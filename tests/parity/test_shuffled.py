"""A network with shuffled weights does not pass for the shipped one on the golden samples."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from golden import LESIONS, caught, lesion_of
from onnx import numpy_helper

from radscr_edge.contract import Files
from radscr_runtime import Options, Reader
from radscr_runtime.networks import OnnxNetworks


def shuffle_weights(source: Path, target: Path) -> None:
    """Every matrix and kernel keeps its values but not their places."""
    model = onnx.load(source)
    rng = np.random.default_rng(3)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim > 1:
            mixed = rng.permutation(values.ravel()).reshape(values.shape)
            tensor.CopyFrom(numpy_helper.from_array(mixed, tensor.name))
    onnx.save(model, target)


def test_shuffled_weights_do_not_find_what_the_shipped_ones_find(
    bundle_folder: Path, samples: Path, tmp_path: Path
) -> None:
    lesions = json.loads((samples / "lesions.json").read_text(encoding="utf-8"))
    name = Files.VISION["fp32"]
    shutil.copy(bundle_folder / Files.PROPOSAL, tmp_path)
    shuffle_weights(bundle_folder / name, tmp_path / name)

    with Reader.open(bundle_folder, Options(decoder="plain", variant="fp32")) as reader:
        mixed = OnnxNetworks(replace(reader.bundle, folder=tmp_path), "fp32", threads=1)
        shuffled = replace(reader, networks=mixed)
        passed = [
            [
                caught(one.read(samples / sample), finding, lesion_of(lesions, sample, finding))
                for sample, finding in LESIONS
            ]
            for one in (reader, shuffled)
        ]

    assert all(passed[0])
    assert sum(passed[1]) < len(LESIONS) / 2  # thresholds are low: one may be met by chance

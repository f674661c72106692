"""The graphs as files: self-contained, and quantised in the kind that no processor saturates in."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from radscr_edge.contract import Files, Tensors
from radscr_edge.ontology import FINDINGS
from radscr_export.to_onnx import OPSET

UNTOUCHED = ("LayerNormalization", "Softmax", "Gelu", "Conv", "Erf")
GRAPHS = (*Files.VISION.values(), Files.PROPOSAL)


@pytest.fixture(params=["exported", "shipped"])
def folder(request: pytest.FixtureRequest, bundle_folder: Path) -> Path:
    if request.param == "shipped":
        return bundle_folder
    return request.getfixturevalue("exported").folder


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_one_file_without_external_data(name: str, folder: Path) -> None:
    graph = onnx.load(folder / name, load_external_data=False).graph

    assert all(one.data_location == TensorProto.DEFAULT for one in graph.initializer)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_keeps_to_the_opset_that_it_was_written_for(name: str, folder: Path) -> None:
    imported = {one.domain: one.version for one in onnx.load(folder / name).opset_import}

    assert imported[""] == OPSET
    assert not set(imported) - {"", "ai.onnx", "com.microsoft", "ai.onnx.ml"}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_names_its_tensors_as_the_contract_does(name: str, folder: Path) -> None:
    graph = onnx.load(folder / name).graph

    names = ([one.name for one in graph.input], [one.name for one in graph.output])

    if name == Files.PROPOSAL:
        rows = [Tensors.GRIDS, Tensors.GRID_OF_ROW, Tensors.REGIONS, Tensors.CONCEPTS]
        assert names == (rows, [Tensors.VECTORS])
    else:
        assert names == ([Tensors.IMAGE], [Tensors.FEATURES, Tensors.LOGITS, Tensors.SALIENCY])


def test_int8_weights_keep_to_seven_bits(folder: Path) -> None:
    graph = onnx.load(folder / Files.VISION["int8"]).graph
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}

    products = [node for node in graph.node if node.op_type == "MatMulInteger"]
    weights = [stored[node.input[1]] for node in products]

    # 255 * 64 * 2 = 32640 still fits the 16 bits in which processors without VNNI add two products.
    assert products
    for weight in weights:
        assert weight.dtype == np.int8
        assert -64 <= weight.min() <= weight.max() <= 64


def test_int8_activations_are_unsigned(folder: Path) -> None:
    graph = onnx.load(folder / Files.VISION["int8"]).graph
    quantised = {node.output[0] for node in graph.node if node.op_type == "DynamicQuantizeLinear"}

    products = [node for node in graph.node if node.op_type == "MatMulInteger"]

    # DynamicQuantizeLinear gives uint8 by its definition.
    assert {node.input[0] for node in products} <= quantised


def test_what_is_sensitive_stays_in_float(folder: Path) -> None:
    fp32, int8 = (
        Counter(node.op_type for node in onnx.load(folder / Files.VISION[name]).graph.node)
        for name in ("fp32", "int8")
    )

    assert {kind: fp32[kind] for kind in UNTOUCHED} == {kind: int8[kind] for kind in UNTOUCHED}
    assert fp32["LayerNormalization"] > 0
    assert fp32["Softmax"] > 0


def test_only_products_with_weights_are_quantised_and_the_head_is_not(folder: Path) -> None:
    graph = onnx.load(folder / Files.VISION["fp32"]).graph
    weights = {one.name: one.dims[-1] for one in graph.initializer if len(one.dims) == 2}
    products = [weights.get(node.input[1]) for node in graph.node if node.op_type == "MatMul"]
    with_weights = [width for width in products if width not in (None, len(FINDINGS))]

    kinds = Counter(node.op_type for node in onnx.load(folder / Files.VISION["int8"]).graph.node)

    assert 0 < len(with_weights) < len(products)
    assert kinds["MatMulInteger"] == len(with_weights)


def test_the_int8_graph_is_smaller(bundle_folder: Path) -> None:
    fp32, int8 = ((bundle_folder / Files.VISION[name]).stat().st_size for name in ("fp32", "int8"))

    assert int8 < 0.5 * fp32

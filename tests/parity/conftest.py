"""A small model with random weights, exported: parity needs no training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from export.tiny_pack import tiny_preset

from radscr_edge.contract import Bundle, Shapes, Variant
from radscr_edge.imaging import letterbox
from radscr_edge.records import Bytes, Side
from radscr_export.model.radscr import RadSCR
from radscr_export.phantoms import KINDS, draw_phantom
from radscr_export.quantise import quantise
from radscr_export.to_onnx import write_graphs

SIZE = 64
TEXT_WIDTH = 16


@dataclass(frozen=True)
class Exported:
    """A model in torch and the folder with its graphs."""

    model: RadSCR
    folder: Path
    bundle: Bundle
    """The shipped bundle in all but its folder and shapes: enough to open networks with."""


@pytest.fixture(scope="session")
def images() -> Bytes:
    """(4, 1, 1, S, S): phantoms as the network gets them."""
    drawn = [draw_phantom(seed, KINDS[seed % len(KINDS)], Side.LEFT, 256) for seed in range(4)]
    return np.stack([letterbox(phantom.pixels, SIZE) for phantom in drawn])


@pytest.fixture(scope="session")
def exported(
    bundle_folder: Path, images: Bytes, tmp_path_factory: pytest.TempPathFactory
) -> Exported:
    folder = tmp_path_factory.mktemp("exported")
    model = random_model(torch.from_numpy(images[:, 0]))
    write_graphs(model, SIZE, folder)
    quantise(folder)
    preset = tiny_preset()
    shapes = Shapes(SIZE, SIZE // 16, preset.encoder.feature_width, preset.text.vector_width)
    variants = {name: Variant(name, 0.0, {}) for name in ("int8", "fp32")}
    shipped = Bundle.open(bundle_folder)
    return Exported(
        model, folder, replace(shipped, folder=folder, shapes=shapes, variants=variants)
    )


def random_model(images: torch.Tensor) -> RadSCR:
    """Seeded weights, with the statistics of its normalisations taken from some images."""
    torch.manual_seed(0)
    model = RadSCR(tiny_preset(), TEXT_WIDTH)
    model.classifier.linear.weight.data.normal_(std=0.3)
    model.train()
    with torch.no_grad():
        for _ in range(30):
            model.see(images)
    return model.eval()

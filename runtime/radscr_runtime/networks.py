"""The two networks of a bundle on this machine; the only importer of onnxruntime."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

# Must be set before the first import, or it has no effect.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

from radscr_edge.contract import Bundle, Files, Tensors, Variant
from radscr_edge.errors import BundleError
from radscr_edge.records import Bytes, Floats, Grid
from radscr_runtime.golden import Replay, recall, remember


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Inputs of one PropEncoder call."""

    grids: Floats
    """(G, P, D)."""
    grid_of_row: np.ndarray
    """(R,) int64."""
    regions: Floats
    """(R, P)."""
    concepts: Floats
    """(R, N + 1)."""


class Networks(Protocol):
    """What the stages need of the networks."""

    @property
    def image_size(self) -> int:
        """S."""

    def see(self, image: Bytes) -> Grid:
        """V, logits and W of a letter-boxed radiograph (1, 1, S, S)."""

    def propose(self, rows: Rows) -> Floats:
        """(R, d) vectors of unit length."""


class OnnxNetworks:
    """Networks computed by onnxruntime on the CPU."""

    def __init__(self, bundle: Bundle, variant: str, threads: int) -> None:
        self._bundle = bundle
        self._threads = threads
        self.variant: Variant = bundle.variants[variant]
        self._vision = self._session(Files.VISION[variant])

    @property
    def image_size(self) -> int:
        """S."""
        return self._bundle.shapes.image_size

    def see(self, image: Bytes) -> Grid:
        """V, logits and W of a letter-boxed radiograph (1, 1, S, S)."""
        names = [Tensors.FEATURES, Tensors.LOGITS, Tensors.SALIENCY]
        features, logits, saliency = self._vision.run(names, {Tensors.IMAGE: image})
        return Grid(features, logits, saliency)

    def propose(self, rows: Rows) -> Floats:
        """(R, d) vectors of unit length."""
        feed = {
            Tensors.GRIDS: rows.grids,
            Tensors.GRID_OF_ROW: rows.grid_of_row,
            Tensors.REGIONS: rows.regions,
            Tensors.CONCEPTS: rows.concepts,
        }
        vectors: Floats = self._proposal.run([Tensors.VECTORS], feed)[0]
        return vectors

    def replay(self) -> Replay:
        """Computes the golden images again: how far this machine is from the one that exported."""
        with np.load(self._bundle.path(Files.GOLDEN)) as golden:
            expected = golden[f"logits.{self.variant.name}"]
            found = np.stack([self.see(image[None]).logits for image in golden["image"]])
        return Replay(float(np.abs(found - expected).max()), self.variant.tolerance)

    @cached_property
    def _proposal(self) -> Any:
        return self._session(Files.PROPOSAL)

    def _session(self, name: str) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # an arena keeps the peak of a run for good
        path = self._bundle.path(name)
        try:
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as problem:  # the errors of onnxruntime share no nearer base
            raise BundleError(
                f"{path}: onnxruntime {onnxruntime.__version__} cannot load this network "
                f"({type(problem).__name__}). Install the pinned version, or build it again."
            ) from problem


def open_networks(bundle: Bundle, variant: str, threads: int) -> tuple[OnnxNetworks, str]:
    """The first variant that computes the golden images as its maker did, and what was passed over.

    `variant` names one; empty: the bundle's order of preference. Raises BundleError where the
    bundle has no such variant, or none is computed correctly by this machine.
    """
    if variant and variant not in bundle.variants:
        known = ", ".join(bundle.variants)
        raise BundleError(f"{bundle.name} has no network variant {variant!r}; it has {known}.")
    failures: list[str] = []
    for name in [variant] if variant else list(bundle.variants):
        networks = OnnxNetworks(bundle, name, threads)
        if _trusted(networks, bundle, name):
            return networks, " ".join(failures)
        failures.append(f"This processor computes the {name} network differently; it was not used.")
    raise BundleError(
        f"{bundle.name}: this processor computes none of its networks as their maker did "
        "(golden images differ). Read on another machine, and report its processor."
    )


def _trusted(networks: OnnxNetworks, bundle: Bundle, variant: str) -> bool:
    known = recall(bundle.digest, variant, onnxruntime.__version__)
    if known is not None:
        return known
    good = networks.replay().good
    remember(bundle.digest, variant, onnxruntime.__version__, good)
    return good

"""Proves that a network's answers depend on the image: swapped, shifted, blank and noise images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from radscr_edge.claims import Profile
from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import StudyError
from radscr_edge.imaging.gate import check_plausible
from radscr_edge.records import Bytes, Floats, Presence
from radscr_runtime.classify import classify
from radscr_runtime.networks import OnnxNetworks

SHIFT: Final = 0.02
"""Share of the image's side by which it is shifted."""
PERCENTILE: Final = 95


@dataclass(frozen=True, slots=True)
class Canary:
    """What one network variant made of images that it should, or should not, tell apart."""

    variant: str
    swap: float
    """Median over pairs of golden images of the mean change of the 37 probabilities."""
    shift: float
    """95th percentile of that change when an image is shifted by SHIFT in one of 8 directions."""
    accepted: tuple[str, ...]
    """Blank and noise images that the gate lets through."""
    confident: tuple[str, ...]
    """Those of which a finding is affirmed or denied under some profile, were they let through."""

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is wrong, one sentence each; nothing for a network that looks at its image."""
        told = []
        if not self.swap > self.shift:
            told.append(
                f"Another image changes the {self.variant} network's probabilities by "
                f"{self.swap:.4f} only; a shift by {SHIFT:.0%} already changes them by "
                f"{self.shift:.4f}."
            )
        told += [f"The gate lets an image of {name} through." for name in self.accepted]
        told += [
            f"The {self.variant} network is sure of a finding on an image of {name}."
            for name in self.confident
        ]
        return tuple(told)


def run_canary(bundle: Bundle, variant: str) -> Canary:
    """Puts the bundle's golden images, and blank and noise ones, to one of its networks."""
    networks = OnnxNetworks(bundle, variant, threads=1)
    with np.load(bundle.path(Files.GOLDEN)) as golden:
        images = golden["image"]
    answers = [_probabilities(networks, image) for image in images]
    shifts = [
        _change(answer, _probabilities(networks, shifted))
        for image, answer in zip(images, answers, strict=True)
        for shifted in _shifted(image)
    ]
    empty = dict(_empty(bundle.shapes.image_size))
    return Canary(
        variant=variant,
        swap=float(np.median([_change(*pair) for pair in combinations(answers, 2)])),
        shift=float(np.percentile(shifts, PERCENTILE)),
        accepted=tuple(name for name, image in empty.items() if _accepted(image)),
        confident=tuple(name for name, image in empty.items() if _sure(networks, image)),
    )


def _probabilities(networks: OnnxNetworks, image: Bytes) -> Floats:
    grid = networks.see(image[None])
    return np.array([one.probability for one in classify(grid, networks.variant)], np.float32)


def _change(one: Floats, other: Floats) -> float:
    return float(np.abs(one - other).mean())


def _shifted(image: Bytes) -> Iterator[Bytes]:
    """The image (1, S, S) moved in the 8 directions; its edge is repeated where it leaves."""
    step = max(1, round(SHIFT * image.shape[-1]))
    padded = np.pad(image, ((0, 0), (step, step), (step, step)), mode="edge")
    size = image.shape[-1]
    for down in (0, step, 2 * step):
        for across in (0, step, 2 * step):
            if (down, across) != (step, step):
                yield padded[:, down : down + size, across : across + size]


def _empty(size: int) -> Iterator[tuple[str, Bytes]]:
    """Images (1, S, S) that show nothing, with their names."""
    rng = np.random.default_rng(0)
    for name, grey in (("black", 0), ("grey", 128), ("white", 255)):
        yield name, np.full((1, size, size), grey, np.uint8)
    yield "even noise", rng.integers(0, 256, (1, size, size), np.uint8)
    bell = np.clip(rng.normal(128, 40, (1, size, size)), 0, 255)
    yield "bell-shaped noise", bell.astype(np.uint8)


def _accepted(image: Bytes) -> bool:
    try:
        check_plausible(image[0], "canary")
    except StudyError:
        return False
    return True


def _sure(networks: OnnxNetworks, image: Bytes) -> bool:
    """Whether any profile affirms or denies a finding of the image."""
    grid = networks.see(image[None])
    said = {
        one.presence for profile in Profile for one in classify(grid, networks.variant, profile)
    }
    return not said.isdisjoint((Presence.PRESENT, Presence.ABSENT))

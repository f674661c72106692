"""What a frozen vision network says of the training films, kept in a file for the next training.

A thousand films at 256 pixels take about a quarter of a gigabyte.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from accelerate import PartialState
from numpy.typing import NDArray
from tqdm import tqdm

from radscr_edge.contract import Bundle, Files, sha256_of
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import Bytes
from radscr_export.data.augment import augment
from radscr_export.data.training_set import Studies, select
from radscr_runtime.networks import OnnxNetworks

LOOKS: Final = 2
"""Times that each film is seen: as it is, and augmented."""
THREADS: Final = 2


def vision_digest(bundle: Bundle) -> str:
    """SHA-256 of the vision network that a bundle prefers."""
    return sha256_of(bundle.path(Files.VISION[next(iter(bundle.variants))]))


def look(bundle: Bundle, studies: Studies, seed: int, cache: Path) -> NDArray[np.void]:
    """(LOOKS * n,) records of features V (P, D), logits (N,) and saliency W (N, P).

    First of n films as they are, then of the same augmented by `seed`; read from disk as they are
    used. They are computed once for a network, films and seed, and where that was stopped it goes
    on: the file in `cache` is named by the digest of all three.
    """
    key = sha256(f"{vision_digest(bundle)} {studies.digest()} {seed}".encode()).hexdigest()
    path, record, count = cache / f"{key[:32]}.looks", _record(bundle), LOOKS * len(studies.ids)
    # Of several processes of one training the first computes, and the others wait and read.
    with PartialState().main_process_first():
        if not path.is_file() or path.stat().st_size < count * record.itemsize:
            _extend(path, record, bundle, studies, seed)
    return np.memmap(path, record, "r", shape=(count,))


def _record(bundle: Bundle) -> np.dtype[Any]:
    patches, width = bundle.shapes.side**2, bundle.shapes.feature_width
    return np.dtype(
        [
            ("features", np.float16, (patches, width)),
            ("logits", np.float32, (len(FINDINGS),)),
            ("saliency", np.float16, (len(FINDINGS), patches)),
        ]
    )


def _extend(path: Path, record: np.dtype[Any], bundle: Bundle, studies: Studies, seed: int) -> None:
    """Appends the looks that the file lacks."""
    networks = OnnxNetworks(bundle, next(iter(bundle.variants)), THREADS)
    films = len(studies.ids)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        done = stream.tell() // record.itemsize
        stream.truncate(done * record.itemsize)
        for index in tqdm(
            range(done, LOOKS * films),
            desc="looking",
            unit="film",
            initial=done,
            total=LOOKS * films,
        ):
            turn, row = divmod(index, films)
            image = _varied(studies, row, seed) if turn else studies.images[row]
            grid = networks.see(image[None, None])
            seen = (grid.features, grid.logits, grid.saliency)
            stream.write(np.array([seen], record).tobytes())


def _varied(studies: Studies, row: int, seed: int) -> Bytes:
    """One film in another pose and exposure."""
    one = select(studies, np.array([row]))
    drawn = torch.from_numpy(np.stack([one.images, np.zeros_like(one.images)], axis=1))
    dice = np.random.default_rng([seed, row])
    image, _ = augment(drawn, torch.Generator().manual_seed(int(dice.integers(2**62))))
    varied: Bytes = image[0, 0].round().clamp(0, 255).to(torch.uint8).numpy()
    return varied

"""What the clinic's own reading of files accepts and refuses, on real pictures of every kind."""

from __future__ import annotations

import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from radscr_edge.errors import StudyCause, StudyError, TrainingError
from radscr_edge.imaging import DecodingWorker, load_radiograph
from radscr_export.data.labels import read_table
from radscr_export.evaluation.shares import share

ACCEPTED: Final = "accepted"
MENDED: Final = "accepted, turned or mirrored"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures of one kind, and what should become of them."""

    shard: str
    table: str
    accept: bool
    """True where they are upright frontal chest films."""
    split: bool
    """Whether the table has splits, of which only the one asked for is read."""


KINDS: Final[Mapping[str, Pictures]] = {
    "iu frontal": Pictures("iu_xray/iu_frontal.tar", "iu_xray/iu_images.csv", True, True),
    "nih frontal": Pictures("nih_cxr14/nih_images.tar", "nih_cxr14/nih_images.csv", True, True),
    "hannover frontal": Pictures(
        "external_hannover/hannover_images.tar",
        "external_hannover/hannover_images.csv",
        True,
        False,
    ),
    "iu lateral": Pictures("iu_xray/iu_lateral.tar", "iu_xray/iu_images.csv", False, True),
    "not a chest": Pictures(
        "ood_not_cxr/ood_images.tar", "ood_not_cxr/ood_images.csv", False, False
    ),
}
"""The gate learned from train splits of IU and NIH, never from Hannover or what is not a chest."""


def gates(data: Path, split: str) -> dict[str, Any]:
    """Kind -> share accepted or refused with Clopper-Pearson's interval, and counts by outcome.

    Every picture goes through the clinic's decoding worker as the file that it is. A data pack
    that lacks a kind gets None there: it was not measured.
    """
    with DecodingWorker() as worker:
        return {kind: _of_kind(pictures, data, split, worker) for kind, pictures in KINDS.items()}


def _of_kind(
    pictures: Pictures, data: Path, split: str, worker: DecodingWorker
) -> dict[str, Any] | None:
    if not (data / pictures.shard).is_file():
        return None
    outcomes = Counter(outcome_of(raw, name, worker) for name, raw in _files(pictures, data, split))
    accepted = outcomes[ACCEPTED] + outcomes[MENDED]
    count = outcomes.total()
    right = accepted if pictures.accept else count - accepted
    return {
        "should_be": "accepted" if pictures.accept else "refused",
        "right": asdict(share(right, count)),
        "outcomes": dict(outcomes.most_common()),
    }


def outcome_of(raw: bytes, name: str, worker: DecodingWorker) -> str:
    """What becomes of a file's bytes: accepted, accepted and moved, or the cause of refusal.

    Raises StudyError where the program itself failed: that is no refusal.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(raw)
        try:
            geometry = load_radiograph(path, worker).geometry
        except StudyError as refusal:
            if refusal.cause is StudyCause.INTERNAL:
                raise
            return refusal.cause.value
    return MENDED if geometry.quarter_turns or geometry.mirrored else ACCEPTED


def _files(pictures: Pictures, data: Path, split: str) -> Iterator[tuple[str, bytes]]:
    shard = data / pictures.shard
    wanted = {
        row["file"]
        for row in read_table(data / pictures.table)
        if row.get("shard", shard.name) == shard.name
        and (not pictures.split or row["split"] == split)
    }
    found = 0
    with tarfile.open(shard) as tar:
        for member in tqdm(tar, desc=f"gate: {shard.name}", unit="file"):
            name = Path(member.name).name
            stream = tar.extractfile(member) if name in wanted else None
            if stream is not None:
                found += 1
                yield name, stream.read()
    if found < len(wanted):
        raise TrainingError(
            f"{shard} lacks {len(wanted) - found} of the files that its table lists. "
            "Copy the pack again."
        )

"""The folder of one training run: what it is made of, and what happened to it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Protocol

import torch

from radscr_edge.errors import TrainingError
from radscr_edge.records import Bytes
from radscr_export.model.preset import Preset, recorded_preset

RECORD: Final = "run.json"
"""What a run is made of; two folders with the same one, and the same data, give the same weights.
"""
HISTORY: Final = "history.jsonl"
"""A line for every start of the run, with revision and packages, and for all data it saw."""
PACKAGES: Final = ("accelerate", "numpy", "opencv-python-headless", "torch", "transformers")


PRETRAINING: Final = "pretraining"
"""Folder in a run's folder where the encoder was pre-trained: checkpoint, logs and history."""


class Seen(Protocol):
    """Films that a training sees."""

    @property
    def images(self) -> Bytes:
        """(n, S, S)."""

    @property
    def sets(self) -> Iterable[str]:
        """The data sets that they come from."""

    def digest(self) -> str:
        """SHA-256 of all that training sees of them."""


@dataclass(frozen=True, slots=True)
class Run:
    """One training run: where it is kept and what it is made of."""

    folder: Path
    data: Path
    preset: Preset
    seed: int
    device: torch.device
    """Its type decides; which GPU of several is a process's own is for accelerate to say."""
    heads_of: str = ""
    """Whose heads alone are trained: SHA-256 of the vision network, and epochs; empty: all is."""
    save_steps: int = 0
    """Steps between checkpoints within an epoch; 0: by the clock alone."""
    save_minutes: float = 10.0


def start(folder: Path, data: Path, preset: Preset, seed: int, heads_of: str = "") -> Run:
    """A run in `folder`, new or to be continued, on CUDA where there is one.

    Raises TrainingError where the folder holds a run of another preset, seed or vision network.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return claim(Run(folder, data, preset, seed, device, heads_of))


def claim(run: Run) -> Run:
    """The run, once its folder says what it is made of; errors as `start`."""
    record = json.loads(json.dumps({"data": str(run.data), **_ingredients(run)}))
    path = run.folder / RECORD
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else record
    if {**before, "data": ""} != {**record, "data": ""}:
        raise TrainingError(f"{run.folder} holds a run with other settings. Choose another folder.")
    run.folder.mkdir(parents=True, exist_ok=True)
    if first_process():
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return run


def resume(folder: Path) -> Run:
    """The run of a folder as it was started; TrainingError where there is none."""
    path = folder / RECORD
    if not path.is_file():
        raise TrainingError(f"{folder} holds no run. Train one: radscr-export train --out {folder}")
    record = json.loads(path.read_text(encoding="utf-8"))
    if record["heads_of"]:
        raise TrainingError(
            f"{folder} holds heads for another bundle's vision, no whole model: radscr-export "
            "retrain goes on with them."
        )
    return start(folder, Path(record["data"]), recorded_preset(record["preset"]), record["seed"])


def describe(run: Run) -> dict[str, Any]:
    """All that made a run, for its bundle: seed, preset and history, but not where the data lie."""
    before = _history(run.folder / PRETRAINING)
    history = {"pretraining": before} if before else {}
    return {**_ingredients(run), **history, "history": _history(run.folder)}


def note_start(run: Run, processes: int) -> None:
    """Adds a start to the history: when, by what revision, with which packages and preset."""
    event = {
        "event": "start",
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": _revision(),
        "packages": {package: version(package) for package in PACKAGES},
        "device": run.device.type,
        "processes": processes,
        "threads": torch.get_num_threads(),
        "preset": asdict(run.preset),
    }
    _append(run.folder, event)


def note_data(run: Run, split: str, size: int, films: Seen) -> None:
    """Adds the digest of some data, and the data sets they come from, to the history.

    Raises TrainingError where the same split had another digest at that size when the run saw it
    last: continuing would give weights that no single set of data explains.
    """
    if not first_process():
        return
    digest = films.digest()
    for event in _history(run.folder):
        if (event["event"], event.get("split"), event.get("size")) == ("data", split, size):
            if event["digest"] != digest:
                raise TrainingError(
                    f"The {split} data at {run.data} are not those that {run.folder} was begun "
                    "with. Restore them, or train in another folder."
                )
            return
    seen = {"films": len(films.images), "digest": digest, "sets": list(films.sets)}
    _append(run.folder, {"event": "data", "split": split, "size": size, **seen})


def first_process() -> bool:
    """Whether this is the one process of a run that writes; torchrun numbers them."""
    return os.environ.get("RANK", "0") == "0"


def _ingredients(run: Run) -> dict[str, Any]:
    return {"seed": run.seed, "heads_of": run.heads_of, "preset": asdict(run.preset)}


def _history(folder: Path) -> list[dict[str, Any]]:
    path = folder / HISTORY
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _append(folder: Path, event: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / HISTORY).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(event) + "\n")


def _revision() -> str:
    """The commit of the check-out that this code lies in, '+' where changed; else empty."""
    here = Path(__file__)

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(here.parent), *words], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        # A package that was installed into somebody else's repository has no revision of its own.
        if not git("ls-files", "--error-unmatch", here.name):
            return ""
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
    except FileNotFoundError:
        return ""

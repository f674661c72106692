"""Saved states of Phi's constant prompt: in the cache, never trusted, rebuilt when in doubt."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

KEPT: Final = 2
"""Newest states that stay; one of a model of 4 billion parameters has tens of megabytes."""


@dataclass(frozen=True, slots=True)
class States:
    """The folder of the states of one model."""

    folder: Path
    model: str
    """SHA-256 of the GGUF."""

    def path(self, *parts: object) -> Path:
        """Where the state lies that only holds for this model and these parts."""
        text = json.dumps([self.model, *map(str, parts)])
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.state"

    def sound(self, path: Path) -> bool:
        """Whether a state is there and is what was saved; else it is removed."""
        try:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if _seal_of(path).read_text(encoding="ascii") == digest:
                return True
        except (OSError, ValueError):
            pass
        self.remove(path)
        return False

    def save(self, path: Path, write: Callable[[Path], bool]) -> None:
        """Keeps what `write` writes, whole or not at all; without a writable cache nothing."""
        fresh = path.with_suffix(f".{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if write(fresh):
                with fresh.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                fresh.replace(path)
                _seal_of(path).write_text(digest, encoding="ascii")
                self._prune()
        except OSError:
            self.remove(path)
        finally:
            _unlink(fresh)

    def remove(self, path: Path) -> None:
        """Forgets a state."""
        _unlink(path)
        _unlink(_seal_of(path))

    def _prune(self) -> None:
        """Leaves the newest states, and nothing else but what another process is writing."""
        states = sorted(self.folder.glob("*.state"), key=lambda one: -one.stat().st_mtime_ns)
        for old in states[KEPT:]:
            self.remove(old)
        for path in self.folder.iterdir():
            if _abandoned(path):
                _unlink(path)


def _abandoned(path: Path) -> bool:
    """Whether it is a seal without its state, or what a process left that ended while it saved."""
    if path.suffix == ".sha256":
        return not path.with_suffix(".state").exists()
    writer = path.suffix.removeprefix(".")
    return writer.isdecimal() and not psutil.pid_exists(int(writer))


def _seal_of(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # a cache that cannot be written holds nothing of ours to remove
        return

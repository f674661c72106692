"""What a person sees of a training: a bar with the time left, a CSV file, and TensorBoard."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from torch.utils.tensorboard import SummaryWriter

LOG: Final = "log.csv"
CURVES: Final = "tensorboard"
EVERY: Final = 10
"""Steps between two points of a curve."""

Value = str | int | float


class Journal:
    """The logs of one run's folder; cut back, when a run continues, to where it was saved."""

    def __init__(self, folder: Path, size: int, step: int) -> None:
        """Continues after the first `size` bytes of the CSV file and the first `step` steps."""
        self._path = folder / LOG
        if self._path.is_file():
            os.truncate(self._path, min(size, self._path.stat().st_size))
        self._curves = SummaryWriter(str(folder / CURVES), purge_step=step)

    @property
    def size(self) -> int:
        """Bytes of the CSV file."""
        return self._path.stat().st_size if self._path.is_file() else 0

    def point(self, step: int, figures: Mapping[str, float]) -> None:
        """Adds a point to the curves of these figures, every so many steps."""
        if step % EVERY == 0:
            self._draw(step, figures)

    def row(self, step: int, facts: Mapping[str, Value], figures: Mapping[str, float]) -> None:
        """Adds a row of facts and figures to the CSV file, and its figures to the curves."""
        rounded = {name: round(value, 5) for name, value in figures.items()}
        fresh = self.size == 0
        with self._path.open("a", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, [*facts, *figures])
            if fresh:
                writer.writeheader()
            writer.writerow({**facts, **rounded})
        self._draw(step, {f"epoch/{name}": value for name, value in figures.items()})

    def flush(self) -> None:
        """Puts on disk what is still in memory."""
        self._curves.flush()

    def close(self) -> None:
        """Ends the curves' file."""
        self._curves.close()

    def _draw(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            if not math.isnan(value):
                self._curves.add_scalar(name, value, step)

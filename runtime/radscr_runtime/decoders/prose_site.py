"""What trials of GGUFs as editors gave on this machine: a list by hash beside the bundle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from radscr_edge.contract import Bundle
from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.prose_trial import Trial, trial_digest
from radscr_runtime.sealed import path_beside, seal_of, write_sealed

FORMAT: Final = 2
MOST: Final = 0.5
"""Share of the lists that may fall back to their sentences; above it prose is not offered."""
LEAST_FITTING: Final = 0.75
"""Share of the choices at joints that must be those of the house's taste; below it likewise."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The trial of one GGUF in one mode."""

    sha256: str
    mode: str
    lists: int
    fallen: int
    choices: int
    """At joints; 0 of free prose."""
    fitting: int

    @property
    def fault(self) -> str:
        """Why prose is not offered for it; empty where it is."""
        if self.fallen > MOST * self.lists:
            return f"{self.fallen} of {self.lists} texts did not pass the check"
        if self.fitting < LEAST_FITTING * self.choices:
            return f"{self.fitting} of {self.choices} joints were what should stand there"
        return ""


def rates_path(bundle: Bundle) -> Path:
    """The file of a bundle's trials; it lies beside the folder."""
    return path_beside(bundle, "site-prose")


def save_rate(bundle: Bundle, sha256: str, mode: str, trial: Trial) -> Rate:
    """Records a trial in place of an earlier one; returns what was recorded."""
    rate = Rate(sha256, mode, trial.lists, trial.fallen, trial.choices, trial.fitting)
    others = [one for one in _load(bundle) if (one.sha256, one.mode) != (sha256, mode)]
    write_sealed(rates_path(bundle), FORMAT, _record(trial_digest(), [*others, rate]))
    return rate


def check_offered(bundle: Bundle, sha256: str, mode: str, name: str) -> None:
    """DecoderError where a GGUF was not tried in this mode, or did badly."""
    rate = next(
        (one for one in _load(bundle) if (one.sha256, one.mode) == (sha256, mode)),
        None,
    )
    if rate is None:
        raise DecoderError(
            f"Fluent text ({mode}) was not tried with the decoder {name!r}. "
            f"Try it: radscr-edge decoder test {name}."
        )
    if rate.fault:
        raise DecoderError(
            f"Fluent text ({mode}) is not offered for the decoder {name!r}: in the trial "
            f"{rate.fault}."
        )


def _load(bundle: Bundle) -> tuple[Rate, ...]:
    """The trials; none where there were none, or only with other lists than today's."""
    path = rates_path(bundle)
    if not path.is_file():
        return ()
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        rates = [Rate(**one) for one in record["rates"]]
        seal = seal_of(_record(record["lists"], rates))
        sound = record["format"] == FORMAT and record["digest"] == seal
        current = record["lists"] == trial_digest()
    except (KeyError, TypeError, ValueError) as problem:
        raise DecoderError(_damaged(path)) from problem
    if not sound:
        raise DecoderError(_damaged(path))
    return tuple(rates) if current else ()


def _record(lists: str, rates: Sequence[Rate]) -> dict[str, Any]:
    return {"lists": lists, "rates": [asdict(one) for one in rates]}


def _damaged(path: Path) -> str:
    return f"{path} is damaged or was altered. Remove it, and try the decoders again."

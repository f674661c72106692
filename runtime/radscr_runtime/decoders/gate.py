"""The gate that a Phi must pass before `auto` lets it decide: agreement with the decision set."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from radscr_edge.contract import Bundle
from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.decisions import (
    Labelled,
    digest_of,
    load_baselines,
    load_decisions,
    shipped_digest,
)
from radscr_runtime.decoders.judge import Oracle
from radscr_runtime.decoders.process import Model, PhiProcess
from radscr_runtime.decoders.setup import SEQUENCES
from radscr_runtime.operating import wilson
from radscr_runtime.options import Options

LEAST_ACCURACY: Final = 0.9
"""Share of the decision set that a Phi must decide as both readers did."""

BATCH_S: Final = 600.0
"""Seconds that one batch of questions may take, the loading of the model included."""
Tell = Callable[[int, int], None]
"""Hears how many decisions of how many are done."""


def untold(_done: int, _count: int) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one GGUF decided the decision set."""

    right: int
    """Decisions that agree with the labels."""
    count: int
    to_keep: int
    """Decisions whose label is keep."""
    start_s: float
    """Seconds from the start of the process to its first answers."""
    decision_ms: float
    """Milliseconds a decision after that."""
    questions: str
    """SHA-256 of what was asked and of the labels: see `digest_of`."""

    @property
    def accuracy(self) -> float:
        """The share that agrees."""
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy."""
        return wilson(self.right, self.count)

    @property
    def always_drop(self) -> float:
        """What dropping every candidate would score."""
        return 1.0 - self.to_keep / self.count

    @property
    def majority(self) -> float:
        """What the more frequent answer alone would score."""
        return max(self.always_drop, 1.0 - self.always_drop)

    @property
    def current(self) -> bool:
        """Whether the shipped set still asks what was asked."""
        return self.questions == shipped_digest()

    @property
    def passed(self) -> bool:
        """Whether it is good enough, and better than what needs no Phi.

        LEAST_ACCURACY is reached, the whole interval lies above both fixed answers, and the
        accuracy above that of the logistic regression and of the table that `plain` goes by, to
        the digits that are known of them.
        """
        without = load_baselines()
        beaten = round(self.accuracy, 3) > max(without.answers, without.logistic_regression)
        return beaten and self.accuracy >= LEAST_ACCURACY and self.interval[0] > self.majority

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"agrees with {self.right} of {self.count} decisions: {self.accuracy:.3f} "
            f"({low:.3f} to {high:.3f}); always keep or drop {self.majority:.3f}, always drop "
            f"{self.always_drop:.3f}, plain {load_baselines().answers:.3f}, a regression "
            f"{load_baselines().logistic_regression:.3f}; "
            f"{'passed' if self.passed else 'did not pass'}. Start and first answers "
            f"{self.start_s:.2f} s, then {self.decision_ms:.0f} ms a decision."
        )


def check_measured(bundle: Bundle) -> None:
    """DecoderError where the bundle's GGUF was not measured on the questions of the shipped set."""
    gate = bundle.training.get("decoder", {}).get("gate", {})
    if gate.get("questions") != shipped_digest():
        raise DecoderError(
            "The language model of the bundle was measured on other questions than this program "
            "asks. Measure it again: radscr-export decoder gate."
        )


def measure(model: Model, threads: int = 1, tell: Tell = untold) -> Verdict:
    """How a GGUF decides the shipped set, as a reading asks; errors as `run_gate`."""
    phi = PhiProcess(model, Options(threads=threads, budget_s=BATCH_S))
    try:
        return run_gate(phi, load_decisions(), tell)
    finally:
        phi.close()


def run_gate(phi: Oracle, decisions: Sequence[Labelled], tell: Tell = untold) -> Verdict:
    """How Phi decides; DecoderError where it gives no answer. `tell` hears of the progress.

    Asked are batches of as many as are evaluated at once, so that a limit of time is one of a
    batch.
    """
    odds: list[float] = []
    begun = started = time.perf_counter()
    for first in range(0, len(decisions), SEQUENCES):
        batch = decisions[first : first + SEQUENCES]
        odds += phi.log_odds([one.question for one in batch])
        started = started if first else time.perf_counter()
        tell(len(odds), len(decisions))
    later = len(decisions) - min(SEQUENCES, len(decisions))
    right = sum((found > 0.0) == one.keep for found, one in zip(odds, decisions, strict=True))
    return Verdict(
        right=right,
        count=len(decisions),
        to_keep=sum(one.keep for one in decisions),
        start_s=started - begun,
        decision_ms=1000.0 * (time.perf_counter() - started) / max(1, later),
        questions=digest_of(decisions),
    )

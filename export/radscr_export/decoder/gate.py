"""Decides on the decision set whether a bundle's manifest may name its language model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from radscr_edge.contract import Bundle, Files, sha256_of
from radscr_edge.errors import TrainingError
from radscr_runtime.decoders.decisions import load_baselines, load_labelling
from radscr_runtime.decoders.gate import Verdict, measure
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.process import Model


@dataclass(frozen=True, slots=True)
class Admission:
    """What the gate says of a GGUF."""

    decoder: str
    """What the manifest names: 'judge' where it passed, else 'plain'."""
    facts: dict[str, Any]
    """What the manifest holds of it."""


def admit(path: Path, made: Mapping[str, Any]) -> Admission:
    """Runs a GGUF through llama.cpp on the decision set, as a clinic's `decoder add` does.

    `made` is what is known of its making. Raises DecoderError where the GGUF is unsound or
    llama.cpp cannot run.
    """
    verdict = measure(Model(path, sha256_of(path), check_gguf(path)))
    low, high = verdict.interval
    gate = {
        "passed": verdict.passed,
        "questions": verdict.questions,
        "right": verdict.right,
        "decisions": verdict.count,
        "accuracy": round(verdict.accuracy, 3),
        "low": round(low, 3),
        "high": round(high, 3),
        "majority": round(verdict.majority, 3),
        "always_drop": round(verdict.always_drop, 3),
        **asdict(load_baselines()),
        **asdict(load_labelling()),
    }
    return Admission(named(verdict), {**made, "gate": gate})


def named(verdict: Verdict) -> str:
    """What the manifest names: 'judge' where the verdict passed."""
    return "judge" if verdict.passed else "plain"


def made_by(path: Path) -> dict[str, Any]:
    """What `decoder train` noted beside its GGUF; where that is of another file, its name alone."""
    note = path.with_suffix(".json")
    facts = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else {}
    known: dict[str, Any] = facts if facts.get("sha256") == sha256_of(path) else {}
    return known or {"source": path.name}


def gate_bundle(bundle: Bundle, decoder: Path | None) -> Bundle:
    """Measures a bundle's GGUF, or puts another in its place, and signs the manifest anew.

    Figures of reports stay as they were measured, with the fingerprint of what they were measured
    on. Raises TrainingError where there is no such file, or no GGUF to measure.
    """
    if decoder is not None and not decoder.is_file():
        raise TrainingError(f"{decoder} is missing. Give a GGUF file.")
    if decoder is None and not bundle.has_decoder:
        raise TrainingError(f"{bundle.folder} holds no GGUF. Give one: --decoder FILE.gguf.")
    own = bundle.path(Files.DECODER)
    made = bundle.training["decoder"] if decoder is None else made_by(decoder)
    admission = admit(decoder or own, made)
    if decoder is not None:
        shutil.copyfile(decoder, own)
    training = {**bundle.training, "decoder": admission.facts}
    return replace(bundle, decoder=admission.decoder, has_decoder=True, training=training).save()

"""Measures reading on this machine from the same stage hooks that a service listens to."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from radscr_runtime.machine import MIB, machine_card
from radscr_runtime.options import Options
from radscr_runtime.outputs import to_json, to_record
from radscr_runtime.reader import Reader
from radscr_runtime.timing import listen

PERCENTILES = (50, 95)


def bench(bundle: Path, studies: Sequence[Path], options: Options, repeat: int) -> dict[str, Any]:
    """Cold start, warm latency by stage and processor time in ms, and peak memory in MB.

    The cold start runs from opening the bundle to the first report. `studies` are read once
    unmeasured to warm up, then `repeat` times each. The decoding worker's processor time and
    memory count in every figure; pages that both processes share count twice in 'together'.
    """
    begun = time.perf_counter()
    with Reader.open(bundle, options) as reader:
        reader.read(studies[0])
        cold_ms = 1000 * (time.perf_counter() - begun)
        for study in studies[1:]:
            reader.read(study)
        rows, cpu_ms = [], []
        for study in [study for _ in range(repeat) for study in studies]:
            before = _processor_seconds(reader)
            rows.append(_one(reader, study))
            cpu_ms.append(1000 * (_processor_seconds(reader) - before))
        peaks = _peaks(reader)
        provenance, decoder = reader.provenance, reader.decoder.name
    return {
        "machine": machine_card(),
        "threads": options.threads,
        "decoder": decoder,
        "network": provenance.network_variant,
        "search": provenance.search,
        "readings": len(rows),
        "cold_start_ms": round(cold_ms, 1),
        "processor_ms": _spread(cpu_ms),
        "stages_ms": {name: _spread([row.get(name, 0.0) for row in rows]) for name in rows[0]},
        "peak_memory_mb": peaks,
    }


def bench_table(figures: Mapping[str, Any]) -> str:
    """The figures for a person."""
    lines = [
        f"{figures['machine']['processor']}, {figures['threads']} thread(s), "
        f"network {figures['network']}, search {figures['search']}, decoder {figures['decoder']}",
        f"{'cold start':16}{figures['cold_start_ms']:10.1f} ms",
        f"{'stage':16}{'p50 ms':>10}{'p95 ms':>10}",
    ]
    for name, spread in {**figures["stages_ms"], "processor": figures["processor_ms"]}.items():
        lines.append(f"{name:16}{spread['p50']:10.2f}{spread['p95']:10.2f}")
    peaks = ", ".join(f"{name} {size}" for name, size in figures["peak_memory_mb"].items())
    return "\n".join([*lines, f"peak memory in MB: {peaks}"])


def _one(reader: Reader, study: Path) -> dict[str, float]:
    begun = time.perf_counter()
    with listen() as seconds:
        report = reader.read(study)
    to_json(to_record(report))
    total = time.perf_counter() - begun
    return {name: 1000 * value for name, value in {**seconds, "report": total}.items()}


def _processor_seconds(reader: Reader) -> float:
    worker = psutil.Process(reader.worker.pid).cpu_times()
    return time.process_time() + float(worker.user) + float(worker.system)


def _peaks(reader: Reader) -> dict[str, int]:
    reader_mb = peak_mb("self")
    worker_mb = peak_mb(str(reader.worker.pid))
    return {"reader": reader_mb, "worker": worker_mb, "together": reader_mb + worker_mb}


def peak_mb(process: str) -> int:
    """Highest resident memory of a process so far (VmHWM)."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 // MIB


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {f"p{one}": round(float(np.percentile(values, one)), 2) for one in PERCENTILES}

"""What this machine is: the card that stands beside every figure."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil

from radscr_runtime.golden import processor

MIB = 2**20
FLAGS = ("sse4_2", "avx", "avx2", "f16c", "fma", "avx512f", "avx512_vnni", "avx_vnni", "asimd")
PACKAGES = (
    "radscr-edge",
    "onnxruntime",
    "hnswlib",
    "llama_cpp_python",
    "pydicom",
    "opencv-python-headless",
    "pillow",
    "pylibjpeg-openjpeg",
    "pylibjpeg-rle",
    "pyjpegls",
    "pylibjpeg-libjpeg",
)


def machine_card() -> dict[str, Any]:
    """Processor, its flags, memory, system and versions; nothing about users or patients."""
    memory = psutil.virtual_memory()
    return {
        "processor": processor(),
        "cores": psutil.cpu_count(logical=False) or os.cpu_count(),
        "threads": os.cpu_count(),
        "flags": _flags(),
        "memory_mb": memory.total // MIB,
        "free_memory_mb": memory.available // MIB,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _flags() -> list[str]:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            words = {
                word
                for line in lines
                if line.startswith(("flags", "Features"))
                for word in line.split()
            }
    except OSError:
        return []
    return [flag for flag in FLAGS if flag in words]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

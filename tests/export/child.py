"""Trains a pickled run in a process of its own: one to be killed, or one of several by torchrun."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import torch

from radscr_export.data import extras
from radscr_export.train import train

if __name__ == "__main__":
    extras.PHANTOMS = extras.PAINTED = 6
    run = pickle.loads(Path(sys.argv[1]).read_bytes())
    model = train(run)
    torch.save(model.state_dict(), run.folder / f"process-{os.environ.get('RANK', '0')}.pt")

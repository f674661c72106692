"""The loop itself: whatever stops it, and however many processes share it, the weights agree."""

from __future__ import annotations

import csv
import os
import pickle
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor, nn

from radscr_edge.errors import TrainingError
from radscr_export import engine
from radscr_export.checkpoint import NAME, load_checkpoint
from radscr_export.engine import Lesson, Part, schedule, teach
from radscr_export.model.preset import Phase
from radscr_export.run import Run
from radscr_export.train import finished, load_trained, train

WIDTH = 16
"""Of the tiny text encoder's token states."""
CHILD = Path(__file__).parent / "child.py"


def whole_log(run: Run) -> list[dict[str, str]]:
    """All rows of a run's log, without the times that they took."""
    with (run.folder / "log.csv").open(newline="") as stream:
        return [{**row, "seconds": ""} for row in csv.DictReader(stream)]


def assert_same_weights(one: Run, other: Run) -> None:
    expected, found = (load_checkpoint(run.folder) for run in (one, other))
    for part in ("model", "average"):
        for name, weights in expected[part].items():
            torch.testing.assert_close(found[part][name], weights, rtol=0, atol=0, msg=name)
    moments = [state["optimiser"]["state"] for state in (expected, found)]
    for index, values in moments[0].items():
        assert torch.equal(values["exp_avg_sq"], moments[1][index]["exp_avg_sq"])


def child(run: Run, *launcher: str) -> subprocess.Popen[bytes]:
    run.folder.mkdir(exist_ok=True)
    pickled = run.folder / "run.pickle"
    pickled.write_bytes(pickle.dumps(run))
    command = [sys.executable, *launcher, str(CHILD), str(pickled)]
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})


def test_a_run_that_was_killed_ends_with_the_weights_of_an_uninterrupted_one(
    run: Run, few_extras: None, tmp_path: Path
) -> None:
    killed = replace(run, folder=tmp_path / "run", save_steps=1)
    process = child(killed)
    saved: set[int] = set()
    while len(saved) < 5 and process.poll() is None:
        time.sleep(0.005)
        path = killed.folder / NAME
        saved |= {path.stat().st_mtime_ns} if path.is_file() else set()
    process.kill()
    process.wait()
    assert not finished(killed)

    train(killed)

    assert_same_weights(run, killed)
    assert whole_log(run) == whole_log(killed)


@pytest.mark.parametrize("checkpoints_before_the_end", [1, 5, 8])
def test_a_run_may_stop_within_an_epoch_or_between_two(
    run: Run, few_extras: None, checkpoints_before_the_end: int, tmp_path: Path
) -> None:
    stopped = replace(run, folder=tmp_path, save_steps=3)
    with pytest.MonkeyPatch.context() as patch:
        stop_after(checkpoints_before_the_end, patch)
        with pytest.raises(KeyboardInterrupt):
            train(stopped)

    train(stopped)

    assert_same_weights(run, stopped)
    assert whole_log(run) == whole_log(stopped)


def stop_after(checkpoints: int, patch: pytest.MonkeyPatch) -> None:
    saved = []

    def save_then_stop(folder: Path, state: dict[str, object]) -> None:
        save(folder, state)
        saved.append(folder)
        if len(saved) == checkpoints:
            raise KeyboardInterrupt

    save = engine.save_checkpoint
    patch.setattr(engine, "save_checkpoint", save_then_stop)


def test_two_processes_do_what_one_does_in_two_parts(
    run: Run, few_extras: None, tmp_path: Path
) -> None:
    # Where to point depends on running statistics, which two parts in turn leave otherwise.
    loss = replace(run.preset.loss, pointing_weight=0.0)
    preset = replace(run.preset, loss=loss, phases=(Phase(64, 1, 52, 1e-3, False),))
    shared = replace(run, folder=tmp_path / "shared", preset=preset)
    alone = replace(run, folder=tmp_path / "alone", preset=replace(preset, accumulate=2))
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")

    processes = child(shared, *torchrun)
    train(alone)

    assert processes.wait(timeout=240) == 0
    first, second = (torch.load(shared.folder / f"process-{rank}.pt") for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert load_checkpoint(shared.folder)["steps"] == 2
    together, in_turn = (load_checkpoint(one.folder)["model"] for one in (shared, alone))
    start = load_trained(replace(alone, folder=tmp_path / "nothing"), WIDTH).state_dict()
    assert distance(together, in_turn) < 0.01 * distance(in_turn, start)


def distance(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """Between all that is learned, without running statistics."""
    learned = [name for name in one if "running" not in name and "tracked" not in name]
    return float(sum(((one[name] - other[name]) ** 2).sum() for name in learned) ** 0.5)


def line(run: Run, losses: object, count: int = 8) -> Lesson:
    """A lesson of one epoch with batches of four."""
    return Lesson(
        facts={"phase": "line"},
        epochs=1,
        rate=0.1,
        batches=lambda rng: list(rng.permutation(count).reshape(-1, 4)) if count else [],
        losses=losses,
        weights={"square": 1.0},
    )


def square(model: nn.Linear, part: Part) -> dict[str, Tensor]:
    given = torch.from_numpy(part.rows).float()[:, None]
    return {"square": ((model(given) - 2 * given) ** 2).mean()}


@pytest.fixture
def small(run: Run, tmp_path: Path) -> Run:
    return replace(run, folder=tmp_path)


def test_two_parts_of_a_batch_give_the_gradient_of_the_whole(small: Run, tmp_path: Path) -> None:
    halves = replace(small, folder=tmp_path / "halves", preset=replace(small.preset, accumulate=2))
    ends = []
    for one in (small, halves):
        torch.manual_seed(0)
        ends.append(teach(one, nn.Linear(1, 1), [lambda: line(small, square)]).model)

    torch.testing.assert_close(ends[0].weight, ends[1].weight)


def test_a_batch_too_small_to_share_is_refused(small: Run) -> None:
    run = replace(small, preset=replace(small.preset, accumulate=3))

    with pytest.raises(TrainingError, match="A batch of 4 cannot be shared by 1 processes in 3"):
        teach(run, nn.Linear(1, 1), [lambda: line(run, square)])


def test_a_loss_that_is_no_number_stops_the_run_before_it_spoils_the_weights(small: Run) -> None:
    model = nn.Linear(1, 1)

    with pytest.raises(TrainingError, match="After 0 steps a loss is no longer a number"):
        teach(small, model, [lambda: line(small, lambda m, p: {"square": m.weight.sum() / 0})])

    assert torch.isfinite(model.weight).all()


def test_too_few_films_for_a_batch_are_told(small: Run) -> None:
    with pytest.raises(TrainingError, match="holds fewer training films than one batch"):
        teach(small, nn.Linear(1, 1), [lambda: line(small, square, count=0)])


def test_what_is_refreshed_is_held_until_the_next_time(small: Run) -> None:
    refreshed, seen = [], []

    def refresh(model: nn.Linear) -> dict[str, Tensor]:
        refreshed.append(1)
        return {"count": torch.tensor(float(len(refreshed)))}

    def watch(model: nn.Linear, part: Part) -> dict[str, Tensor]:
        seen.append(int(part.held["count"]))
        return square(model, part)

    lesson = replace(line(small, watch, count=20), refresh=refresh, refresh_every=2)
    teach(small, nn.Linear(1, 1), [lambda: lesson])

    assert seen == [1, 1, 2, 2, 3]


def test_a_checkpoint_of_another_version_is_not_continued(small: Run) -> None:
    torch.save({"format": 1}, small.folder / NAME)

    with pytest.raises(TrainingError, match="was trained by another version"):
        teach(small, nn.Linear(1, 1), [lambda: line(small, square)])


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    engine.save_checkpoint(tmp_path, {"weights": torch.zeros(1000)})
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole[: len(whole) // 2])

    with pytest.raises(TrainingError, match=r"checkpoint\.pt is damaged\. Delete it"):
        load_checkpoint(tmp_path)


def test_a_kill_while_saving_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    engine.save_checkpoint(tmp_path, {"steps": 7})
    (tmp_path / f"{NAME}.new").write_bytes(b"half of a file")

    assert load_checkpoint(tmp_path) == {"steps": 7}


def test_the_curves_hold_the_losses_of_the_steps_and_epochs(run: Run) -> None:
    curves = EventAccumulator(str(run.folder / "tensorboard"))
    curves.Reload()

    tags = set(curves.Tags()["scalars"])
    assert tags >= {"classifier", "retrieval", "epoch/classifier", "epoch/val_auroc"}
    assert len(curves.Scalars("epoch/classifier")) == 3


def test_the_rate_rises_then_falls_to_nothing() -> None:
    rates = [schedule(done, 0.1) for done in np.linspace(0, 1, 101)]

    assert int(np.argmax(rates)) == 10
    assert 0 < rates[0] < 0.05
    assert rates[-1] == pytest.approx(0)

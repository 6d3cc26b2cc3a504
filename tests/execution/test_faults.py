"""Faults that really happen to a run: each ends in a state with a sentence, and nothing is lost."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dlexplain.errors import RunError, UnknownName
from dlexplain.execution.checkpoints import newest_good, read_checkpoint
from dlexplain.execution.paths import checkpoint_folder, run_folder, weights_file
from dlexplain.execution.states import HEARTBEAT_SECONDS, RunRow, States
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.worker import work
from tests.execution.full_disk import full_disk
from tests.execution.small import (
    PICTURES,
    STEPS_AN_EPOCH,
    Curves,
    Homes,
    Probe,
    assert_same,
    at,
    curves,
    is_finite,
)
from tests.execution.test_checkpoints import flip, truncate

pytestmark = pytest.mark.usefixtures("probe")
SIGNALS = (signal.SIGTERM, signal.SIGINT)
HANDLERS = tuple(map(signal.getsignal, SIGNALS))
"""Before any run; a shell that starts tests in the background has them ignore SIGINT."""


@pytest.fixture(scope="module")
def home(new_home: Homes) -> Path:
    return new_home()


@pytest.fixture(scope="module")
def whole(home: Path, probe: None) -> Curves:
    """The curves of PICTURES without a fault."""
    return curves(home, inline_queue(home).submit(PICTURES))


@pytest.fixture
def interrupted(home: Path, probe: None) -> RunRow:
    """Stopped at step 15, with checkpoints of steps 6, 12 and 15."""
    with at(15, lambda net: os.kill(os.getpid(), signal.SIGTERM)):
        return inline_queue(home).submit(PICTURES)


def states_of(home: Path) -> States:
    return States(home / "runs.sqlite")


def fail(error: Exception) -> Callable[[Probe], None]:
    def act(net: Probe) -> None:
        raise error

    return act


@pytest.mark.parametrize("damage", [flip, truncate])
def test_a_damaged_newest_checkpoint(
    home: Path, interrupted: RunRow, whole: Curves, damage: Callable[[Path], None]
) -> None:
    folder = checkpoint_folder(home, interrupted.id)
    damage(folder / "latest-15.ckpt")
    row = inline_queue(home).resume(interrupted.id)
    assert row.state == "finished"
    assert row.progress["notes"] == [
        "latest-15.ckpt is damaged: its digest differs; going back to the one before"
    ]
    assert_same(curves(home, row), whole)


def test_all_checkpoints_damaged(home: Path, interrupted: RunRow) -> None:
    folder = checkpoint_folder(home, interrupted.id)
    files = list(folder.glob("*.ckpt"))
    for file in files:
        flip(file)
    row = inline_queue(home).resume(interrupted.id)
    assert (row.state, row.why) == (
        "failed",
        f"none of the {len(files)} checkpoints in {folder} can be used; launch the run anew",
    )


def test_a_moved_home_knows_its_best(
    home: Path, interrupted: RunRow, whole: Curves, new_home: Homes
) -> None:
    """The folder's name is in the checkpoints."""
    states = states_of(home)
    copy = states.add(PICTURES)
    checkpoint_folder(home, interrupted.id).rename(run_folder(home, copy.id).parent / "moving")
    run_folder(home, copy.id).mkdir()
    (run_folder(home, copy.id).parent / "moving").rename(checkpoint_folder(home, copy.id))
    states.move(copy.id, "cancelled", "to be resumed")
    row = inline_queue(home).resume(copy.id)
    assert (row.state, row.progress["notes"]) == ("finished", [])
    found = curves(home, row)
    assert found["test/loss"] == pytest.approx(whole["test/loss"], rel=1e-4)


def test_a_loss_that_is_no_number(home: Path) -> None:
    def poison(net: Probe) -> None:
        net.classifier[0].bias.data[:] = torch.nan

    with at(15, poison):
        row = inline_queue(home).submit(PICTURES)
    assert (row.state, row.why) == (
        "failed",
        "the loss became nan at step 15; the last good checkpoint, of step 12, is kept. "
        "Lower the learning rate, clip the gradient, or use float32",
    )
    good = newest_good(checkpoint_folder(home, row.id), pytest.fail)
    assert good is not None
    assert good.name == "latest-12.ckpt"
    assert is_finite(read_checkpoint(good)["state_dict"])
    assert max(curves(home, row)["train/loss"]) == 13  # of step 14, counted from 0


def test_a_loss_that_is_no_number_without_any_checkpoint(home: Path) -> None:
    def poison(net: Probe) -> None:
        shutil.rmtree(checkpoint_folder(home, states_of(home).all()[0].id))
        net.classifier[0].bias.data[:] = torch.nan

    with at(9, poison):
        row = inline_queue(home).submit(PICTURES)
    assert not list(checkpoint_folder(home, row.id).glob("*.ckpt"))
    assert (row.state, row.why) == (
        "failed",
        "the loss became nan at step 9; no checkpoint had been written yet. "
        "Lower the learning rate, clip the gradient, or use float32",
    )


def test_weights_that_are_no_numbers_are_not_saved(home: Path, whole: Curves) -> None:
    """The loss of the epoch's last step was good, what it did to the weights was not."""

    def overflow(net: Probe) -> None:
        net.classifier[3].bias.register_hook(lambda gradient: gradient * torch.inf)

    with at(2 * STEPS_AN_EPOCH, overflow):
        row = inline_queue(home).submit(PICTURES)
    assert row.state == "failed"
    assert row.why.startswith(
        "the weights are no numbers any more at step 12; "
        "the last good checkpoint, of step 6, is kept. "
    )
    good = newest_good(checkpoint_folder(home, row.id), pytest.fail)
    assert good is not None
    assert good.name == "latest-6.ckpt"
    row = inline_queue(home).resume(row.id)  # where the fault does not come again
    assert_same(curves(home, row), whole)


def test_an_unknown_model(home: Path) -> None:
    row = inline_queue(home).submit(replace(PICTURES, model="resnet99"))
    assert row.state == "failed"
    assert row.why.startswith('unknown model "resnet99"; known: ')


def test_a_device_that_is_not_there(home: Path) -> None:
    row = inline_queue(home).submit(replace(PICTURES, device="cuda:77"))
    assert row.state == "failed"
    assert "cuda:77" in row.why


def test_an_error_of_a_model_is_told_with_its_kind(home: Path) -> None:
    with at(9, fail(IndexError("out of range"))):
        row = inline_queue(home).submit(PICTURES)
    assert (row.state, row.why) == ("failed", "IndexError: out of range")
    assert (row.progress["step"], row.progress["notes"]) == (8, [])


def test_asked_to_end_while_data_is_prepared(home: Path, whole: Curves) -> None:
    with at(-1, lambda net: os.kill(os.getpid(), signal.SIGTERM)):
        row = inline_queue(home).submit(PICTURES)
    assert (row.state, row.why) == ("interrupted", "the worker was asked to end")
    assert not checkpoint_folder(home, row.id).exists()
    row = inline_queue(home).resume(row.id)
    assert_same(curves(home, row), whole)


def test_signals_are_given_back(home: Path, interrupted: RunRow) -> None:
    assert tuple(map(signal.getsignal, SIGNALS)) == HANDLERS
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_second_signal_does_not_wait(home: Path) -> None:
    def twice(net: Probe) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with at(9, twice):
        row = inline_queue(home).submit(PICTURES)
    assert (row.state, row.why) == ("interrupted", "the worker was asked to end")
    newest = newest_good(checkpoint_folder(home, row.id), pytest.fail)
    assert newest is not None
    assert newest.name == "latest-6.ckpt"


def test_a_second_worker_of_a_run_refuses(home: Path) -> None:
    states = states_of(home)
    row = states.add(PICTURES)
    states.move(row.id, "running", "for the test")
    states.started(row.id, os.getppid())
    before = states.get(row.id)
    with pytest.raises(RunError, match=f"has a worker already, process {os.getppid()}"):
        work(row.id, home)
    assert states.get(row.id) == before
    states.move(row.id, "cancelled", "for the test")
    with pytest.raises(RunError, match="is cancelled; only a running one has a worker"):
        work(row.id, home)
    with pytest.raises(UnknownName, match='unknown run "nothing"'):
        work("nothing", home)


def test_a_worker_whose_run_was_taken_stops_and_changes_nothing(home: Path) -> None:
    """Found silent for long, say, then deleted by its user."""
    states, found = states_of(home), {}

    def take_away(net: Probe) -> None:
        found["run"] = run = states.all()[0].id
        states.move(run, "interrupted", "it was silent")
        states.delete(run)

        time.sleep(2 * HEARTBEAT_SECONDS)  # until the worker has heard of it

    with at(9, take_away), pytest.raises(UnknownName):
        inline_queue(home).submit(PICTURES)
    run = found["run"]
    assert not weights_file(home, run).exists()
    kept = sorted(file.name for file in checkpoint_folder(home, run).glob("latest-*.ckpt"))
    assert kept == ["latest-6.ckpt"]


@pytest.mark.parametrize("place", ["home", "home/runs"])
def test_a_disk_that_is_full_for_a_while(
    tmp_path: Path, new_home: Homes, whole: Curves, place: str
) -> None:
    """The run goes on: what could not be written then is written at the next epoch's end."""
    with full_disk(tmp_path / place, megabytes=8) as disk:
        home = new_home(tmp_path / "home")
        with at(9, lambda net: disk.fill()) as then:
            then(15, lambda net: disk.free())
            row = inline_queue(home).submit(PICTURES)
        assert row.state == "finished"
        notes = row.progress["notes"]
        assert (
            f"checkpoint latest-12.ckpt could not be written ({disk.says}); "
            "the ones before it are kept"
        ) in notes
        kept = checkpoint_folder(home, row.id).glob("latest-*.ckpt")
        assert sorted(file.name for file in kept) == ["latest-18.ckpt", "latest-24.ckpt"]
        assert_same(curves(home, row), whole)


@pytest.mark.parametrize("place", ["home", "home/runs"])
def test_a_disk_that_stays_full(tmp_path: Path, new_home: Homes, whole: Curves, place: str) -> None:
    """The run ends with a sentence, its checkpoints are there, and with room it goes on."""
    with full_disk(tmp_path / place, megabytes=8) as disk:
        home = new_home(tmp_path / "home")
        # Where the states are on that disk too, the end is written down when there is room.
        room = threading.Timer(6 if place == "home" else 0, disk.free)
        with at(9, lambda net: (disk.fill(), place == "home" and room.start())):
            row = inline_queue(home).submit(PICTURES)
        if place != "home":
            room.start()
        room.join()
        assert (row.state, row.why) == (
            "failed",
            f"a file could not be read or written: {disk.says}; "
            "the last good checkpoint, of step 6, is kept",
        )
        newest = newest_good(checkpoint_folder(home, row.id), pytest.fail)
        assert newest is not None
        assert newest.name == "latest-6.ckpt"
        row = inline_queue(home).resume(row.id)
        assert row.state == "finished"
        assert_same(curves(home, row), whole)

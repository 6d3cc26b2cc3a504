"""A run that was stopped and resumed is the run that was not: every curve, every test metric."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dlexplain.execution.checkpoints import newest_good, read_checkpoint
from dlexplain.execution.paths import checkpoint_folder, chosen_file
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow, States
from dlexplain.services.training.inline import inline_queue
from tests.execution.small import (
    PICTURES,
    SERIES,
    STEPS,
    STEPS_AN_EPOCH,
    Curves,
    Homes,
    Probe,
    assert_same,
    at,
    curves,
    with_training,
)

VARIANTS = {
    "plain": PICTURES,
    "averaged, last": with_training(PICTURES, averaging=0.9, keep_best=False),
    "plateau": with_training(PICTURES, schedule="plateau", learning_rate=0.3, epochs=8),
    "clipped sgd": with_training(PICTURES, optimiser="sgd", momentum=0.9, clip=1.0),
}
pytestmark = pytest.mark.usefixtures("probe")


@pytest.fixture(scope="module")
def home(new_home: Homes) -> Path:
    return new_home()


def last_run(home: Path) -> str:
    return States(home / "runs.sqlite").all()[0].id


def cancel(home: Path) -> Callable[[Probe], None]:
    """Cancel the run, and return when its worker has read that."""

    def act(net: Probe) -> None:
        states = States(home / "runs.sqlite")
        asked = time.time()
        states.cancel(last_run(home))
        while (states.get(last_run(home)).heartbeat or 0) <= asked:
            time.sleep(0.01)
        time.sleep(0.2)

    return act


def terminate(net: Probe) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture(scope="module")
def whole(home: Path) -> Callable[[RunSpec], Curves]:
    """The curves of a spec's run that was not stopped."""
    known: dict[str, Curves] = {}

    def run(spec: RunSpec) -> Curves:
        if spec.to_json() not in known:
            row = inline_queue(home).submit(spec)
            assert (row.state, row.why) == ("finished", "trained and tested")
            known[spec.to_json()] = curves(home, row)
        return known[spec.to_json()]

    return run


def stopped_at(home: Path, spec: RunSpec, step: int, act: Callable[[Probe], None]) -> RunRow:
    with at(step, act):
        return inline_queue(home).submit(spec)


def test_the_same_spec_and_seed_give_the_same_curve(
    home: Path, whole: Callable[[RunSpec], Curves]
) -> None:
    first = whole(PICTURES)
    assert list(first["train/loss"]) == list(range(STEPS))
    assert list(first["validation/loss"]) == [
        STEPS_AN_EPOCH * (e + 1) - 1 for e in range(STEPS // STEPS_AN_EPOCH)
    ]
    again = curves(home, inline_queue(home).submit(PICTURES))
    assert again == first
    other = curves(home, inline_queue(home).submit(RunSpec(**{**PICTURES.to_dict(), "seed": 1})))
    assert other["train/loss"][0] != first["train/loss"][0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_stopped_in_mid_epoch_and_resumed(
    variant: str, home: Path, whole: Callable[[RunSpec], Curves]
) -> None:
    spec = VARIANTS[variant]
    row = stopped_at(home, spec, 9, terminate)
    assert (row.state, row.why) == ("interrupted", "the worker was asked to end; saved at step 9")
    kept = read_checkpoint(checkpoint_folder(home, row.id) / "latest-9.ckpt")
    assert kept["global_step"] == 9
    row = inline_queue(home).resume(row.id)
    assert row.state == "finished"
    assert_same(curves(home, row), whole(spec))


@pytest.mark.parametrize(("variant", "epochs"), [("plateau", 4), ("averaged, last", 2)])
def test_stopped_at_the_end_of_an_epoch_and_resumed(
    variant: str, epochs: int, home: Path, whole: Callable[[RunSpec], Curves]
) -> None:
    """Asked at the last batch, a run validates and saves first."""
    spec = VARIANTS[variant]
    row = stopped_at(home, spec, epochs * STEPS_AN_EPOCH, terminate)
    assert (row.state, row.why) == ("interrupted", "the worker was asked to end")
    latest = newest_good(checkpoint_folder(home, row.id), pytest.fail)
    assert latest is not None
    assert latest.name == f"latest-{epochs * STEPS_AN_EPOCH}.ckpt"
    row = inline_queue(home).resume(row.id)
    assert_same(curves(home, row), whole(spec))


def test_what_a_teacher_taught_goes_on_where_it_stopped(
    home: Path, whole: Callable[[RunSpec], Curves]
) -> None:
    teacher = inline_queue(home).submit(with_training(PICTURES, epochs=1)).id
    spec = replace(
        with_training(PICTURES, averaging=0.9, keep_best=False), task_params={"teacher": teacher}
    )
    expected = whole(spec)
    assert len(expected["train/distillation"]) == STEPS
    row = stopped_at(home, spec, 9, terminate)
    kept = read_checkpoint(checkpoint_folder(home, row.id) / "latest-9.ckpt")
    assert not [key for key in kept["state_dict"] if "teacher" in key]
    row = inline_queue(home).resume(row.id)
    assert_same(curves(home, row), expected)
    # Nobody will test the best epoch, so none is kept.
    assert not list(checkpoint_folder(home, row.id).glob("best-*"))
    assert list(checkpoint_folder(home, row.id).glob("latest-*.ckpt"))


def test_the_plateau_is_reached(whole: Callable[[RunSpec], Curves]) -> None:
    """Else the tests above would not see a schedule that forgets the fourth epoch."""
    losses = list(whole(VARIANTS["plateau"])["validation/loss"].values())
    assert losses[3] > min(losses[:3])
    rates = list(whole(VARIANTS["plateau"])["train/learning_rate"].values())
    assert rates[0] == pytest.approx(0.3)
    assert rates[-1] == pytest.approx(0.15)


def test_stopped_after_the_last_step_and_resumed(
    home: Path, whole: Callable[[RunSpec], Curves]
) -> None:
    spec = VARIANTS["averaged, last"]
    row = stopped_at(home, spec, STEPS, terminate)
    assert row.state == "interrupted"
    row = inline_queue(home).resume(row.id)
    assert row.state == "finished"
    assert_same(curves(home, row), whole(spec))


def test_cancelled_in_mid_epoch_and_resumed(home: Path, whole: Callable[[RunSpec], Curves]) -> None:
    row = stopped_at(home, PICTURES, 9, cancel(home))
    assert (row.state, row.why) == ("cancelled", "cancelled by the user; saved at step 9")
    found = curves(home, row)
    assert list(found["train/loss"]) == list(range(9))
    assert read_checkpoint(checkpoint_folder(home, row.id) / "latest-9.ckpt")["global_step"] == 9
    row = inline_queue(home).resume(row.id)
    assert_same(curves(home, row), whole(PICTURES))
    states = [change.state for change in States(home / "runs.sqlite").changes(row.id)]
    assert states == ["queued", "running", "cancelled", "queued", "running", "finished"]


@pytest.mark.parametrize("content", ["", "{cut", "[]", '{"batch": "many", "precision": "float32"}'])
def test_a_damaged_choice_of_batch_and_precision_is_made_anew(
    content: str, home: Path, whole: Callable[[RunSpec], Curves]
) -> None:
    row = stopped_at(home, PICTURES, 9, terminate)
    chosen_file(home, row.id).write_text(content)
    row = inline_queue(home).resume(row.id)
    assert (
        "what was chosen at its start cannot be read, and is chosen anew" in row.progress["notes"]
    )
    assert_same(curves(home, row), whole(PICTURES))


def test_a_forecaster_that_stopped_early_stays_stopped(home: Path) -> None:
    """Patience is in the checkpoint, so a run whose patience is spent has no further epoch."""
    spec = with_training(SERIES, patience=1, epochs=30, learning_rate=0.3, optimiser="sgd")
    row = inline_queue(home).submit(spec)
    assert row.state == "finished"
    validated = len(curves(home, row)["validation/loss"])
    assert validated < 30
    # As if it had been killed between its last checkpoint and the test.
    states = States(home / "runs.sqlite")
    copy = states.add(spec)
    source, target = checkpoint_folder(home, row.id), checkpoint_folder(home, copy.id)
    target.mkdir(parents=True)
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    states.move(copy.id, "cancelled", "to be resumed")
    copy = inline_queue(home).resume(copy.id)
    assert copy.state == "finished"
    found, expected = curves(home, copy), curves(home, row)
    assert found["test/loss"] == pytest.approx(expected["test/loss"])  # at the same step
    assert max(found["train/loss"]) == max(expected["train/loss"])

"""Runs in processes of their own: the queue, a dashboard that is killed, workers that are killed.

One story, since a worker needs seconds to start: a dashboard submits three runs and is killed. The
first run finishes and starts the second, which is killed in mid-epoch; so is the third, most
likely before MLflow, which takes seconds to open, knows of it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient

from dlexplain.errors import RunError
from dlexplain.execution.executor import devices, local_queue
from dlexplain.execution.paths import checkpoint_folder, log_file, tracking_file, weights_file
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.states import RunRow, States
from dlexplain.execution.store import Tracking
from dlexplain.services.training.inline import inline_queue
from tests.execution.rooms import room
from tests.execution.small import (
    PICTURES,
    SERIES,
    Curves,
    Homes,
    assert_same,
    curves,
    wait_until,
    with_training,
)

EPOCHS, RECORDED = 12, 2
CNN = replace(
    with_training(PICTURES, epochs=EPOCHS),
    model="cnn",
    data_params={"count": 400, "side": 32},
    model_params={"width": 16, "blocks": 3, "dense": 16, "dropout": 0.3},
)
"""25 steps an epoch."""
LSTM = with_training(SERIES, epochs=60, averaging=0.9, schedule="plateau")
DASHBOARD = """
import sys, time
from pathlib import Path
from dlexplain.execution.executor import local_queue
from dlexplain.execution.spec import RunSpec
queue = local_queue(Path(sys.argv[1]))
for spec in sys.argv[2:]:
    print(queue.submit(RunSpec.from_json(spec)).id, flush=True)
time.sleep(600)
"""


@dataclass
class Story:
    """Rows as they were when it happened, and MLflow's curves of what was killed."""

    home: Path
    submitted: list[RunRow]
    nice: int
    session: bool
    finished: RunRow
    killed: list[RunRow]
    reaped: list[RunRow]
    seconds: list[float]
    curves: list[Curves]
    resumed: list[RunRow]


@pytest.fixture(scope="module")
def story(new_home: Homes) -> Iterator[Story]:
    home = new_home()
    states = States(home / "runs.sqlite")
    dashboard = subprocess.Popen(
        [sys.executable, "-c", DASHBOARD, str(home), *(s.to_json() for s in (CNN, CNN, LSTM))],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "DLEXPLAIN_DEVICE": "cpu"},
    )
    assert dashboard.stdout is not None
    runs = [dashboard.stdout.readline().strip() for _ in range(3)]
    submitted = [states.get(run) for run in runs]
    dashboard.kill()
    dashboard.wait()
    dashboard.stdout.close()
    worker = psutil.Process(submitted[0].pid)
    try:
        wait_until(lambda: states.get(runs[0]).progress)
        nice, session = worker.nice(), os.getsid(worker.pid) == worker.pid
        wait_until(lambda: states.get(runs[0]).state != "running", 180)
        found = Story(home, submitted, nice, session, states.get(runs[0]), [], [], [], [], [])
        queue = local_queue(home)
        wait_until(lambda: has_recorded(home, states.get(runs[1])), 180)
        kill(queue, runs[1], found)
        wait_until(lambda: has_begun(states.get(runs[2])), 180)
        kill(queue, runs[2], found)
        queue.advance()
        found.resumed = [inline_queue(home).resume(run) for run in runs[1:]]
        yield found
    finally:
        for row in states.all():
            if row.state == "running" and row.pid and row.pid != os.getpid():
                psutil.Process(row.pid).kill()


def has_begun(row: RunRow) -> bool:
    assert row.state in ("queued", "running"), row.why
    return bool(row.progress.get("step"))


def has_recorded(home: Path, row: RunRow) -> bool:
    """Whether MLflow has some epochs of a run that is still at work."""
    if not has_begun(row) or not row.tracking:
        return False
    return len(Tracking(home).history(row.tracking, "validation/loss")) >= RECORDED


def kill(queue: RunQueue, run: str, story: Story) -> None:
    row = queue.states.get(run)
    assert row.pid is not None
    os.kill(row.pid, signal.SIGKILL)
    began, reaped = time.monotonic(), []
    while not reaped:  # as a page that looks now and then
        reaped = queue.advance()
        time.sleep(0.05)
    story.seconds.append(time.monotonic() - began)
    story.killed.append(row)
    story.reaped += reaped
    tracking = queue.states.get(run).tracking  # "" where it was killed before MLflow was open
    story.curves.append(curves(story.home, replace(row, tracking=tracking)) if tracking else {})


def test_one_run_a_device_the_others_wait(story: Story) -> None:
    assert [row.state for row in story.submitted] == ["running", "queued", "queued"]
    assert story.submitted[0].device == "cpu"
    changes = [States(story.home / "runs.sqlite").changes(row.id) for row in story.submitted]
    ended = {change.state: change.at for change in changes[0]}["finished"]
    second = {change.state: change for change in changes[1][:2]}["running"]
    assert second.at >= ended
    assert f"pid {story.finished.pid}" in second.who  # the first run's worker started it


def test_a_run_outlives_the_killed_dashboard(story: Story) -> None:
    assert (story.finished.state, story.finished.why) == ("finished", "trained and tested")
    assert weights_file(story.home, story.finished.id).exists()
    assert (story.nice, story.session) == (19, True)


def test_a_killed_worker_is_interrupted_within_fifteen_seconds(story: Story) -> None:
    assert [row.state for row in story.reaped] == ["interrupted"] * 2
    for row, killed, seconds in zip(story.reaped, story.killed, story.seconds, strict=True):
        assert row.why == f"its worker (process {killed.pid}) is gone"
        assert seconds < 15


def test_what_was_recorded_before_both_were_killed_is_there(story: Story) -> None:
    found = story.curves[0]
    recorded = sorted(found["train/loss"])
    assert recorded == list(range(len(recorded)))  # without a gap
    assert len(found["validation/loss"]) >= RECORDED
    for killed in story.killed:
        assert list(checkpoint_folder(story.home, killed.id).glob("latest-*.ckpt"))


def test_a_killed_and_resumed_picture_run_equals_the_whole_one(story: Story) -> None:
    row = story.resumed[0]
    assert (row.state, row.progress["notes"]) == ("finished", [])
    assert_same(curves(story.home, row), curves(story.home, story.finished))


def test_a_killed_and_resumed_forecaster_equals_the_whole_one(story: Story) -> None:
    row = story.resumed[1]
    assert (row.state, row.progress["notes"]) == ("finished", [])
    whole = inline_queue(story.home).submit(LSTM)
    expected = curves(story.home, whole)
    assert len(set(expected["train/learning_rate"].values())) > 1  # the plateau was reached
    assert_same(curves(story.home, row), expected)


def test_mlflow_can_be_told_of_those_that_were_killed(story: Story) -> None:
    client = MlflowClient(f"sqlite:///{tracking_file(story.home)}")
    assert client.get_run(story.finished.tracking).info.status == "FINISHED"
    for row in story.resumed:
        assert client.get_run(row.tracking).info.status == "FINISHED"
    Tracking(story.home).set_state(story.reaped[0])
    assert client.get_run(story.reaped[0].tracking).info.status == "KILLED"


def test_the_log_is_readable(story: Story) -> None:
    lines = log_file(story.home, story.finished.id).read_text().splitlines()
    told = [line.partition(" INFO ")[2] for line in lines]
    assert told[:3] == ["reading the data", "drawing 400 shapes for the train part",
                        "drawing 50 shapes for the validation part"]  # fmt: skip
    epochs = [line for line in told if line.startswith("epoch ")]
    assert len(epochs) == EPOCHS
    values = curves(story.home, story.finished)
    assert f"validation/loss {values['validation/loss'][24]:.4g}" in epochs[0]
    assert told[-3:] == ["testing", "saving", "finished: trained and tested"]
    assert all(told), lines  # neither warnings nor anything that is not ours


def test_a_finished_run_is_neither_resumed_nor_cancelled(story: Story) -> None:
    queue = local_queue(story.home)
    with pytest.raises(RunError, match="is finished; there is nothing to resume"):
        queue.resume(story.finished.id)
    with pytest.raises(RunError, match="only a queued or running one can stop"):
        queue.cancel(story.finished.id)


def test_a_queued_run_is_cancelled_before_it_began(tmp_path: Path) -> None:
    queue = local_queue(tmp_path)
    busy = queue.states.add(CNN)
    queue.states.take(room("cpu"))
    queue.states.started(busy.id, os.getpid())
    waiting = queue.submit(replace(CNN, device="cpu"))
    assert waiting.state == "queued"
    assert queue.cancel(waiting.id).state == "cancelled"


def test_a_worker_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    queue = local_queue(tmp_path)
    (tmp_path / "runs").write_text("in the way")
    row = queue.submit(replace(CNN, device="cpu"))
    assert row.state == "failed"
    assert row.why.startswith("its worker could not be started: ")


def test_devices_of_this_machine() -> None:
    assert devices()[-1] == "cpu"
    assert all(name == "cpu" or name.startswith(("cuda:", "mps")) for name in devices())

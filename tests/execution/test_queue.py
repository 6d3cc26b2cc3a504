"""The queue over executors: one made up, and a worker of this machine that hangs."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dlexplain.errors import RunError
from dlexplain.execution.executor import local_queue
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.states import RunRow
from tests.execution.rooms import room
from tests.execution.small import PICTURES


class Cluster:
    """An Executor of two places, whose workers do nothing."""

    def __init__(self) -> None:
        self.launched: list[str] = []
        self.stopped: list[str] = []
        self.lost: set[str] = set()
        self.refuses = False

    def room(self, wanted: str, busy: Sequence[str], workers: int) -> str | None:
        return next((place for place in ("node:0", "node:1") if place not in busy), None)

    def launch(self, row: RunRow) -> None:
        if self.refuses:
            raise OSError("no such node")
        self.launched.append(row.id)

    def stop(self, row: RunRow) -> None:
        self.stopped.append(row.id)
        self.lost.add(row.id)

    def is_alive(self, row: RunRow) -> bool:
        return row.id not in self.lost


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def told() -> list[Path]:
    return []


@pytest.fixture
def queue(tmp_path: Path, cluster: Cluster, told: list[Path]) -> RunQueue:
    return RunQueue(tmp_path, cluster, told.append)


def test_runs_start_where_there_is_room_the_first_first(queue: RunQueue, cluster: Cluster) -> None:
    rows = [queue.submit(PICTURES) for _ in range(3)]
    assert [(row.state, row.device) for row in rows] == [
        ("running", "node:0"), ("running", "node:1"), ("queued", ""),
    ]  # fmt: skip
    queue.states.move(rows[0].id, "finished", "trained")
    queue.advance()
    assert queue.states.get(rows[2].id).device == "node:0"
    assert cluster.launched == [row.id for row in rows]


def test_looking_starts_nothing(queue: RunQueue, cluster: Cluster, told: list[Path]) -> None:
    first, second, third = (queue.submit(PICTURES) for _ in range(3))
    told.clear()
    cluster.lost.add(first.id)
    assert [row.id for row in queue.reap()] == [first.id]
    assert queue.states.get(third.id).state == "queued"
    assert cluster.launched == [first.id, second.id]
    assert told == []
    queue.advance()
    assert cluster.launched[2:] == [third.id]
    assert told == [queue.home]


def test_a_lost_run_goes_on_and_a_finished_one_does_not(queue: RunQueue, cluster: Cluster) -> None:
    row = queue.submit(PICTURES)
    cluster.lost.add(row.id)
    queue.reap()
    assert queue.states.get(row.id).state == "interrupted"
    cluster.lost.clear()
    assert queue.resume(row.id).state == "running"
    queue.states.move(row.id, "finished", "trained")
    with pytest.raises(RunError, match="is finished; there is nothing to resume"):
        queue.resume(row.id)


def test_one_that_is_to_end_now_is_stopped(queue: RunQueue, cluster: Cluster) -> None:
    row = queue.submit(PICTURES)
    asked = queue.cancel(row.id)
    assert (asked.state, cluster.stopped) == ("running", [])
    ended = queue.cancel(row.id, now=True)
    assert (ended.state, cluster.stopped) == ("cancelled", [row.id])
    assert "without saving" in ended.why
    assert queue.resume(row.id).state == "queued" or cluster.launched[1:] == [row.id]


def test_what_waits_starts_where_one_was_ended(queue: RunQueue, cluster: Cluster) -> None:
    first, _, waiting = (queue.submit(PICTURES) for _ in range(3))
    queue.cancel(first.id, now=True)
    assert queue.states.get(waiting.id).state == "running"


def test_one_that_works_alone_leaves_the_others_waiting(tmp_path: Path, cluster: Cluster) -> None:
    queue = RunQueue(tmp_path, cluster, lambda home: None, alone=True)
    other = queue.states.add(PICTURES)
    asked = queue.submit(PICTURES)
    assert (asked.state, queue.states.get(other.id).state) == ("running", "queued")


def test_a_launch_that_fails_is_told(queue: RunQueue, cluster: Cluster) -> None:
    cluster.refuses = True
    row = queue.submit(PICTURES)
    assert (row.state, row.why) == ("failed", "its worker could not be started: no such node")


def test_a_worker_of_this_machine_that_hangs_is_ended(tmp_path: Path) -> None:
    queue = local_queue(tmp_path)
    row = queue.states.add(PICTURES)
    queue.states.take(room("cpu"))
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        queue.states.started(row.id, worker.pid)
        assert queue.cancel(row.id).state == "running"  # it is asked, and does not answer
        assert queue.cancel(row.id, now=True).state == "cancelled"
        assert worker.wait(10) == -9
    finally:
        worker.kill()

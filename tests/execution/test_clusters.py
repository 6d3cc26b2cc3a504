"""Runs on a real Ray cluster of this machine: run, cancel, resume, lost workers, nodes and room.

One story, since each attempt takes seconds to start. `plain` and `long` are trained at once; a
third asks for what no node has, a fourth waits for room and is cancelled. `long` is cancelled,
resumed, loses its worker here, is resumed, loses its node, and goes on by itself on another. `lost`
is on that node too, and is interrupted.
"""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
import torch

from dlexplain.execution import paths, process
from dlexplain.execution.clusters.following import WAITING
from dlexplain.execution.delivery import Answer
from dlexplain.execution.executor import RAY, Routed
from dlexplain.execution.files import saved_step
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.states import RunRow, States
from dlexplain.execution.store import Tracking
from dlexplain.services.training.inline import InlineExecutor
from dlexplain.settings import settings
from tests.execution.clusters import TestCluster, journal_curves
from tests.execution.small import PICTURES, assert_same, wait_until, with_training

PATIENCE = 600
"""Seconds: workers of lowest priority, on a machine that may be busy with other tests."""
PLAIN = replace(
    PICTURES,
    model="cnn",
    data="digits",
    data_params={"side": 8},
    training={**PICTURES.training, "batch_size": 64},
    device=RAY,
    resources={"cpus": 1},
)
"""20 steps an epoch; digits need no drawing, and a worker of lowest priority gives way."""
STEPS = 20 * 4
LONG = replace(
    with_training(PLAIN, epochs=240),
    model_params={"width": 16, "blocks": 2, "dense": 64, "dropout": 0.3},
    resources={"cpus": 1, "lost": "restart"},
)
ENDLESS = replace(with_training(LONG, epochs=1000), resources={"cpus": 1, "lost": "interrupted"})


def quiet_home(home: Path) -> Path:
    """Where nobody tells MLflow, which these runs are not about."""
    home.mkdir(parents=True, exist_ok=True)
    answer = Answer(Tracking(home).uri, "not asked here", pause=1e6, again=time.time() + 1e6)
    paths.tracker_file(home).write_text(json.dumps(vars(answer)))
    return home


@dataclass
class Story:
    """Rows as they were when it happened."""

    home: Path
    copies: Path
    plain: RunRow
    greedy: RunRow
    waited: RunRow
    at_once: list[str]
    cancelled: RunRow
    killed: RunRow
    pid: int
    left: list[int]
    lost: RunRow
    steps: list[int | None]
    long: RunRow


@pytest.fixture(scope="module")
def story(cluster: TestCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    home = quiet_home(tmp_path_factory.mktemp("home"))
    copies = tmp_path_factory.mktemp("copies")
    queue = RunQueue(home, Routed(home), lambda of: None)
    states = queue.states
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLEXPLAIN_RAY", cluster.address)
        patch.setenv("DLEXPLAIN_CHECKPOINTS", copies.as_uri())
        settings.cache_clear()
        try:
            yield told(queue, states, cluster, home, copies)
        finally:
            for row in states.all():
                if row.state == "running" and row.pid and psutil.pid_exists(row.pid):
                    os.kill(row.pid, signal.SIGKILL)
            for child in process._children:  # they have ended, or were killed
                child.wait(60)
    settings.cache_clear()


def told(queue: RunQueue, states: States, cluster: TestCluster, home: Path, copies: Path) -> Story:
    plain, long = queue.submit(PLAIN).id, queue.submit(LONG).id
    greedy = queue.submit(replace(PLAIN, resources={"cpus": 64, "memory_gb": 2.0})).id
    wait_until(lambda: trains(states, long), PATIENCE)
    at_once = [states.get(run).state for run in (plain, long)]
    queue.cancel(long)
    cancelled = ended(states, long)
    steps = [saved(home, long)]
    ended(states, plain)
    ended(states, greedy)

    queue.resume(long)
    wait_until(lambda: (saved(home, long) or 0) > (steps[0] or 0), PATIENCE)
    pid = states.get(long).pid
    assert pid is not None
    node = workers(long)
    assert len(node) == 1
    os.kill(pid, signal.SIGKILL)
    wait_until(queue.reap, PATIENCE)
    killed = states.get(long)
    steps.append(saved(home, long))
    wait_until(lambda: not psutil.pid_exists(node[0]), PATIENCE)
    left = workers(long)

    lost = queue.submit(ENDLESS).id
    wait_until(lambda: trains(states, lost), PATIENCE)
    waits = queue.submit(replace(PLAIN, resources={"cpus": 2})).id  # `lost` has one of two
    wait_until(lambda: states.get(waits).progress.get("phase") == WAITING, PATIENCE)
    queue.cancel(waits)
    ended(states, waits)
    queue.resume(long)  # last, since it has an end, which must not come before its node's
    wait_until(lambda: (saved(home, long) or 0) > (steps[1] or 0), PATIENCE)
    cluster.remove()
    ended(states, lost)
    steps.append(saved(home, long))
    cluster.add()
    return Story(
        home=home,
        copies=copies,
        plain=states.get(plain),
        greedy=states.get(greedy),
        waited=states.get(waits),
        at_once=at_once,
        cancelled=cancelled,
        killed=killed,
        pid=pid,
        left=left,
        lost=states.get(lost),
        steps=steps,
        long=ended(states, long),
    )


def trains(states: States, run: str) -> bool:
    row = states.get(run)
    assert row.state in ("queued", "running"), row.why
    return int(row.progress.get("step", 0)) > 0 and saved(states.file.parent, run) is not None


def saved(home: Path, run: str) -> int | None:
    return saved_step(paths.checkpoint_folder(home, run))


def ended(states: States, run: str) -> RunRow:
    def has() -> bool:
        states.reap()
        return not states.get(run).active

    wait_until(has, PATIENCE)
    return states.get(run)


def workers(run: str) -> list[int]:
    """Processes that train a run on a cluster; other tests may have some of their own."""
    return [
        found.pid
        for found in psutil.process_iter(["cmdline"])
        if {"dlexplain.services.training.on_node", run} <= {*(found.info["cmdline"] or ())}
    ]


def here(home: Path, spec: object) -> dict[str, dict[int, float]]:
    """The curves of the same run of this process."""
    quiet_home(home)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        queue = RunQueue(home, InlineExecutor(home), lambda of: None, alone=True)
        row = queue.submit(spec)  # type: ignore[arg-type]
    finally:
        torch.set_num_threads(threads)
    assert row.state == "finished", row.why
    return journal_curves(home, row.id)


def test_the_curve_is_that_of_this_machine_to_the_last_digit(story: Story, tmp_path: Path) -> None:
    assert (story.plain.state, story.plain.why) == ("finished", "trained and tested")
    expected = here(tmp_path, replace(PLAIN, device="cpu", resources={}))
    found = journal_curves(story.home, story.plain.id)
    assert len(expected["train/loss"]) == STEPS
    assert found == expected


def test_everything_comes_back_and_is_a_model(story: Story) -> None:
    home, run = story.home, story.plain.id
    card = json.loads(paths.card_file(home, run).read_text())
    assert card["spec"] == PLAIN.to_dict()
    assert card["metrics"]["test/loss"] == journal_curves(home, run)["test/loss"][STEPS]
    assert paths.weights_file(home, run).exists() and paths.results_file(home, run).exists()
    assert len(list(paths.pictures_folder(home, run).glob("*/*.png"))) == 8
    assert len(list(paths.checkpoint_folder(home, run).glob("latest-*.ckpt"))) == 2
    log = paths.log_file(home, run).read_text()
    assert "epoch 4 of 4" in log and "trains on node " in log
    assert story.plain.device == "ray" and story.plain.progress["step"] == STEPS


def test_runs_are_trained_at_once(story: Story) -> None:
    assert story.at_once in (["running", "running"], ["finished", "running"])
    first, second = (
        {change.state: change.at for change in States(paths.states_file(story.home)).changes(run)}
        for run in (story.plain.id, story.long.id)
    )
    assert second["running"] < first["finished"] or second["cancelled"] > first["running"]


def test_what_no_node_has_is_named(story: Story) -> None:
    assert story.greedy.state == "failed"
    assert "has 64 processors and 2 GB of memory; the largest of 2, " in story.greedy.why
    assert " has 2 processors and " in story.greedy.why


def test_one_for_which_there_is_no_room_waits_and_can_be_cancelled(story: Story) -> None:
    assert (story.waited.state, story.waited.why) == ("cancelled", "cancelled by the user")
    log = paths.log_file(story.home, story.waited.id).read_text()
    assert WAITING in log and "trains on" not in log


def test_a_cancelled_run_is_saved(story: Story) -> None:
    assert story.cancelled.state == "cancelled"
    assert story.cancelled.why.startswith("cancelled by the user")
    assert ", on node " in story.cancelled.why
    step, told = story.steps[0], story.cancelled.why.partition("saved at step ")[2]
    assert step  # between two epochs the last one is saved anyhow
    assert not told or step == int(told.split(",")[0])


def test_a_killed_worker_here_interrupts_and_ends_the_one_there(story: Story) -> None:
    assert story.killed.state == "interrupted"
    assert story.killed.why == f"its worker (process {story.pid}) is gone"
    assert story.left == []


def test_a_lost_node_is_named(story: Story) -> None:
    assert story.lost.state == "interrupted"
    assert story.lost.why.startswith("node ")
    assert " of the cluster is gone; the last good checkpoint, of step " in story.lost.why


def test_a_run_that_lost_everything_once_equals_the_whole_one(story: Story, tmp_path: Path) -> None:
    assert story.long.state == "finished"
    first, second, third = story.steps
    assert 0 < (first or 0) < (second or 0) < (third or 0)
    expected = here(tmp_path, replace(LONG, device="cpu", resources={}))
    assert_same(journal_curves(story.home, story.long.id), expected)


def test_one_that_is_to_restart_says_that_it_did(story: Story) -> None:
    (note,) = story.long.progress["notes"]
    assert " of the cluster is gone; " in note and note.endswith("; it goes on elsewhere")
    changes = States(paths.states_file(story.home)).changes(story.long.id)
    assert [change.state for change in changes][-2:] == ["running", "finished"]


def test_a_lost_machine_is_made_again_from_the_copies(story: Story, tmp_path: Path) -> None:
    shutil.copytree(story.copies, tmp_path / "runs")
    states = States(paths.states_file(tmp_path))
    found = {row.id: row for row in states.all()}
    states.reap()
    for row in (story.plain, story.long):
        assert states.get(row.id).state == "finished"
        assert found[row.id].spec == row.spec
        for name in ("model.safetensors", "card.json", "metrics.jsonl"):
            whole = paths.run_folder(story.home, row.id) / name
            assert (paths.run_folder(tmp_path, row.id) / name).read_bytes() == whole.read_bytes()
        here, there = (paths.checkpoint_folder(home, row.id) for home in (story.home, tmp_path))
        kept = sorted(file.name for file in here.glob("*.ckpt"))
        assert sorted(file.name for file in there.glob("*.ckpt")) == kept
        # A worker that is killed between the two may leave a digest whose checkpoint is gone.
        assert {f"{name}.sha256" for name in kept} <= {file.name for file in there.iterdir()}

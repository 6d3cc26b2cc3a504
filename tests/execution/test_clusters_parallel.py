"""Runs of two workers on a real Ray cluster, on one of its nodes and on two: the curve of one here.

One test is a story, since each attempt takes seconds to start: a run of two nodes is cancelled,
loses its second worker, then that one's node, each in mid-epoch, and is resumed each time.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from dlexplain.execution import others, paths, process
from dlexplain.execution.clusters.node import MODULE as NODE_MODULE
from dlexplain.execution.executor import RAY, Routed
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.inline import inline_queue
from tests.execution.clusters import TestCluster
from tests.execution.small import Curves, assert_same, wait_until, with_training
from tests.execution.test_clusters import PATIENCE, ended, quiet_home, saved, trains
from tests.services.test_parallel import ONE, learned

TWO = replace(ONE, device=RAY, resources={"cpus": 2, "workers": 2})
LONG = 30
"""Epochs, so that there is time to do something to a run."""
APART = replace(TWO, resources={**TWO.resources, "nodes": 2})


@pytest.fixture
def home(on_ray: str, tmp_path: Path) -> Iterator[Path]:
    """Whose runs may go to the cluster; none is left behind."""
    yield quiet_home(tmp_path)
    for child in process._children:
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
        child.wait(60)


@pytest.fixture
def two_nodes(cluster: TestCluster) -> Iterator[TestCluster]:
    cluster.add()
    yield cluster
    cluster.remove()


@pytest.mark.slow
def test_two_workers_of_a_node_have_the_curve_of_one_here(home: Path) -> None:
    assert_curve_of_one(home, trained(home, TWO))


def test_two_workers_of_two_nodes_have_the_curve_of_one_here(
    home: Path, two_nodes: TestCluster
) -> None:
    two = trained(home, APART)
    assert_curve_of_one(home, two)
    assert paths.log_file(home, two.id).read_text().count("trains on node ") == 2


@pytest.mark.slow
def test_a_run_of_two_nodes_that_was_cancelled_and_lost_one_goes_on_as_if_not(
    home: Path, two_nodes: TestCluster
) -> None:
    queue = RunQueue(home, Routed(home), lambda of: None)
    run = queue.submit(complete(with_training(APART, epochs=LONG))).id
    wait_until(lambda: trains(queue.states, run), PATIENCE)
    first, second = nodes_of(run)
    assert first != second
    queue.cancel(run)
    row = ended(queue.states, run)
    assert row.state == "cancelled" and row.why.count("node ") == 2, row.why
    wait_until(lambda: not processes_of(run), 60)

    row = without(queue, run, lambda: second_worker(run).kill())
    assert "worker 2 of 2 died (SIGKILL); the last good checkpoint, of step " in row.why
    row = without(queue, run, lambda: two_nodes.remove(second_worker(run)))
    assert " of the cluster is gone; the last good checkpoint, of step " in row.why

    two_nodes.add()
    queue.resume(run)
    assert_long_as_one(home, ended(queue.states, run))


@pytest.mark.slow
def test_a_run_of_two_nodes_that_lost_the_first_goes_on_elsewhere_by_itself(
    home: Path, two_nodes: TestCluster
) -> None:
    queue = RunQueue(home, Routed(home), lambda of: None)
    asked = {**APART.resources, "lost": "restart"}
    spec = with_training(replace(APART, resources=asked), epochs=LONG)
    run = queue.submit(complete(spec)).id
    wait_until(lambda: trains(queue.states, run), PATIENCE)
    (worker,) = [p for p in processes_of(run) if NODE_MODULE in p.info["cmdline"]]
    two_nodes.remove(worker)
    two_nodes.add()
    row = ended(queue.states, run)
    assert_long_as_one(home, row)
    (note,) = row.progress["notes"]
    assert " of the cluster is gone; " in note and note.endswith("; it goes on elsewhere")


def without(queue: RunQueue, run: str, act: Callable[[], object]) -> RunRow:
    """Resume it, do something to it when it has saved, and wait until it is interrupted."""
    before = saved(queue.home, run) or 0
    queue.resume(run)
    wait_until(lambda: (saved(queue.home, run) or 0) > before, PATIENCE)
    act()
    row = ended(queue.states, run)
    assert row.state == "interrupted", row.why
    wait_until(lambda: not processes_of(run), 60)
    return row


def assert_long_as_one(home: Path, two: RunRow) -> None:
    """It is finished, and its curve is that of one worker that nobody stopped."""
    assert two.state == "finished", two.why
    assert_same(learned(home, two.id), of_one(home, with_training(ONE, epochs=LONG)))


def trained(home: Path, spec: RunSpec) -> RunRow:
    """The run, to its end on the cluster."""
    queue = RunQueue(home, Routed(home), lambda of: None)
    row = ended(queue.states, queue.submit(complete(spec)).id)
    assert row.state == "finished", row.why
    wait_until(lambda: not processes_of(row.id), 60)
    return row


def assert_curve_of_one(home: Path, two: RunRow) -> None:
    """And that the card, and the log of the second worker, came back."""
    assert_same(learned(home, two.id), of_one(home, ONE))
    assert "worker 2 of 2 is ready" in paths.worker_log_file(home, two.id, 1).read_text()
    card = json.loads(paths.card_file(home, two.id).read_text())
    assert card["spec"]["resources"] == dict(two.spec.resources)


def of_one(home: Path, spec: RunSpec) -> Curves:
    """The curves of one worker in this process; in a home of its own, since who has followed a run
    to its end starts what is queued behind it."""
    own = quiet_home(home / "one")
    row = inline_queue(own).submit(complete(spec))
    assert row.state == "finished", row.why
    return learned(own, row.id)


def processes_of(run: str) -> list[psutil.Process]:
    """Those on the cluster and here that train it, or follow."""
    return [p for p in psutil.process_iter(["cmdline"]) if run in (p.info["cmdline"] or ())]


def second_worker(run: str) -> psutil.Process:
    (found,) = [p for p in processes_of(run) if others.MODULE in p.info["cmdline"]]
    return found


def nodes_of(run: str) -> list[int]:
    """The processes of Ray's whose nodes train it."""
    parents = [p.parents() for p in processes_of(run)]
    return sorted(one.pid for above in parents for one in above if one.name() == "raylet")

"""A run of two workers on a node of a real Ray cluster: the curve of one worker here."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from dlexplain.execution import paths, process
from dlexplain.execution.executor import RAY, Routed
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.states import RunRow
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.inline import inline_queue
from tests.execution.clusters import TestCluster, journal_curves
from tests.execution.small import assert_same
from tests.execution.test_clusters import ended, quiet_home
from tests.services.test_parallel import ONE

pytestmark = pytest.mark.slow


@pytest.fixture
def home(cluster: TestCluster, tmp_path: Path) -> Iterator[Path]:
    """Whose runs may go to the cluster; none is left behind."""
    home = quiet_home(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLEXPLAIN_RAY", cluster.address)
        yield home
    for child in process._children:
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
        child.wait(60)


def test_two_workers_of_a_node_have_the_curve_of_one_here(home: Path) -> None:
    one = inline_queue(home).submit(complete(ONE))
    queue = RunQueue(home, Routed(home), lambda of: None)
    spec = complete(replace(ONE, device=RAY, resources={"cpus": 2, "workers": 2}))
    two: RunRow = ended(queue.states, queue.submit(spec).id)
    assert two.state == "finished", two.why
    assert_same(journal_curves(home, two.id), journal_curves(home, one.id))
    assert paths.worker_log_file(home, two.id, 1).is_file()
    card = json.loads(paths.card_file(home, two.id).read_text())
    assert card["spec"]["resources"]["workers"] == 2
    left = [p for p in psutil.process_iter(["cmdline"]) if two.id in (p.info["cmdline"] or ())]
    assert left == []

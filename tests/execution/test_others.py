"""Workers of a run on other nodes: whom the first one wants there, and how it is told of them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dlexplain.execution import others, paths
from dlexplain.execution.clusters.node import NodeRun
from dlexplain.execution.crew import Crew
from dlexplain.execution.parallel import interface_of, meeting, opened
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.resources import Seat
from dlexplain.execution.rows import RunRow
from dlexplain.execution.states import States
from tests.execution.small import PICTURES, wait_until

FIRST = Seat(0, 6, 3)
"""Of six workers on three nodes."""


@pytest.fixture
def row(tmp_path: Path) -> RunRow:
    states = States(paths.states_file(tmp_path))
    states.add(PICTURES)
    taken = states.take(lambda wanted, busy, workers: "ray")
    assert taken is not None
    return taken


@pytest.fixture
def last(row: RunRow, tmp_path: Path) -> Iterator[NodeRun]:
    """The third node."""
    node = NodeRun(json.loads(paths.row_file(tmp_path, row.id).read_text())["row"])
    yield node
    node.clean()


def running(node: NodeRun) -> dict[int, psutil.Process]:
    there = {rank: one for rank, one in node._others.items() if one.poll() is None}
    return {rank: psutil.Process(one.pid) for rank, one in there.items()}


def test_workers_are_seated_node_by_node() -> None:
    seats = [Seat(rank, 6, 3) for rank in range(6)]
    assert [(seat.node, seat.local) for seat in seats] == [
        (0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1),
    ]  # fmt: skip


def test_a_node_has_its_own_workers_as_long_as_they_are_wanted(
    last: NodeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(others, "MODULE", "tests.execution.waiting")
    told = {"count": FIRST.count, "nodes": FIRST.nodes}
    assert others.wanted(tmp_path) is None
    abroad = others.Abroad(tmp_path)
    far = [abroad.begin(rank, told) for rank in (2, 3, 4, 5)]
    wanted = others.wanted(tmp_path)
    assert wanted is not None
    said = last.have(wanted, 2, "192.0.2.1")
    assert said["codes"] == {"4": None, "5": None}
    before = running(last)
    assert list(before) == [4, 5]
    assert json.loads(before[4].cmdline()[-1]) == {**told, "address": "192.0.2.1", "rank": 4}
    wait_until(lambda: last.have(wanted, 2, "192.0.2.1")["files"].get("log-6.txt", (0,))[0])
    assert running(last) == before  # said again, nothing begins again

    before[5].kill()
    wait_until(lambda: last.have(wanted, 2, "")["codes"]["5"])
    others.say_ends(tmp_path, abroad.crew, last.have(wanted, 2, "")["codes"])
    assert [one.poll() for one in far] == [None, None, None, -9]
    another = others.Abroad(tmp_path)
    assert another.begin(5, told).poll() is None  # of another crew nothing is known yet
    wanted = others.wanted(tmp_path)
    assert wanted is not None
    last.have(wanted, 2, "")
    assert list(running(last)) == [4, 5] and not set(running(last).values()) & set(before.values())

    another.end()
    wanted = others.wanted(tmp_path)
    assert wanted is not None and wanted["over"]
    assert last.have(wanted, 2, "")["codes"] == {"4": -9, "5": -9} and not running(last)


def test_what_a_worker_of_another_node_failed_at_is_known_to_the_first(
    row: RunRow, last: NodeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(others, "MODULE", "tests.services.failing_worker")
    meets, store = opened("127.0.0.1")
    crew = Crew(tmp_path, Reporter(States(paths.states_file(tmp_path)), tmp_path, row), FIRST,
                meets, store)  # fmt: skip
    abroad = others.Abroad(tmp_path)
    told = {"meets": meets, "count": FIRST.count, "nodes": FIRST.nodes}
    crew.others = {rank: abroad.begin(rank, told) for rank in (4, 5)}
    assert crew.lost() is None
    wanted = others.wanted(tmp_path)
    assert wanted is not None
    wait_until(lambda: all(last.have(wanted, 2, "")["codes"].values()))
    others.say_ends(tmp_path, abroad.crew, last.have(wanted, 2, "")["codes"])
    assert str(crew.lost()) == "worker 5 of 6: its disk is full"
    meeting(meets, FIRST.count).set("ready/4", "yes")
    assert store.check(["ready/4"])


def test_the_interface_is_that_of_the_address() -> None:
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    assert interface_of("127.0.0.1") == loopback
    assert interface_of("198.51.100.77") == ""  # of nobody's machine
    for name, entries in psutil.net_if_addrs().items():
        assert all(interface_of(entry.address) for entry in entries), name

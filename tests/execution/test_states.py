"""States of runs: which may follow which, atomic between processes, the queue, the dead."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlexplain.errors import BadInput, RunError, UnknownName
from dlexplain.execution.paths import row_file, states_file
from dlexplain.execution.rows import SILENT_SECONDS, TRANSITIONS, is_alive
from dlexplain.execution.schema import ADDED
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow, State, States, _current
from tests.execution.rooms import room

SPEC = RunSpec("forecast", "lstm-forecaster", "macrodata")
WAYS: dict[State, tuple[State, ...]] = {
    "queued": (),
    "running": ("running",),
    "finished": ("running", "finished"),
    "failed": ("running", "failed"),
    "cancelled": ("running", "cancelled"),
    "interrupted": ("running", "interrupted"),
}
"""How a new run comes to a state."""


@pytest.fixture(params=["sqlite", "postgresql"])
def states(tmp_path: Path, request: pytest.FixtureRequest) -> States:
    if request.param == "postgresql":
        request.getfixturevalue("in_postgres")
    return States(states_file(tmp_path))


@pytest.fixture
def in_file(tmp_path: Path) -> States:
    return States(states_file(tmp_path))


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """Another process, as a worker would be."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def in_state(states: States, state: State) -> RunRow:
    row = states.add(SPEC)
    for step in WAYS[state]:
        row = states.move(row.id, step, "for the test")
    return row


def test_a_new_run_is_queued_with_who_when_and_why(states: States) -> None:
    before = time.time()
    row = states.add(SPEC, who="ada")
    assert (row.state, row.spec, row.name, row.pid) == ("queued", SPEC, SPEC.title, None)
    (change,) = states.changes(row.id)
    assert (change.state, change.who, change.why) == ("queued", "ada", "submitted")
    assert before <= change.at <= time.time()


@pytest.mark.parametrize("state", TRANSITIONS)
def test_only_what_may_follow_follows(states: States, state: State) -> None:
    for wanted in TRANSITIONS:
        row = in_state(states, state)
        changes = len(states.changes(row.id))
        if wanted in TRANSITIONS[state]:
            moved = states.move(row.id, wanted, "because")
            assert (moved.state, moved.why) == (wanted, "because")
            assert states.changes(row.id)[-1].state == wanted
        else:
            with pytest.raises(RunError, match=f"is {state}; .*it cannot be"):
                states.move(row.id, wanted, "because")
            assert states.get(row.id) == row
            assert len(states.changes(row.id)) == changes


def test_the_oldest_that_suits_is_taken_up_to_the_limit(states: States) -> None:
    gpu = states.add(RunSpec("a", "b", "c", device="cuda"))
    first, second, third = (states.add(SPEC) for _ in range(3))
    assert states.take(room("cpu")).id == first.id
    assert states.take(room("cpu")) is None
    assert states.take(room("cpu", limit=2)).id == second.id
    taken = states.take(room("cuda:0", "cuda:1", "cpu"))
    assert (taken.id, taken.device, taken.why) == (gpu.id, "cuda:0", "starting on cuda:0")
    taken = states.take(room("cuda:0", "cuda:1", "cpu"))  # auto takes the first kind
    assert (taken.id, taken.device) == (third.id, "cuda:1")
    states.move(first.id, "finished", "done")
    assert states.take(room("cpu")) is None


TAKE = """
import sys, time
from pathlib import Path
from dlexplain.execution.states import States
from tests.execution.rooms import room
states = States(Path(sys.argv[1]))
time.sleep(max(0, float(sys.argv[2]) - time.time()))
for _ in range(20):
    row = states.take(room("cpu", limit=1000))
    if row: print(row.id)
"""


def test_two_processes_never_take_the_same_run(states: States) -> None:
    runs = [states.add(SPEC).id for _ in range(20)]
    start = str(time.time() + 3)
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE, str(states.file), start], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        taken = [line for taker in takers for line in taker.communicate(timeout=240)[0].split()]
    finally:
        for taker in takers:
            taker.kill()
            taker.wait()
    assert [taker.returncode for taker in takers] == [0, 0]
    assert sorted(taken) == sorted(runs)
    assert [c.state for run in runs for c in states.changes(run)] == ["queued", "running"] * 20


MAKE = """
import sys, time
from pathlib import Path
from dlexplain.execution.paths import row_file, states_file
from dlexplain.execution.schema import ADDED
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States
while time.time() < float(sys.argv[2]): pass
for _ in range(10): States(Path(sys.argv[1])).add(RunSpec("a", "b", "c"))
"""


def test_processes_that_make_the_file_at_once(tmp_path: Path) -> None:
    file, start = tmp_path / "new" / "runs.sqlite", str(time.time() + 3)
    makers = [subprocess.Popen([sys.executable, "-c", MAKE, str(file), start]) for _ in range(4)]
    assert [maker.wait(60) for maker in makers] == [0] * 4
    rows = States(file).all()
    assert [row.number for row in rows] == list(range(40, 0, -1))


def test_a_beat_brings_progress_and_returns_the_wish(states: States) -> None:
    run = in_state(states, "running").id
    states.attach(run)
    row = states.heartbeat(run, {"step": 3})
    assert (row.progress, row.requested) == ({"step": 3}, "")
    states.cancel(run)
    row = states.heartbeat(run, {"step": 4})
    assert (row.progress, row.requested, row.state) == ({"step": 4}, "cancel", "running")


def test_a_queued_run_is_cancelled_at_once_and_an_ended_one_cannot_be(states: States) -> None:
    row = states.cancel(in_state(states, "queued").id)
    assert (row.state, row.why) == ("cancelled", "cancelled before it began")
    assert states.take(room("cpu")) is None
    with pytest.raises(RunError, match="only a queued or running one can stop"):
        states.cancel(row.id)


def test_a_wish_is_forgotten_when_the_run_goes_on(states: States) -> None:
    run = in_state(states, "running").id
    states.cancel(run)
    states.move(run, "interrupted", "killed before it saw the wish")
    assert states.move(run, "queued", "resumed").requested == ""


def test_a_second_worker_is_refused(states: States, other: subprocess.Popen[bytes]) -> None:
    run = in_state(states, "running").id
    states.started(run, other.pid)
    with pytest.raises(RunError, match=f"has a worker already, process {other.pid}"):
        states.attach(run)
    assert states.heartbeat(run, {"step": 1}) is None
    assert states.get(run).progress == {}


@pytest.mark.parametrize("state", [s for s in TRANSITIONS if s != "running"])
def test_only_a_running_run_has_a_worker(states: States, state: State) -> None:
    with pytest.raises(RunError, match=f"is {state}; only a running one has a worker"):
        states.attach(in_state(states, state).id)


def test_a_killed_worker_is_found_at_once(states: States, other: subprocess.Popen[bytes]) -> None:
    run = in_state(states, "running").id
    states.started(run, other.pid)
    assert states.reap() == []
    os.kill(other.pid, signal.SIGKILL)
    while is_alive(states.get(run)):  # until the system has ended it; nobody has waited for it
        time.sleep(0.01)
    (row,) = states.reap()
    assert (row.id, row.state) == (run, "interrupted")
    assert row.why == f"its worker (process {other.pid}) is gone"
    assert row.ended == row.heartbeat  # what came after its last sign of life is not known
    assert states.reap() == []


def test_a_worker_that_never_started_is_missed_when_it_is_silent(states: States) -> None:
    run = in_state(states, "running").id
    assert states.reap() == []
    silent(states, run)
    (row,) = states.reap()
    assert (row.state, row.why) == ("interrupted", "it never started")


def test_a_worker_on_another_machine_is_judged_by_its_beat(
    states: States, other: subprocess.Popen[bytes]
) -> None:
    run = in_state(states, "running").id
    states.started(run, other.pid)
    write(states, run, "host = 'elsewhere'")
    assert states.reap() == []
    silent(states, run)
    assert [row.id for row in states.reap()] == [run]


def test_a_process_that_took_over_the_number_is_not_the_worker(
    states: States, other: subprocess.Popen[bytes]
) -> None:
    run = in_state(states, "running").id
    states.started(run, other.pid)
    write(states, run, "born = born - 1000")
    assert states.reap() == []  # it beats, so the clock was set
    silent(states, run)
    assert [row.id for row in states.reap()] == [run]


def write(states: States, run: str, sets: str, **given: object) -> None:
    """As a machine, a clock or an older process would have left the row."""
    with states._change() as db:
        assert db.change(f"UPDATE runs SET {sets} WHERE id = :run", run=run, **given) == 1


def silent(states: States, run: str) -> None:
    write(states, run, f"beat = beat - {SILENT_SECONDS + 1}")


@pytest.mark.parametrize("state", TRANSITIONS)
def test_delete_only_what_is_not_active(states: States, state: State) -> None:
    row = in_state(states, state)
    if row.active:
        with pytest.raises(RunError, match=f"is {state}; cancel it before you delete it"):
            states.delete(row.id)
        assert states.get(row.id) == row
    else:
        states.delete(row.id[:6])
        with pytest.raises(UnknownName, match=f'unknown run "{row.id}"'):
            states.get(row.id)
        assert states.changes(row.id) == []


def test_name_and_tags_by_a_unique_beginning(states: States) -> None:
    run = states.add(SPEC).id
    assert states.rename(run[:5], "  better ").name == "better"
    assert states.rename(run, "   ").name == "unnamed"
    assert states.tag(run[:5], ["a", " b,c ", "a", ""]).tags == ("a", "b c")


def test_bytes_of_a_command_line_that_are_no_text_are_told(states: States) -> None:
    row = states.add(SPEC)
    for ask in (states.get, lambda name: states.rename(row.id, name)):
        with pytest.raises(
            BadInput, match=r'"a\\udcff" is no text: it has bytes that are not UTF-8'
        ):
            ask("a\udcff")
    assert states.get(row.id) == row


def test_unknown_runs_are_told_with_the_latest(states: States) -> None:
    with pytest.raises(UnknownName, match='unknown run "x"; the latest: none yet'):
        states.get("x")
    run = states.add(SPEC).id
    for wanted in ("", "%", "_"):
        with pytest.raises(UnknownName, match=f"the latest: {run}"):
            states.get(wanted)


def test_time_at_work_is_the_sum_of_the_spells(states: States) -> None:
    run = in_state(states, "running").id
    write(states, run, "started = started - 100")
    first = states.move(run, "cancelled", "enough")
    assert first.seconds == pytest.approx(100, abs=5)
    states.move(run, "queued", "resumed")
    assert states.get(run).seconds == first.seconds
    states.take(room("cpu"))
    write(states, run, "started = started - 10")
    assert states.move(run, "finished", "done").seconds == pytest.approx(110, abs=5)


DAMAGE = {
    "spec": "{cut",
    "progress": "[1, 2]",
    "state": "asleep",
    "tags": b"\xff",
}
"""What a column of a run holds that cannot be read."""


@pytest.mark.parametrize("column", DAMAGE)
def test_a_damaged_run_takes_no_other_away_and_does_not_stop_the_queue(
    states: States, column: str, request: pytest.FixtureRequest
) -> None:
    first, bad, last = (states.add(SPEC).id for _ in range(3))
    states.move(bad, "running", "for the test")
    if column == "tags" and "postgresql" in request.node.name:
        pytest.skip("PostgreSQL takes no bytes for a text")
    write(states, bad, f"{column} = :damage, device = 'cpu'", damage=DAMAGE[column])
    assert [row.id for row in states.all()] == [last, first]
    (told,) = states.damaged()
    assert told.startswith(f"what is known of run {bad} is damaged: ")
    with pytest.raises(RunError, match=f"run {bad} is damaged"):
        states.get(bad)
    assert states.reap() == []
    taken = states.take(room("cpu"))
    assert taken is not None and taken.id == first
    assert states.delete(bad[:7]) == (bad, None)
    assert states.damaged() == []


def test_runs_of_one_family_and_what_people_keep_about_them(states: States) -> None:
    first, alone = states.add(SPEC, family="seeds-1"), states.add(SPEC)
    assert (first.family, alone.family) == ("seeds-1", "")
    kept = states.annotate(first.id, note="  the best so far ", starred=True)
    assert (kept.note, kept.starred, kept.archived) == ("the best so far", True, False)
    assert states.annotate(first.id, archived=True).note == "the best so far"
    assert states.get(first.id).starred
    assert states.get(alone.id) == alone


def test_a_run_has_an_owner(states: States) -> None:
    mine, local = states.add(SPEC, owner="ada@example.org"), states.add(SPEC)
    assert (mine.owner, local.owner) == ("ada@example.org", "")
    states.move(mine.id, "running", "for the test")
    states.annotate(mine.id, note="kept")
    assert states.get(mine.id).owner == "ada@example.org"


def test_the_audit_log_is_read_the_latest_first_and_by_person(states: States) -> None:
    assert states.audited(5) == []
    before = time.time()
    for who, what in (("ada", "queue"), ("", "cancel"), ("ada", "delete"), ("ADA", "look")):
        states.audit(who, what, "run 1", "from the page")
    lines = states.audited(9)
    assert [(line.who, line.what) for line in lines] == [
        ("ADA", "look"), ("ada", "delete"), ("", "cancel"), ("ada", "queue"),
    ]  # fmt: skip
    assert {(line.target, line.detail) for line in lines} == {("run 1", "from the page")}
    assert before <= lines[-1].at <= lines[0].at <= time.time()
    assert [line.what for line in states.audited(9, who="ada")] == ["delete", "queue"]
    assert [line.what for line in states.audited(9, who="")] == ["cancel"]
    assert [line.what for line in states.audited(1)] == ["look"]
    assert states.audited(0) == states.audited(9, who="eve") == []


def test_a_file_of_an_older_version_gets_the_columns_that_it_lacks(in_file: States) -> None:
    states = in_file
    run = states.add(SPEC)
    with sqlite3.connect(states.file) as db:
        for column in ADDED:
            db.execute(f"ALTER TABLE runs DROP COLUMN {column}")
        for table in ("audit", "alembic_version"):
            db.execute(f"DROP TABLE {table}")
    db.close()
    _current.clear()  # as a process that opens it for the first time
    again = States(states.file)
    again.audit("ada", "look")
    assert [line.who for line in again.audited(9)] == ["ada"]
    assert again.get(run.id) == run
    assert again.annotate(run.id, starred=True).starred
    copy = row_file(states.file.parent, run.id)
    told = json.loads(copy.read_text())
    old = {key: value for key, value in told["row"].items() if key not in ADDED}
    copy.write_text(json.dumps({**told, "row": old}))
    states.file.unlink()
    assert States(states.file).get(run.id) == run


def test_the_latest_are_the_active_ones_and_then_the_finished(states: States) -> None:
    runs = [states.add(SPEC).id for _ in range(5)]
    for run, state in zip(runs, ("queued", "finished", "failed", "finished"), strict=False):
        write(states, run, "state = :state", state=state)
    first, done, _, later, last = runs
    assert [row.id for row in states.latest(9)] == [last, first, later, done]
    assert [row.id for row in states.latest(3)] == [last, first, later]
    states.annotate(later, archived=True)
    assert [row.id for row in states.latest(9)] == [last, first, done]

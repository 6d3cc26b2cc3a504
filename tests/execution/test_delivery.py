"""MLflow that hangs, refuses or talks nonsense: runs end all the same, and it is told later."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from dlexplain.execution import delivery, journal, paths
from dlexplain.execution.delivery import Answer, deliver, keep_delivering, last_answer
from dlexplain.execution.journal import Point
from dlexplain.execution.rows import is_alive
from dlexplain.execution.states import RunRow, States
from dlexplain.execution.store import Tracking
from dlexplain.execution.telling import mark, untold
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.worker import work
from tests.execution.servers import MISSING, NONSENSE, refusing, server
from tests.execution.small import SERIES, Homes, curves, wait_until, with_training

SPEC = with_training(SERIES, epochs=2)
SHORT = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "1", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
BAD = {"hangs": None, "talks nonsense": NONSENSE, "is no MLflow": MISSING}
SAYS = {
    "hangs": "it does not answer",
    "talks nonsense": "what answers there is no MLflow",
    "is no MLflow": "what answers there is no MLflow",
    "refuses": "connection refused",
}


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SHORT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def home(new_home: Homes) -> Path:
    return new_home()


@pytest.fixture(params=[*BAD, "refuses"])
def bad(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """An address, and what is said of it."""
    kind = request.param
    serving: AbstractContextManager[str] = (
        nullcontext(refusing()) if kind == "refuses" else server(BAD[kind])
    )
    with serving as found:
        yield found, SAYS[kind]


def trained(home: Path) -> RunRow:
    """A run whose worker has ended and of which nobody has told MLflow."""
    states = States(paths.states_file(home))
    run = states.add(SPEC).id
    states.move(run, "running", "for the test")
    mark(home, run)
    assert work(run, home) == "finished"
    return states.get(run)


def test_a_bad_server_keeps_nothing_and_loses_nothing(
    new_home: Homes, bad: tuple[str, str]
) -> None:
    home, (address, says) = new_home(), bad
    row = trained(home)
    assert (row.state, row.why, row.tracking) == ("finished", "trained and tested", "")
    began = time.monotonic()
    answer = keep_delivering(home, Tracking(home, address))
    assert time.monotonic() - began < 20  # two calls of a second, and MLflow's import
    assert answer.problem == says
    assert answer.again > time.time()
    assert last_answer(home, address) == answer
    assert untold(home) == [row.id]
    losses = journal.history(home, row.id, "train/loss")
    assert [point.step for point in losses] == list(range(row.progress["steps"]))

    assert keep_delivering(home, Tracking(home)) == Answer(Tracking(home).uri)
    told = States(paths.states_file(home)).get(row.id)
    assert curves(home, told)["train/loss"] == {p.step: p.value for p in losses}
    assert untold(home) == []
    run = Tracking(home).client.get_run(told.tracking)
    assert (run.info.status, run.info.end_time) == ("FINISHED", int(1000 * (row.ended or 0)))


def test_a_worker_ends_beside_a_server_that_hangs(new_home: Homes) -> None:
    """In processes, as users have them: the run is finished, and stays so; the next one starts."""
    home = new_home()
    queue = """
import sys
from pathlib import Path
from dlexplain.execution.executor import local_queue
from dlexplain.execution.spec import RunSpec
queue = local_queue(Path(sys.argv[1]))
for spec in sys.argv[2:]:
    print(queue.submit(RunSpec.from_json(spec)).id)
"""
    states = States(paths.states_file(home))
    with server(None) as address:
        environment = {**os.environ, "DLEXPLAIN_TRACKING_URI": address, "DLEXPLAIN_DEVICE": "cpu"}
        environment["MLFLOW_HTTP_REQUEST_TIMEOUT"] = "60"
        specs = [SPEC.to_json(), replace(SPEC, seed=1).to_json()]
        command = [sys.executable, "-c", queue, str(home), *specs]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        first, second = done.stdout.split()
        try:
            wait_until(lambda: states.get(second).state == "running", 240)
            row = states.get(first)
            assert row.state == "finished"
            changes = [change.state for change in states.changes(first)]
            assert changes == ["queued", "running", "finished"]
            assert row.pid is not None
            wait_until(lambda: not is_alive(row), 120)
            assert untold(home) == sorted([first, second])
        finally:
            for process in of_home(home):
                process.kill()


def of_home(home: Path) -> list[psutil.Process]:
    """The processes that train this home's runs, and that tell MLflow of them."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any(word.startswith("dlexplain.execution.") for word in words):
            with suppress(psutil.Error):  # it ended meanwhile
                if process.environ().get("DLEXPLAIN_HOME") == str(home):
                    found.append(process)
    return found


def test_a_run_that_ended_while_its_states_were_locked_does_not_run_again(
    new_home: Homes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is locked until after its worker is gone, a dead process here."""
    home = new_home()
    monkeypatch.setattr("dlexplain.execution.states.TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr("dlexplain.execution.attempt.PATIENT_SECONDS", 0.5)
    states = States(paths.states_file(home))
    run = states.add(SPEC).id
    states.move(run, "running", "for the test")
    locked = sqlite3.connect(states.file, isolation_level=None)

    def lock(home: Path, reporter: object) -> None:
        locked.execute("BEGIN IMMEDIATE")

    monkeypatch.setattr("dlexplain.services.training.worker._train", lock)
    assert work(run, home) == "finished"
    assert states.get(run).state == "running"
    locked.execute("ROLLBACK")
    monkeypatch.setattr("dlexplain.execution.states.is_alive", lambda row: False)
    (found,) = States(states.file).reap()
    assert (found.state, found.why) == ("finished", "trained and tested")
    noted = json.loads(paths.ended_file(home, run).read_text())
    assert found.ended == noted["at"]
    locked.close()


def test_an_end_that_another_worker_noted_is_not_taken(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = States(paths.states_file(home))
    run = states.add(SPEC).id
    states.move(run, "running", "for the test")
    row = states.attach(run)
    paths.run_folder(home, run).mkdir(parents=True)
    noted = {"pid": row.pid, "born": row.born, "state": "finished", "why": "x", "at": 1.0}
    paths.ended_file(home, run).write_text(json.dumps(noted))  # of an earlier attempt
    monkeypatch.setattr("dlexplain.execution.states.is_alive", lambda row: False)
    (found,) = states.reap()
    assert found.state == "interrupted"


def test_what_is_told_twice_is_there_once(home: Path) -> None:
    """MLflow's answer to the first try was lost, so that nothing here knows of it."""
    row, tracking = trained(home), Tracking(home)
    first = tracking.begin(row, {})
    assert deliver(home, tracking) == ""
    assert States(paths.states_file(home)).get(row.id).tracking == first
    found = tracking.client.search_runs([tracking.experiment], f"tags.`dlexplain.run` = '{row.id}'")
    assert [run.info.run_id for run in found] == [first]


def test_names_tags_and_deletion_are_told_later(home: Path) -> None:
    states, tracking = States(paths.states_file(home)), Tracking(home)
    row = inline_queue(home).submit(SPEC)
    states.rename(row.id, "another name")
    states.tag(row.id, ["good", "small"])
    mark(home, row.id)
    assert deliver(home, tracking) == ""
    run = tracking.client.get_run(states.get(row.id).tracking)
    assert (run.info.run_name, run.data.tags["dlexplain.tags"]) == ("another name", "good, small")
    states.delete(row.id)
    mark(home, row.id)
    assert deliver(home, tracking) == ""
    assert tracking.client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    assert untold(home) == []


def test_a_run_that_was_deleted_in_mlflow_holds_up_no_other(home: Path) -> None:
    states, tracking = States(paths.states_file(home)), Tracking(home)
    gone, other = inline_queue(home).submit(SPEC), inline_queue(home).submit(SPEC)
    tracking.delete(gone.tracking)
    for row in (gone, other):
        states.rename(row.id, "renamed")
        mark(home, row.id)
    assert deliver(home, tracking) == ""
    assert tracking.client.get_run(other.tracking).info.run_name == "renamed"
    assert untold(home) == []


def test_no_process_is_started_while_mlflow_is_given_a_rest(
    new_home: Homes, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, started = new_home(), []
    monkeypatch.setattr(
        "dlexplain.execution.process.start", lambda home, module, log: started.append(module)
    )
    delivery.start_delivery(home)
    assert started == []  # nothing to tell
    mark(home, "abc")
    delivery.start_delivery(home)
    assert started == ["dlexplain.execution.delivery"]
    soon = Answer(Tracking(home).uri, "refused", 1.0, 5.0, time.time() + 60)
    delivery._write(home, soon)
    delivery.start_delivery(home)
    assert len(started) == 1
    delivery._write(home, replace(soon, again=time.time() - 1))
    delivery.start_delivery(home)
    assert len(started) == 2


def test_points_are_whole_lines(tmp_path: Path) -> None:
    points = [Point("a", 1.0, 0, 5.0), Point("b", 2.0, 0, 5.0), Point("a", 0.5, 1, 6.0)]
    journal.append(tmp_path, "run", points)
    file = paths.journal_file(tmp_path, "run")
    found, place = journal.read(tmp_path, "run")
    assert (found, place) == (points, file.stat().st_size)
    with file.open("ab") as opened:
        opened.write(b'{"step": 2, "at": 7.0, "val')  # a crash
    assert journal.read(tmp_path, "run", place) == ([], place)
    again = Point("a", 0.25, 1, 8.0)
    journal.append(tmp_path, "run", [again])
    assert journal.read(tmp_path, "run", place)[0] == [again]
    assert journal.history(tmp_path, "run", "a") == [points[0], again]
    assert journal.histories(tmp_path, ["run", "none"], "b") == {"run": [points[1]], "none": []}

"""Sweeps in processes of their own: a kill in the middle, and what people ask of a sweep."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from filelock import FileLock

from dlexplain.errors import BadInput, RunError, SpecError, UnknownName
from dlexplain.execution import paths, process
from dlexplain.execution.paths import sqlite_uri
from dlexplain.execution.spec import RunSpec
from dlexplain.results.sweeps import Trial
from dlexplain.services.cluster import ClusterFacts
from dlexplain.services.sweeps import sweeping as service
from dlexplain.services.sweeps.controller import Controller
from dlexplain.services.sweeps.spec import sweep_spec
from dlexplain.services.sweeps.store import Budget, SweepFiles, SweepState, this_process
from dlexplain.settings import settings
from tests.services.sweeps.test_controller import VARY, peak
from tests.sweeping import BASE, FakeRuns

ROOT = Path(__file__).parents[3]
LONGEST = 400


def until(true: Callable[[], Any], seconds: float = LONGEST) -> Any:
    stop = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < stop, "it did not come"
        time.sleep(0.1)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home folder of its own, whose processes are ended with the test."""
    yield tmp_path
    for one in psutil.process_iter():
        try:
            if one.environ().get("DLEXPLAIN_HOME") == str(tmp_path):
                one.kill()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def called(home: Path, *words: str) -> dict[str, Any]:
    """What the command line prints as JSON."""
    environment = os.environ | {
        "DLEXPLAIN_HOME": str(home), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "dlexplain", *words, "--json"],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_real_sweep_that_is_killed_in_the_middle_goes_on_and_optuna_opens_it(home: Path) -> None:
    words = "sweep start --task classify-image --data digits --model cnn --name digits --device cpu"
    sets = ("epochs=2", "model.width=4", "model.blocks=1", "precision=float32", "batch_size=512")
    more = "--vary learning_rate=0.001,0.01,0.1 --sampler grid --pruner asha"
    sweep = called(home, *words.split(), *(w for s in sets for w in ("--set", s)), *more.split())
    files = SweepFiles(home, sweep["id"])

    def second() -> str:
        trials = files.trials
        return trials[1].run if len(trials) > 1 and trials[1].run else ""

    run = until(second)
    states = json.loads(paths.row_file(home, run).read_text())
    pid = files.state.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    worker = states.get("row", states).get("pid")
    if worker and psutil.pid_exists(worker):
        os.kill(worker, signal.SIGKILL)
    until(lambda: files.state_now.state == "interrupted")
    called(home, "sweep", "resume", sweep["id"])
    ended = until(lambda: None if (now := files.sweep()).active else now)
    assert (ended.state, ended.why) == ("finished", "each of the 3 combinations was tried")
    assert [t.params["training.learning_rate"] for t in ended.trials] == [0.001, 0.01, 0.1]
    assert {t.state for t in ended.trials} <= {"finished", "pruned"}
    assert len({t.run for t in ended.trials}) == 3
    listed = called_list(home)
    assert sorted(row["id"] for row in listed) == sorted(t.run for t in ended.trials)
    assert {row["family"] for row in listed} == {sweep["id"]}
    assert dashboard_studies(home, sweep["id"]) == [sweep["id"]]


def called_list(home: Path) -> list[dict[str, Any]]:
    return called(home, "runs")  # type: ignore[return-value]


def dashboard_studies(home: Path, sweep: str) -> list[str]:
    """What optuna-dashboard shows of the sweep's store."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("optuna-dashboard")
    address = sqlite_uri(paths.sweep_database(home, sweep))
    server = subprocess.Popen(
        [program, address, "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def answer() -> Any:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/studies", timeout=5) as told:
                return json.loads(told.read())
        except OSError:
            return None

    try:
        told = until(answer, 120)
    finally:
        server.terminate()
        server.wait()
    return [study["study_name"] for study in told["study_summaries"]]


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Controllers that would have been started; this process stands for each."""
    started: list[str] = []

    def start(home: Path, module: str, sweep: str, log: Path) -> int:
        started.append(sweep)
        return os.getpid()

    monkeypatch.setattr(process, "start", start)
    return started


@pytest.fixture
def done(begun: list[str]) -> SweepFiles:
    """A sweep of three trials that has finished."""
    found = service.start(sweep_spec(BASE, VARY, "random", trials=3))
    files = SweepFiles(settings().home, found.id)
    Controller(files, FakeRuns(peak), poll=0).run()
    return files


def test_what_is_asked_of_a_sweep_in_each_state(begun: list[str], done: SweepFiles) -> None:
    assert begun == [done.id]
    assert service.sweeps()[0].id == done.id
    assert service.sweep_now(done.id[:6]).state == "finished"
    with pytest.raises(UnknownName, match=f'unknown sweep "zz"; the latest: {done.id}'):
        service.sweep_now("zz")
    with pytest.raises(RunError, match="is finished; only a running one can stop"):
        service.stop(done.id)
    with pytest.raises(RunError, match="is finished, its 3 trials are done; extend it by trials"):
        service.resume(done.id)
    with pytest.raises(BadInput, match="0 trials and 0 minutes more are given"):
        service.extend(done.id)
    assert service.extend(done.id, trials=2).state == "running"
    assert done.budget == Budget(5, 0.0)
    with pytest.raises(RunError, match="at work already, in process"):
        service.resume(done.id)
    service.stop(done.id)
    assert done.stop_wished
    assert begun == [done.id, done.id]


def test_two_people_cannot_resume_one_sweep(begun: list[str], done: SweepFiles) -> None:
    done.write_state(SweepState("interrupted", "gone").of(os.getpid()))
    with (
        FileLock(paths.sweep_lock(done.home, done.id)),
        pytest.raises(RunError, match=f"sweep {done.id} is at work already, in process"),
    ):
        service.resume(done.id)
    assert len(begun) == 1
    assert service.resume(done.id).state == "running"


def test_one_whose_controller_is_gone_is_interrupted(done: SweepFiles) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    done.write_state(this_process(SweepState("running")).of(gone.pid))
    found = done.sweep()
    assert (found.state, found.resumable) == ("interrupted", True)
    assert found.why == f"its controller (process {gone.pid}) is gone"


def test_trials_for_a_cluster_that_is_away_do_not_begin_and_spend_nothing(
    begun: list[str], done: SweepFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(service.sweeps())
    away = ClusterFacts("10.0.0.1:6379", problem="no Ray cluster answers at 10.0.0.1:6379")
    monkeypatch.setattr(service, "ask_cluster", lambda: away)
    there = replace(done.spec, base=replace(BASE, device="ray"))
    monkeypatch.setattr(SweepFiles, "spec", there)
    done.write_state(SweepState("interrupted", "gone").of(os.getpid()))
    said = "meant for a Ray cluster, and no Ray cluster answers at 10.0.0.1:6379"
    for begin in (
        lambda: service.start(there),
        lambda: service.resume(done.id),
        lambda: service.extend(done.id, trials=2),
    ):
        with pytest.raises(RunError, match=said):
            begin()
    assert begun == [done.id] and len(service.sweeps()) == before
    assert done.budget == Budget(3, 0.0)


def test_an_open_trial_of_a_stopped_sweep_is_saved_and_not_at_work(done: SweepFiles) -> None:
    found = done.sweep()
    opened = replace(found, trials=(*found.trials, Trial(3, "running", {})), state="running")
    assert opened.counted == "1 at work, 3 finished"
    stopped = replace(opened, state="stopped")
    assert stopped.counted == "3 finished, 1 saved, to go on with"
    assert stopped.words_of(stopped.trials[-1]) == "saved"


@pytest.mark.parametrize(
    ("before", "more", "after"),
    [
        (Budget(3, 0.0), (2, 0.0), Budget(5, 0.0)),
        (Budget(3, 0.0), (0, 2.0), Budget(0, 12.0)),  # 3 are done, so trials end it no more
        (Budget(0, 10.0), (2, 0.0), Budget(5, 0.0)),  # 10 minutes are over
        (Budget(0, 30.0), (2, 5.0), Budget(0, 35.0)),
        (Budget(3, 10.0), (1, 1.0), Budget(4, 11.0)),
    ],
)
def test_what_is_added_moves_a_limit_and_one_that_is_reached_is_lifted(
    before: Budget, more: tuple[int, float], after: Budget
) -> None:
    assert service._more(before, 3, 10.0, *more) == after


@pytest.mark.parametrize(
    ("before", "more", "told"),
    [
        (Budget(9, 0.0), (0, 2.0), "no limit of minutes; extend it by trials"),
        (Budget(0, 30.0), (2, 0.0), "no limit of trials; extend it by minutes"),
    ],
)
def test_a_limit_that_would_end_it_earlier_is_not_added(
    before: Budget, more: tuple[int, float], told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        service._more(before, 3, 10.0, *more)


def test_a_controller_elsewhere_is_known_by_its_beats(done: SweepFiles) -> None:
    there = SweepState("running", pid=1, host="another", heartbeat=time.time())
    done.write_state(there)
    assert done.state_now.state == "running"
    done.write_state(replace(there, heartbeat=time.time() - 3600))
    assert done.state_now.state == "interrupted"


def test_a_grid_that_was_tried_cannot_be_extended(begun: list[str]) -> None:
    found = service.start(sweep_spec(BASE, ["width=4,8"], "grid"))
    files = SweepFiles(settings().home, found.id)
    Controller(files, FakeRuns(peak), poll=0).run()
    with pytest.raises(BadInput, match="each of the 2 combinations of its grid was tried"):
        service.extend(found.id, trials=1)


def test_the_best_is_trained_again_with_more_epochs(
    done: SweepFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[RunSpec] = []
    monkeypatch.setattr("dlexplain.services.training.runs.launch", launched.append)
    service.retrain_best(done.id, 40)
    best = done.sweep().best
    assert best is not None
    (spec,) = launched
    flat = spec.flat()
    assert flat["training.epochs"] == 40
    assert {key: flat[key] for key in best.params} == dict(best.params)
    assert spec.name == "Sweep of digits, best with 40 epochs"
    with pytest.raises(SpecError, match="epochs is"):
        service.retrain_best(done.id, 0)
    none = service.start(sweep_spec(BASE, VARY, trials=1))
    with pytest.raises(RunError, match="no trial of sweep .* has finished"):
        service.retrain_best(none.id, 40)


def test_python_starts_one_and_names_what_is_wrong(begun: list[str]) -> None:
    import dlexplain as dx

    found = dx.sweep("digits-cnn", {"learning_rate": "1e-3..1e-1 log"}, trials=3, name="mine")
    assert (found.name, found.state, found.budget) == ("mine", "running", (3, 0.0))
    with pytest.raises(SpecError, match='unknown field "rate"'):
        dx.sweep("digits-cnn", ["rate=1..2"])
    with pytest.raises(SpecError, match="data csv-series: "):
        spec = {"task": "forecast", "data": "csv-series", "model": "lstm-forecaster"}
        dx.sweep(spec | {"data_params": {"path": "/nowhere"}}, ["window=3,4"])
    assert begun == [found.id]

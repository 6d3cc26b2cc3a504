"""The clock is set forward or back: nobody who lives is taken for dead, nobody waits for ever."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dlexplain.execution import alerts, delivery, paths, rows, states
from dlexplain.execution.delivery import Answer
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States
from dlexplain.execution.store import Tracking
from dlexplain.execution.telling import mark
from dlexplain.settings import settings

SPEC = RunSpec("classify-image", "cnn", "digits")
DAY = 86_400.0
Jump = Callable[[float], None]


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Jump:
    """Sets the clock of what looks at runs."""

    def act(seconds: float) -> None:
        now = time.time
        clock = SimpleNamespace(**{**vars(time), "time": lambda: now() + seconds})
        for module in (rows, states, delivery, alerts):
            if hasattr(module, "time"):
                monkeypatch.setattr(module, "time", clock)

    return act


@pytest.mark.parametrize("seconds", [DAY, -DAY, 400 * DAY, -400 * DAY])
def test_a_worker_that_lives_is_not_let_go(tmp_path: Path, jump: Jump, seconds: float) -> None:
    known = States(paths.states_file(tmp_path))
    run = known.add(SPEC).id
    known.move(run, "running", "")
    known.started(run, os.getpid())
    jump(seconds)
    assert known.reap() == []
    assert known.get(run).state == "running"
    known.heartbeat(run, {})
    assert known.reap() == []


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_one_that_is_gone_is_let_go_all_the_same(
    tmp_path: Path, jump: Jump, seconds: float
) -> None:
    known = States(paths.states_file(tmp_path))
    run = known.add(SPEC).id
    known.move(run, "running", "")
    known.started(run, 2**22 + 1)  # no process has such a number
    jump(seconds)
    assert [row.id for row in known.reap()] == [run]


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Modules that were started as processes."""
    found: list[str] = []
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path))
    settings.cache_clear()
    monkeypatch.setattr(delivery.process, "start", lambda home, module, **_: found.append(module))
    yield found
    monkeypatch.undo()
    settings.cache_clear()


def test_mlflow_is_told_although_its_next_try_lies_a_day_ahead(
    tmp_path: Path, started: list[str], jump: Jump
) -> None:
    uri = Tracking(tmp_path, settings().tracking_uri).uri
    mark(tmp_path, "abcd1234")
    delivery._write(tmp_path, Answer(uri, "refused", time.time(), 5.0, time.time() + 5))
    delivery.start_delivery(tmp_path)
    assert started == []  # it is given its rest
    jump(-DAY)
    delivery.start_delivery(tmp_path)
    assert started == ["dlexplain.execution.delivery"]


def test_a_webhook_is_told_although_its_next_try_lies_a_day_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: Jump
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(alerts, "send", lambda address, found: told.append(found))
    file = paths.alerts_folder(tmp_path) / "a.json"
    file.parent.mkdir(parents=True)
    waits = {"payload": {"run": "a"}, "tries": 1, "again": time.time() + 60}
    file.write_text(json.dumps(waits))
    alerts._try(tmp_path, "http://localhost:1", file, (5.0, 120.0))
    assert told == []
    jump(-DAY)
    alerts._try(tmp_path, "http://localhost:1", file, (5.0, 120.0))
    assert told == [{"run": "a"}]
    assert not file.exists()

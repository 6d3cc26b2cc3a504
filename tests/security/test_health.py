"""/healthz and /metrics: what they tell, to whom, and what they keep to themselves."""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from dlexplain.cli import main
from dlexplain.data.pictures import read_picture
from dlexplain.errors import BadInput
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import TRANSITIONS, States
from dlexplain.execution.telling import mark
from dlexplain.explainers.fair_lock import FairLock
from dlexplain.services import health as services
from dlexplain.services import jobs
from dlexplain.settings import Settings, settings
from dlexplain.ui import start
from dlexplain.ui.serving import watch
from dlexplain.ui.serving.guard import Guard
from dlexplain.ui.session import Held

TOKEN = "a-token-of-the-test-0123"


async def of_streamlit(request: Request) -> Response:
    return PlainTextResponse("cache_memory_bytes 1")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A server of a new home folder, with a token."""
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path))
    monkeypatch.setenv("DLEXPLAIN_METRICS_TOKEN", TOKEN)
    monkeypatch.setattr(services, "keeper", services.Keeper())
    monkeypatch.setattr(watch, "_looks", watch._Looks())
    monkeypatch.setattr(watch, "KEPT_SECONDS", 0.0)
    settings.cache_clear()
    routes = [
        Route("/healthz", watch.healthz),
        Route("/metrics", watch.metrics),
        Route("/_stcore/metrics", of_streamlit),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Guard)])
    yield TestClient(app, base_url="http://localhost")
    monkeypatch.undo()
    settings.cache_clear()


def measured(client: TestClient) -> dict[str, float]:
    found = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert found.status_code == 200 and found.headers["content-type"].startswith("text/plain")
    samples = [
        one for family in text_string_to_metric_families(found.text) for one in family.samples
    ]
    return {"/".join([one.name, *one.labels.values()]): one.value for one in samples}


def test_all_is_well(client: TestClient, tmp_path: Path) -> None:
    found = client.get("/healthz")
    told = found.json()
    assert found.status_code == 200 and told["ok"] and told["reasons"] == []
    assert told["keeper"]["seconds_since_look"] is None  # nobody has come yet
    assert told["disk"]["free_mb"] > 0 and told["tracker"]["runs_waiting"] == 0
    assert not paths.states_file(tmp_path).exists(), "looking makes nothing"


def test_a_store_that_cannot_be_read_is_told(client: TestClient, tmp_path: Path) -> None:
    paths.states_file(tmp_path).mkdir()
    found = client.get("/healthz")
    assert found.status_code == 503 and not found.json()["store"]["ok"]
    assert found.json()["reasons"] == ["the state store cannot be read"]
    assert str(tmp_path) not in found.text
    assert measured(client)["dlexplain_state_store_up"] == 0


def test_a_full_disk_is_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 5_000_000})
    monkeypatch.setattr(services.shutil, "disk_usage", lambda _: usage)
    found = client.get("/healthz")
    assert found.status_code == 503
    assert found.json()["reasons"] == ["the disk has 5 MB left"]


def test_a_keeper_that_does_not_look_is_told(client: TestClient) -> None:
    services.keeper.looked()
    assert client.get("/healthz").json()["keeper"]["ok"]
    services.keeper._seen = time.monotonic() - watch.LATE_SECONDS - 10
    found = client.get("/healthz")
    assert found.status_code == 503 and not found.json()["keeper"]["ok"]
    assert found.json()["reasons"] == ["the queue has not been looked after for 100 s"]


def test_only_a_look_without_an_error_counts(client: TestClient) -> None:
    """What keeps the queue tells this keeper, and an error is no look."""
    looks = iter([None, OSError("locked"), OSError("locked")])
    seen: list[float | None] = []

    def keep_going() -> None:
        if error := next(looks):
            raise error

    def pause() -> None:
        seen.append(services.keeper._seen)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start.look_for_ever(start.told_of(keep_going), pause)
    assert seen[0] is not None and seen[0] == seen[1] == seen[2]


def test_what_ends_the_keepers_looks_is_told_by_doctor_until_one_succeeds(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok = [False]

    def keep_going() -> None:
        if not ok[0]:
            raise OSError("the queue is of no use")

    look = start.told_of(keep_going)
    for _ in range(3):
        with pytest.raises(OSError, match="no use"):
            look()
    found = client.get("/healthz")
    assert found.json()["keeper"]["failures"] == 3
    assert "of no use" not in found.text  # anybody may ask it
    assert services.keeper_problem() == (
        f"the dashboard (process {os.getpid()}) could not look after the queue, "
        "3 times in a row: OSError: the queue is of no use"
    )
    with monkeypatch.context() as later:
        later.setattr(services, "FAILING_SECONDS", -1.0)
        assert services.keeper_problem() == ""  # of a dashboard that looks no more
    ok[0] = True
    look()
    assert services.keeper_problem() == ""
    assert services.keeper.failures == 0


DAMAGED = ('{"pid": Infinity}', "[1]", "{cut", "[" * 5000, '{"pid": "x"}')


@pytest.mark.parametrize("content", DAMAGED)
def test_what_the_keeper_noted_may_be_damaged(content: str) -> None:
    file = paths.keeper_file(settings().home)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    assert services.keeper_problem() == ""
    file.unlink()


def test_doctor_says_that_the_store_cannot_be_read_and_that_it_was_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path))
    settings.cache_clear()
    file = paths.states_file(tmp_path)
    States(file).add(RunSpec(task="classify-image", model="digits-cnn", data="digits"))
    file.write_text("no database")
    assert services.store_problem() == ""  # since it is made anew
    main(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert "runs that were found again: 1" in told["remade"]
    for one in tmp_path.glob("runs.sqlite*"):
        one.unlink()
    file.mkdir()
    assert main(["doctor", "--json"]) == 1
    (problem,) = [p for p in json.loads(capsys.readouterr().out)["problems"] if str(file) in p]
    assert problem.startswith(f"{file} cannot be ")
    monkeypatch.undo()
    settings.cache_clear()


def test_a_tracker_that_is_away_is_told_and_makes_nobody_ill(
    client: TestClient, tmp_path: Path
) -> None:
    mark(tmp_path, "0123abcd")
    uri = services.Tracking(tmp_path, settings().tracking_uri).uri
    answer = {"uri": uri, "problem": "secret-host said no", "since": time.time() - 120}
    paths.tracker_file(tmp_path).write_text(json.dumps(answer))
    found = client.get("/healthz")
    assert found.status_code == 200 and "secret-host" not in found.text
    tracker = found.json()["tracker"]
    assert not tracker["ok"] and tracker["runs_waiting"] == 1
    assert 120 <= tracker["seconds_without_answer"] < 130
    assert measured(client)["dlexplain_tracker_runs_waiting"] == 1


def test_a_store_that_does_not_answer_holds_up_one_thread(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[float] = []

    def slow() -> None:
        calls.append(time.monotonic())
        time.sleep(0.5)

    monkeypatch.setattr(watch, "_look", slow)
    monkeypatch.setattr(watch, "WAIT_SECONDS", 0.05)
    for _ in range(4):
        found = client.get("/healthz")
        assert found.status_code == 503
        assert found.json()["reasons"] == ["the state store did not answer within 0 s"]
    assert len(calls) == 1


def test_metrics_tell_what_is_there(client: TestClient, tmp_path: Path) -> None:
    states = States(paths.states_file(tmp_path))
    for _ in range(3):
        states.add(RunSpec(task="classify-image", model="digits-cnn", data="digits"))
    states.move(states.all()[0].id, "cancelled", "test")
    found = measured(client)
    runs = {state: found[f"dlexplain_runs/{state}"] for state in TRANSITIONS}
    assert runs == dict.fromkeys(TRANSITIONS, 0) | {"queued": 2, "cancelled": 1}
    assert 2**24 < found["process_resident_memory_bytes"] < 2**40
    assert found["dlexplain_sessions"] == 0 and found["dlexplain_state_store_up"] == 1


def test_jobs_that_wait_and_run_are_counted(client: TestClient) -> None:
    before = measured(client)
    go = jobs.threading.Event()
    work = [jobs.Job("test", lambda _: go.wait(20)) for _ in range(3)]
    started = jobs.start(work)
    while work[0].state != "running":
        time.sleep(0.01)
    during = measured(client)
    go.set()
    assert started.ended.wait(20)
    grown = {state: during[key] - before[key] for state in ("waiting", "running")
             if (key := f"dlexplain_jobs/{state}")}  # fmt: skip
    assert grown == {"waiting": 2, "running": 1}
    assert during["dlexplain_people"] == before["dlexplain_people"] + 1
    assert during["dlexplain_jobs_in_line"] == 0  # the other two wait for the first
    after = measured(client)
    assert [after[f"dlexplain_jobs/{state}"] for state in ("waiting", "running")] == [
        before[f"dlexplain_jobs/{state}"] for state in ("waiting", "running")
    ]


def test_what_waits_for_room_and_what_is_held_is_counted(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLEXPLAIN_MAX_JOBS", "1")
    settings.cache_clear()
    go = jobs.threading.Event()
    started = [jobs.start([jobs.Job("test", lambda _: go.wait(20))], str(n)) for n in range(3)]
    held = Held(owner="ada")
    held.pictures["uploads"] = {"1": read_picture(np.zeros((5, 4, 3), np.uint8)), "2": "not read"}
    with FairLock().turn():
        during = measured(client)
    go.set()
    assert all(one.ended.wait(20) for one in started)
    assert (during["dlexplain_jobs_in_line"], during["dlexplain_people"]) == (2, 3)
    assert during["dlexplain_chunks/running"] == 1
    assert during["dlexplain_decodings/waiting"] == 0
    assert (during["dlexplain_pictures"], during["dlexplain_pictures_bytes"]) == (1, 60)


@pytest.mark.parametrize("path", ["/metrics", "/_stcore/metrics"])
@pytest.mark.parametrize(
    ("given", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer ä", 401),
        ("", 401),
        (None, 401),
    ],
)
def test_metrics_are_for_who_has_the_token(
    client: TestClient, path: str, given: str | None, status: int
) -> None:
    headers = [] if given is None else [(b"authorization", given.encode("latin-1"))]
    found = client.get(path, headers=headers)
    assert found.status_code == status and TOKEN not in found.text


@pytest.mark.parametrize("path", ["/metrics", "/_stcore/metrics"])
def test_without_a_token_there_are_none(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.delenv("DLEXPLAIN_METRICS_TOKEN")
    settings.cache_clear()
    for given in ("Bearer ", "Bearer", f"Bearer {TOKEN}", ""):
        assert client.get(path, headers={"Authorization": given}).status_code == 404


@pytest.mark.parametrize("token", ["short", "with a space in it 0123", "ümlaut-0123456789abc"])
def test_a_weak_token_is_refused_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("DLEXPLAIN_METRICS_TOKEN", token)
    with pytest.raises(BadInput, match="DLEXPLAIN_METRICS_TOKEN: a token has 16") as told:
        Settings.from_environment()
    assert token not in str(told.value)
    assert not re.search(TOKEN, repr(Settings(metrics_token=TOKEN)))

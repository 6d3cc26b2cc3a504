"""What a webhook is told when a run ends: how much, how often, and when it does not answer."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dlexplain.cli import main as command
from dlexplain.errors import BadInput
from dlexplain.execution import alerts, paths
from dlexplain.execution.rows import RunRow
from dlexplain.execution.states import States
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.presets import preset
from dlexplain.settings import Settings, settings, web_address
from tests.execution.servers import server


def ended(home: Path, state: str, why: str) -> RunRow:
    states = States(paths.states_file(home))
    row = states.add(preset("digits-cnn"))
    states.move(row.id, "running", "test")
    states.attach(row.id)
    states.heartbeat(row.id, {"monitor": "validation/accuracy", "best": 0.9})
    return states.move(row.id, state, why)  # type: ignore[arg-type]


@contextmanager
def webhook(*answers: int) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Its address and what it is told; it answers with these codes in turn, then 200."""
    told: list[dict[str, object]] = []
    codes = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append(json.loads(body))
            code = codes.pop(0) if codes else 200
            self.send_response(code)
            if code == 302:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing is printed."""

    serving = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{serving.server_port}/hook?token=secret", told
    finally:
        serving.shutdown()
        serving.server_close()


@pytest.fixture
def addressed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def to(address: str) -> None:
        found = replace(settings(), webhook=address)
        monkeypatch.setattr(alerts, "settings", lambda: found)
        monkeypatch.setattr("dlexplain.services.machine.settings", lambda: found)

    return to


def test_a_run_that_ended_is_told_once_with_no_path_and_no_text(tmp_path: Path, addressed) -> None:  # type: ignore[no-untyped-def]
    with webhook() as (address, told):
        addressed(address)
        row = ended(tmp_path, "failed", "/home/me/secret.csv has no column of texts")
        alerts.note_alert(tmp_path, row)
        alerts.send_all(tmp_path, address)
        alerts.send_all(tmp_path, address)
    (found,) = told
    assert found.pop("seconds") >= 0  # type: ignore[operator]
    assert found == {
        "event": "ended", "run": row.id, "name": row.name, "state": "failed",
        "why": "the run's page says why", "monitor": "validation/accuracy", "best": 0.9,
    }  # fmt: skip
    assert alerts.alert_problem(tmp_path) == ""


@pytest.mark.parametrize(
    ("state", "why", "event", "said"),
    [
        ("finished", "trained and tested", "ended", "trained and tested"),
        ("failed", "the loss became nan at step 7; the last good checkpoint, of step 5, is kept",
         "diverged", "the loss became nan"),
        ("cancelled", "cancelled by the user; saved at step 12", "ended",
         "cancelled by the user; saved at step 12"),
        ("interrupted", "its worker (process 12) is gone", "ended",
         "its worker (process 12) is gone"),
        ("cancelled", "cancelled by the user; saved at step 12, on node gpu-7", "ended",
         "cancelled by the user; saved at step 12"),
        ("failed", "its worker could not be started: /home/me", "ended",
         "its worker could not be started"),
        ("interrupted", "worker 2 of 2 died (SIGKILL); it goes on from step 9", "ended",
         "worker 2 of 2 died (SIGKILL)"),
        ("failed", 'trained and tested on "my text"', "ended", "the run's page says why"),
    ],
)  # fmt: skip
def test_reasons_of_our_own_are_told(
    tmp_path: Path, state: str, why: str, event: str, said: str
) -> None:
    found = alerts.payload(ended(tmp_path, state, why))
    assert (found["event"], found["state"], found["why"]) == (event, state, said)


def test_it_is_tried_again_and_then_given_up_and_doctor_says_so(
    tmp_path: Path,
    addressed,
    capsys: pytest.CaptureFixture[str],  # type: ignore[no-untyped-def]
) -> None:
    with webhook(500, 302) as (address, told):
        addressed(address)
        alerts.note_alert(tmp_path, ended(tmp_path, "finished", "trained and tested"))
        alerts.send_all(tmp_path, address, pauses=(0.01, 0.01))
        assert len(told) == 3
        assert alerts.alert_problem(tmp_path) == ""
    with webhook(500, 500, 404) as (address, told):
        addressed(address)
        row = ended(tmp_path, "finished", "trained and tested")
        alerts.note_alert(tmp_path, row)
        alerts.send_all(tmp_path, address, pauses=(0.01, 0.01))
        assert len(told) == 3
        problem = alerts.alert_problem(tmp_path)
        assert problem == f"the webhook at 127.0.0.1 was not told of run {row.id}: it answers 404"
        assert "secret" not in problem
        assert not list(paths.alerts_folder(tmp_path).iterdir())


def test_a_server_that_hangs_costs_the_time_limit(
    tmp_path: Path,
    addressed,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[no-untyped-def]
) -> None:
    monkeypatch.setattr(alerts, "SECONDS", 0.3)
    with server() as address:  # takes the call and never answers
        addressed(address)
        alerts.note_alert(tmp_path, ended(tmp_path, "finished", "trained and tested"))
        began = time.monotonic()
        alerts.send_all(tmp_path, address, pauses=())
        assert time.monotonic() - began < 5
        assert alerts.alert_problem(tmp_path).endswith(": it does not answer")


def test_a_server_of_something_else_is_given_up_too(tmp_path: Path, addressed) -> None:  # type: ignore[no-untyped-def]
    with server(b"no HTTP at all\r\n") as address:
        addressed(address)
        alerts.note_alert(tmp_path, ended(tmp_path, "finished", "trained and tested"))
        alerts.send_all(tmp_path, address, pauses=(0.01,))
        assert not list(paths.alerts_folder(tmp_path).iterdir())
        assert "no HTTP at all" in alerts.alert_problem(tmp_path)


def test_one_that_is_cancelled_before_it_began_is_told(tmp_path: Path, addressed) -> None:  # type: ignore[no-untyped-def]
    addressed("http://127.0.0.1:9/x")
    queue = inline_queue(tmp_path)
    waiting = queue.states.add(preset("digits-cnn"))
    queue.cancel(waiting.id)
    (file,) = paths.alerts_folder(tmp_path).iterdir()
    told = json.loads(file.read_text())["payload"]
    assert (told["run"], told["why"]) == (waiting.id, "cancelled before it began")


def test_doctor_says_what_is_wrong(
    addressed,
    capsys: pytest.CaptureFixture[str],  # type: ignore[no-untyped-def]
) -> None:
    addressed("http://127.0.0.1:9/x")
    file = paths.alerts_file(settings().home)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"host": "127.0.0.1", "run": "ab", "why": "connection refused"}))
    try:
        assert command(["doctor"]) == 1
        assert (
            "mend        the webhook at 127.0.0.1 was not told of run ab: connection refused"
            in (capsys.readouterr().out)
        )
    finally:
        file.unlink()


def test_without_a_webhook_nothing_is_kept(tmp_path: Path) -> None:
    alerts.note_alert(tmp_path, ended(tmp_path, "finished", "trained and tested"))
    assert not paths.alerts_folder(tmp_path).exists()


@pytest.mark.parametrize(
    "text",
    ["ftp://x/secret", "hook", "https://", "http://a b", "http://x:y", "https://me:secret@x/"],
)
def test_what_is_no_address_is_told_without_quoting_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="begins with https:// or http://"):
        web_address(text)
    monkeypatch.setenv("DLEXPLAIN_WEBHOOK", text)
    with pytest.raises(BadInput, match="DLEXPLAIN_WEBHOOK: this is no address") as found:
        Settings.from_environment()
    assert "secret" not in str(found.value)

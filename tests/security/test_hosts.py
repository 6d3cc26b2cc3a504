"""Who reaches the server: what it listens to, and which hosts and origins it answers."""

import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket
from streamlit import config

from dlexplain.errors import BadInput
from dlexplain.settings import Settings, settings
from dlexplain.ui.serving.guard import Guard, is_same
from dlexplain.ui.serving.start import HERE as HERE_NAMES
from dlexplain.ui.serving.start import allowed_hosts, refusal
from tests.browser.dashboard import serving

ROOT = Path(__file__).parents[2]


HERE = {"Host": "localhost:8501"}


async def answer(request: Request) -> Response:
    return PlainTextResponse("answered")


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("answered")
    await websocket.close()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Of a small application behind the guard, as it is bound to localhost."""
    monkeypatch.setenv("DLEXPLAIN_ALLOWED_HOSTS", "Explain.example.org, *.lab.example")
    settings.cache_clear()
    before = config.get_option("server.allowedHosts")
    config.set_option("server.allowedHosts", allowed_hosts("localhost"))
    routes = [Route("/", answer, methods=["GET", "POST"]), WebSocketRoute("/stream", talk)]
    app = Starlette(routes=routes, middleware=[Middleware(Guard)])
    yield TestClient(app, base_url="http://localhost:8501")
    config.set_option("server.allowedHosts", before)
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize(
    "host",
    ["localhost:8501", "LOCALHOST", "127.0.0.1:8501", "[::1]:8501", "explain.example.org",
     "a.lab.example:443"],
)  # fmt: skip
def test_allowed_hosts_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).text == "answered"


FOREIGN = (
    "evil.example:8501", "localhost.evil.example", "lab.example.evil", "127.0.0.1.evil.example",
    "localhost@evil.example", "192.0.2.7", "", "localhost:99999", "evil.example/localhost",
    "[::1]; script-src *:80", "localhost, evil.example",
)  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN)
def test_other_hosts_are_refused_though_the_origin_agrees(client: TestClient, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    for method in ("GET", "POST"):
        refused = client.request(method, "/", headers=headers)
        assert refused.status_code == 400 and "DLEXPLAIN_ALLOWED_HOSTS" in refused.text
    with pytest.raises(WebSocketDenialResponse) as denied:
        client.websocket_connect("/stream", headers=headers).__enter__()
    assert denied.value.status_code == 400


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://localhost:3000", "http://127.0.0.1:8501", "null", "http://[",
     "file://"],
)  # fmt: skip
def test_pages_of_elsewhere_change_nothing(client: TestClient, origin: str) -> None:
    headers = {"Host": "localhost:8501", "Origin": origin}
    refused = client.post("/", headers=headers)
    assert refused.status_code == 403 and "may not do this here" in refused.text
    with pytest.raises(WebSocketDenialResponse) as denied:
        client.websocket_connect("/stream", headers=headers).__enter__()
    assert denied.value.status_code == 403


def test_its_own_pages_and_programs_may(client: TestClient) -> None:
    for headers in ({}, {"Origin": "http://localhost:8501"}, {"Origin": "https://localhost:8501"}):
        assert client.post("/", headers=headers).text == "answered"
        with client.websocket_connect("/stream", headers=HERE | headers) as websocket:
            assert websocket.receive_text() == "answered"
    assert is_same("https://A.example", "a.example") and not is_same("http://", "")


def test_two_hosts_are_none(client: TestClient) -> None:
    twice = [("Host", "localhost:8501"), ("Host", "evil.example")]
    assert client.get("/", headers=twice).status_code == 400


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.3.2.1", "::1", "LocalHost"])
def test_this_machine_is_listened_to(address: str) -> None:
    assert refusal(address, opened=False) == ""


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.0.2.7", "explain.example"])
def test_others_are_only_where_it_is_said(address: str | None) -> None:
    said = refusal(address, opened=False)
    assert "--open" in said and "DLEXPLAIN_OPEN=1" in said and said.count("\n") == 0
    assert refusal(address, opened=True) == ""


def test_the_bound_address_is_a_host() -> None:
    assert "192.0.2.7" in allowed_hosts("192.0.2.7")
    assert allowed_hosts("0.0.0.0") == allowed_hosts(None) == ["localhost", "127.0.0.1", "::1"]


@pytest.mark.parametrize("text", ["https://a.example", "a.example:80", "*", "a.*", "a b", "*.*.a"])
def test_a_host_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DLEXPLAIN_ALLOWED_HOSTS", f"fine.example,{text}")
    with pytest.raises(BadInput, match="DLEXPLAIN_ALLOWED_HOSTS: one of the hosts is"):
        Settings.from_environment()


@pytest.mark.parametrize(
    ("variables", "arguments"),
    [
        ({}, ("--server.address", "0.0.0.0")),
        ({"STREAMLIT_SERVER_ADDRESS": "::"}, ()),
        ({}, ("--server.address", "")),
    ],
)
def test_it_does_not_start_open_by_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str],
    arguments: tuple[str, ...],
) -> None:  # fmt: skip
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "scripts/serve.py", "--server.port", "0", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "nobody signs in" in done.stderr and len(done.stderr.splitlines()) == 1


def test_what_listens_to_all_says_so() -> None:
    for file in ("Dockerfile", "deploy/compose.yaml"):
        lines = [line for line in (ROOT / file).read_text().splitlines() if "serve.py" in line]
        lines = [line for line in lines if "0.0.0.0" in line]
        assert lines and all("--open" in line for line in lines), file
    given = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]
    assert given["address"] == "localhost"  # of `streamlit run app.py` too
    assert given["allowedHosts"] == list(HERE_NAMES)


def raw(port: int, host: str, origin: str, path: str = "/_stcore/stream") -> str:
    """The first line of the answer to a websocket's handshake, with any headers."""
    lines = (
        f"GET {path} HTTP/1.1", f"Host: {host}", f"Origin: {origin}", "Connection: Upgrade",
        "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", "",
    )  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode())
        return connection.recv(4096).decode().partition("\r\n")[0]


def test_the_dashboard_listens_here_and_is_guarded(tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        port = int(address.rpartition(":")[2])
        own = f"localhost:{port}"
        assert " 101 " in raw(port, own, f"http://{own}")
        # DNS rebinding: Host and Origin agree, and are both foreign.
        assert " 400 " in raw(port, f"evil.example:{port}", f"http://evil.example:{port}")
        assert " 403 " in raw(port, own, "http://evil.example")
        assert " 403 " in raw(port, own, "http://localhost:1")
        there = psutil.net_connections("tcp")
        bound = {one.laddr.ip for one in there if one.status == "LISTEN" and one.laddr.port == port}
        assert bound == {"127.0.0.1"}
    assert "handshake" not in (tmp_path / "server.log").read_text()
    assert "Stopping" in (tmp_path / "server.log").read_text()

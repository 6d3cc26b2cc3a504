"""Models that are named as on the Hugging Face hub, against a hub of this machine's own."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import dlexplain as dx
from dlexplain.errors import ModelError, UnknownName
from dlexplain.execution import paths
from dlexplain.trained import hub
from tests.own import SMALL, classifier, save_own

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Serves folders by name, as far as reading a model asks."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.models: dict[str, Path] = {}
        self.status = 200
        self.sizes: dict[str, int] = {}
        self.fetched: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = urlsplit(self.path).path.strip("/")
        if self.server.status != 200:
            return self._send(self.server.status, b"", {})
        if path.startswith("api/models/"):
            name = "/".join(path.split("/")[2:4])
            if name not in self.server.models:
                return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            files = [p for p in self.server.models[name].rglob("*") if p.is_file()]
            listed = [self._listed(name, p) for p in sorted(files)]
            if "/tree/" in path:
                tree = [{**f, "type": "file", "path": f["rfilename"], "oid": ""} for f in listed]
                return self._send(200, json.dumps(tree).encode(), {})
            told = {"id": name, "sha": COMMIT, "siblings": listed}
            return self._send(200, json.dumps(told).encode(), {})
        name, _, file = path.partition(f"/resolve/{COMMIT}/")
        content = (self.server.models[name] / file).read_bytes()
        if body:
            self.server.fetched.append(file)
        return self._send(
            200, content if body else b"", {"ETag": f'"{file}"', "X-Repo-Commit": COMMIT},
            len(content),
        )  # fmt: skip

    def _listed(self, name: str, path: Path) -> dict[str, Any]:
        file = path.relative_to(self.server.models[name]).as_posix()
        return {"rfilename": file, "size": self.server.sizes.get(file, path.stat().st_size)}

    def _send(
        self, status: int, content: bytes, headers: dict[str, str], length: int | None = None
    ) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests print nothing."""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    from huggingface_hub import constants

    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    files = server.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
    monkeypatch.setattr(paths, "hub_folder", lambda home: tmp_path / "cache")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    hub._fetched.cache_clear()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
    hub._fetched.cache_clear()


@pytest.fixture
def model(served: Hub, tmp_path: Path) -> str:
    folder = tmp_path / "model"
    save_own(classifier("Bert", **SMALL), folder)
    served.models["somebody/model"] = folder
    return "somebody/model"


def test_a_model_of_the_hub_is_read_and_nothing_else_is_fetched(served: Hub, model: str) -> None:
    folder = served.models[model]
    (folder / "pytorch_model.bin").write_bytes(b"pickled")
    (folder / "modeling.py").write_text("raise SystemExit")
    (folder / "onnx").mkdir()
    (folder / "onnx/config.json").write_text("{}")
    own = dx.load(model)
    assert [name.label for name in own.classes] == ["no", "maybe", "yes"]
    read = {path.name for path in folder.iterdir() if path.suffix in hub.ENDINGS}
    assert {*served.fetched} == read


def test_it_is_there_again_when_the_hub_is_not(served: Hub, model: str) -> None:
    folder = hub.model_folder(model)
    hub._fetched.cache_clear()
    served.status = 503
    assert hub.model_folder(model) == folder
    hub._fetched.cache_clear()
    served.shutdown()
    served.server_close()
    assert hub.model_folder(model) == folder


@pytest.mark.parametrize("status", [500, 503])
def test_a_hub_that_answers_with_an_error_is_told(served: Hub, status: int) -> None:
    served.status = status
    with pytest.raises(UnknownName, match=f"hub answered with {status}, and .nobody/nothing. was"):
        hub.model_folder("nobody/nothing")


def test_a_hub_that_never_answers_is_not_waited_for(
    served: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        address = f"http://127.0.0.1:{mute.getsockname()[1]}"
        monkeypatch.setattr(constants, "ENDPOINT", address)
        monkeypatch.setattr(hub, "ANSWERS", 0.2)
        with pytest.raises(UnknownName, match="cannot be reached .*was not fetched"):
            hub.model_folder("nobody/nothing")


def test_an_unknown_name_is_told_in_one_sentence(served: Hub) -> None:
    with pytest.raises(UnknownName, match='hub has no model "nobody/nothing" that everybody'):
        hub.model_folder("nobody/nothing")
    with pytest.raises(UnknownName, match="has no model"):
        hub.model_folder("no/such..name")


def test_pickles_alone_are_not_fetched(served: Hub, model: str) -> None:
    folder = served.models[model]
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"has no \.safetensors file on the hub"):
        hub.model_folder(model)
    assert served.fetched == []


def test_more_than_the_disk_has_room_for_is_not_fetched(served: Hub, model: str) -> None:
    served.sizes["model.safetensors"] = 10**18
    with pytest.raises(ModelError, match="is 1000000000.0 GB, and .* of the disk are free"):
        hub.model_folder(model)
    assert served.fetched == []

"""A cluster on the page Launch and in `doctor`: asked for only when somebody wants to know."""

import json
import socket
from collections.abc import Iterator

import pytest

from dlexplain.cli import main
from dlexplain.execution.clusters.connecting import Node
from dlexplain.services.cluster import ClusterFacts, ask_cluster
from dlexplain.settings import settings
from tests.pages.test_train_pages import opened, texts


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("DLEXPLAIN_RAY", f"127.0.0.1:{port}")
    settings.cache_clear()
    yield settings().ray
    monkeypatch.delenv("DLEXPLAIN_RAY")
    settings.cache_clear()


def test_without_an_address_nothing_speaks_of_a_cluster() -> None:
    page = opened("1_launch.py", preset="digits-cnn")
    device = next(box for box in page.text_input if box.label == "Device")
    assert "ray" not in device.help
    device.set_value("ray").run()
    assert any("no cluster is known; set DLEXPLAIN_RAY" in error.value for error in page.error)
    assert not any(box.label == "Processors" for box in page.number_input)


def test_ray_shows_what_is_asked_of_a_node(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    node = Node("a", "one", "192.0.2.1", 4.0, 1.0, 32.04)

    def ask() -> ClusterFacts:
        calls.append(settings().ray)
        return ClusterFacts(address, (node,))

    monkeypatch.setattr("dlexplain.ui.cluster.ask_cluster", ask)
    page = opened("1_launch.py", preset="digits-cnn")
    device = next(box for box in page.text_input if box.label == "Device")
    assert "or ray for the cluster" in device.help
    assert "On this machine" in texts(page)
    device.set_value("ray").run()
    assert not page.exception and not page.error
    assert "On the cluster" in texts(page) and "On this machine" not in texts(page)
    cpus = next(box for box in page.number_input if box.label == "Processors")
    cpus.set_value(3).run()
    assert "--device ray" in page.code[0].value
    assert "--set resources.cpus=3" in page.code[0].value
    assert calls == []  # nobody has asked yet
    next(b for b in page.button if b.label == "Ask the cluster").click().run()
    for _ in range(50):
        if any("Node" in frame.value.columns for frame in page.dataframe):
            break
        page.run()
    assert calls == [address]
    table = next(frame.value for frame in page.dataframe if "Node" in frame.value.columns)
    assert table.iloc[0].tolist() == ["one (192.0.2.1)", 4.0, 1.0, 32.0]


def test_doctor_says_that_no_cluster_answers(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray")
    told = f"no Ray cluster answers at {address}: Connection refused"
    assert main(["doctor", "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["cluster"] == told
    assert told in facts["problems"]


def test_a_cluster_in_a_few_words(address: str) -> None:
    nodes = (Node("a", "x", "192.0.2.1", 2.0, 0.0, 8.0), Node("b", "y", "192.0.2.2", 4.0, 1.0, 8.0))
    told = f"{address}, 2 nodes with 6 processors and 1 GPU in all"
    assert ClusterFacts(address, nodes).told == told
    pytest.importorskip("ray")
    assert ask_cluster().problem.startswith(f"no Ray cluster answers at {address}")

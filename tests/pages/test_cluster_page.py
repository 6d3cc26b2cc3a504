"""A cluster on the page Launch and in `doctor`: asked for only when somebody wants to know."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.cli import main
from dlexplain.execution.clusters.connecting import Node
from dlexplain.services.cluster import ClusterFacts, ask_cluster, choose_cluster
from dlexplain.settings import chosen_file, settings
from dlexplain.ui.markdown import literal
from dlexplain.ui.own_server import only_here
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


FIELD = "Address of the cluster"
TOLD = 'the address is "{}"; it takes HOST:PORT of the cluster\'s head, such as 192.0.2.1:6379'


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A dashboard of one's own, for which nothing has been chosen."""
    monkeypatch.setattr("dlexplain.ui.cluster.may_set_up", lambda: True)
    yield
    chosen_file(settings().home).unlink(missing_ok=True)


def on_ray() -> AppTest:
    page = opened("1_launch.py", preset="digits-cnn")
    next(box for box in page.text_input if box.label == "Device").set_value("ray").run()
    assert not page.exception, page.exception
    return page


def given(page: AppTest, address: str) -> AppTest:
    next(box for box in page.text_input if box.label == FIELD).set_value(address).run()
    assert not page.exception, page.exception
    return page


def test_an_address_that_is_given_on_the_page_holds_for_all_of_the_home(own: None) -> None:
    page = on_ray()
    assert settings().ray == ""
    assert any("no cluster is known" in error.value for error in page.error)
    page = given(page, " 192.0.2.7:6379 ")
    assert not page.error
    assert settings().ray == "192.0.2.7:6379"
    assert "On the cluster" in texts(page) and literal("192.0.2.7:6379") in texts(page)
    assert any(box.label == "Processors" for box in page.number_input)
    assert next(b.value for b in page.text_input if b.label == FIELD) == "192.0.2.7:6379"
    words = "from dlexplain.settings import settings; print(settings().ray)"
    seen = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True)
    assert seen.stdout == "192.0.2.7:6379\n", seen.stderr  # as workers and commands do
    page = given(page, "")
    assert settings().ray == "" and not chosen_file(settings().home).exists()
    assert any("no cluster is known" in error.value for error in page.error)


@pytest.mark.parametrize(
    "wrong", ["cluster", "ray://host:10001", "host:", ":6379", "host:0", "host:70000", "a b:1"]
)
def test_what_is_no_address_is_one_sentence_and_changes_nothing(own: None, wrong: str) -> None:
    choose_cluster("192.0.2.7:6379")
    page = given(on_ray(), wrong)
    assert [error.value for error in page.error] == [literal(f"T{TOLD.format(wrong)[1:]}.")]
    assert settings().ray == "192.0.2.7:6379"
    assert next(b.value for b in page.text_input if b.label == FIELD) == wrong


def test_the_environment_comes_first_and_is_shown_as_fixed(own: None, address: str) -> None:
    chosen_file(settings().home).write_text(json.dumps({"ray": "192.0.2.7:6379"}))
    assert settings().ray == address
    box = next(box for box in on_ray().text_input if box.label == FIELD)
    assert box.disabled and box.value == address and "DLEXPLAIN_RAY" in box.help
    with pytest.raises(ValueError, match=f"the address is {address} by DLEXPLAIN_RAY"):
        choose_cluster("192.0.2.8:6379")


def test_on_a_shared_server_nobody_can_point_it_anywhere(
    own: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = on_ray()
    monkeypatch.setattr("dlexplain.ui.cluster.may_set_up", lambda: False)
    given(page, "192.0.2.7:6379")  # from a page that was drawn before
    assert settings().ray == ""
    page = on_ray()
    assert FIELD not in [box.label for box in page.text_input]
    assert not any("or ray for the cluster" in (box.help or "") for box in page.text_input)


def test_a_damaged_choice_is_told_and_can_be_given_again(
    own: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for damage in ("{", "[]", '{"ray": 3}', '{"ray": "nowhere"}'):
        chosen_file(settings().home).write_text(damage)
        assert settings().ray == ""
        page = on_ray()
        told = [error.value for error in page.error if "settings.json is damaged" in error.value]
        assert len(told) == 1
    main(["doctor", "--json"])
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert any("settings.json is damaged, so that no cluster" in problem for problem in problems)
    page = given(page, "192.0.2.7:6379")
    assert not page.error and settings().ray == "192.0.2.7:6379"


HOST = {"Host": "localhost:8501"}


@pytest.mark.parametrize(
    ("listens", "headers", "own"),
    [
        ("localhost", HOST, True),
        ("127.0.0.1", {"host": "127.0.0.1:8501"}, True),
        ("::1", {"Host": "[::1]:8501"}, True),
        (None, HOST, False),  # Streamlit's own default: everybody
        ("0.0.0.0", HOST, False),
        ("192.0.2.1", HOST, False),
        ("localhost", {"Host": "dash.example.org"}, False),  # a proxy, or a name that leads here
        ("localhost", {**HOST, "X-Forwarded-For": "192.0.2.1"}, False),
        ("localhost", {**HOST, "x-real-ip": "192.0.2.1"}, False),
        ("localhost", {"Host": "localhost.example.org"}, False),
        ("localhost", {"Host": "["}, False),
        ("localhost", {}, False),
    ],
)
def test_a_server_is_ones_own_where_only_this_machine_reaches_it(
    listens: str | None, headers: dict[str, str], own: bool
) -> None:
    assert only_here(listens, headers) is own

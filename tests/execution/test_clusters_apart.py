"""What has to do with clusters and needs none: sentences, files to a node and back, the routing."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlexplain.errors import RunError, SpecError
from dlexplain.execution import paths
from dlexplain.execution.clusters.carrying import Puller, send, send_run
from dlexplain.execution.clusters.code import stage_code, zoo_models
from dlexplain.execution.clusters.connecting import (
    ClusterError,
    Node,
    as_ours,
    check_room,
    connect,
    read_address,
    why_not,
)
from dlexplain.execution.clusters.mirror import Mirror, check_mirror, shown
from dlexplain.execution.clusters.node import FOLDER, PIECE, NodeRun, inside
from dlexplain.execution.clusters.sending import send_data
from dlexplain.execution.environment import git_state
from dlexplain.execution.executor import Routed
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.resources import Params
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow, States
from dlexplain.params import Value
from dlexplain.services.training.catalogue import complete, completed_with, no_cluster
from dlexplain.settings import Settings
from tests.execution.small import PICTURES

SMALL = Node("a", "one", "192.0.2.1", 2.0, 0.0, 8.0)
LARGE = Node("b", "two", "192.0.2.2", 16.0, 0.0, 64.0)
GPUS = Node("c", "three", "192.0.2.3", 4.0, 1.0, 32.0)
ON_RAY = replace(PICTURES, model="cnn", device="ray")


@pytest.fixture
def row(tmp_path: Path) -> RunRow:
    states = States(paths.states_file(tmp_path))
    states.add(ON_RAY)
    taken = states.take(lambda wanted, busy, workers: "ray")
    assert taken is not None
    return taken


@pytest.fixture
def node(row: RunRow, tmp_path: Path) -> Any:
    told = json.loads(paths.row_file(tmp_path, row.id).read_text())["row"]
    found = NodeRun(told)
    yield found
    found.clean()
    assert not found.home.exists()


@pytest.mark.parametrize("address", ["rubbish", "host", ":1", "ray://host:10001", "host:0", "h:x"])
def test_an_address_is_host_and_port(address: str) -> None:
    told = f'DLEXPLAIN_RAY: the address is "{address}"; it takes HOST:PORT'
    with pytest.raises(ClusterError, match=told):
        read_address(address)


def test_nobody_at_the_address_is_told_at_once() -> None:
    pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    told = f"no Ray cluster answers at 127.0.0.1:{port}: Connection refused"
    with pytest.raises(ClusterError, match=told):
        connect(f"127.0.0.1:{port}")


def test_somebody_else_at_the_address_is_told_within_seconds() -> None:
    pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        words = [sys.executable, "-m", "dlexplain.execution.clusters.connecting", address, "3"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    told = json.loads(done.stdout.splitlines()[-1])["problem"]
    assert told == f"what answers at {address} does not speak as a Ray cluster within 3 s"
    assert done.returncode == 1


def test_without_ray_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match="pip install -r requirements-ray.txt"):
        connect("127.0.0.1:9")


def test_another_version_is_told_with_both() -> None:
    utils = pytest.importorskip("ray._private.utils")
    with pytest.raises(RuntimeError) as error:
        utils.check_version_info({"ray_version": "2.9.0", "python_version": "3.9.1"}, "here")
    told = why_not(error.value, "192.0.2.1:6379")
    assert told.startswith("the cluster at 192.0.2.1:6379 has Ray 2.9.0 and Python 3.9.1, and this")
    assert told.endswith("both must be the same, see requirements-ray.txt")


def test_a_machine_that_is_no_node_is_told_how_to_join() -> None:
    error = RuntimeError("No node info found matching attributes: '' when trying to resolve node")
    told = why_not(error, "192.0.2.1:6379")
    assert told.endswith("ray start --address=192.0.2.1:6379 --num-cpus=0")
    assert why_not(ValueError("odd"), "a:1") == "the cluster at a:1 cannot be used: odd"


def test_a_full_object_store_and_a_failed_call_are_told() -> None:
    errors = pytest.importorskip("ray.exceptions")
    told = str(as_ours(errors.ObjectStoreFullError("full"), errors, "node one"))
    assert told.startswith("the object store of node one is full") and "memory" in told
    told = str(as_ours(errors.RayError("a\n\nit broke"), errors, "node one"))
    assert told == "the cluster could not do what was asked: it broke"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            Params(cpus=32),
            "has 32 processors; the largest of 3, two (192.0.2.2), has 16 processors",
        ),
        (Params(gpus=1, cpus=8), "8 processors and 1 GPU; the largest of 3, three"),
        (Params(memory_gb=100.0), "has 1 processor and 100 GB of memory; the largest of 3, two"),
        (Params(gpus=1, memory_gb=64.0), "1 processor, 1 GPU and 64 GB of memory; the largest"),
    ],
)
def test_what_no_node_has(asked: Params, told: str) -> None:
    with pytest.raises(ClusterError) as error:
        check_room(asked, [SMALL, LARGE, GPUS], "192.0.2.1:6379")
    assert told in str(error.value)


def test_what_a_node_has() -> None:
    check_room(Params(cpus=16, memory_gb=64.0), [SMALL, LARGE, GPUS], "a:1")
    check_room(Params(cpus=4, gpus=1), [SMALL, LARGE, GPUS], "a:1")
    with pytest.raises(ClusterError, match="has no node that lives"):
        check_room(Params(), [], "a:1")


def test_nodes_that_a_cluster_has_not_are_told() -> None:
    two = Params(workers=2, nodes=2, cpus=8)
    check_room(two, [SMALL, LARGE, GPUS], "a:1")
    told = "1 of the 2 nodes of the cluster at a:1 can give 4 processors, and the run asks for 2 "
    with pytest.raises(ClusterError, match=told):
        check_room(two, [SMALL, LARGE], "a:1")
    with pytest.raises(ClusterError, match="has 32 processors; the largest of 3, two"):
        check_room(Params(workers=2, nodes=2, cpus=64), [SMALL, LARGE, GPUS], "a:1")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "a//b", "..", "a\\b", "a\0"])
def test_no_file_lies_outside(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is no name of a file inside"):
        inside(tmp_path, name)


def test_what_a_killed_node_left_is_removed(row: RunRow) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{ended.pid}-"))
    (left / "weights").write_text("")
    mine = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
    node = NodeRun({"id": row.id})
    try:
        assert not left.exists() and mine.exists()
    finally:
        node.clean()
        mine.rmdir()


def test_files_go_in_pieces_and_come_back_whole(node: NodeRun, row: RunRow, tmp_path: Path) -> None:
    content = bytes(range(256)) * (PIECE // 100)
    file = tmp_path / "sent"
    file.write_bytes(content)
    path = send(node, file, f"runs/{row.id}/checkpoints/latest-3.ckpt")
    assert Path(path).read_bytes() == content and len(content) > 2 * PIECE
    empty = tmp_path / "empty"
    empty.touch()
    assert Path(send(node, empty, f"runs/{row.id}/empty")).read_bytes() == b""
    came: list[Path] = []
    Puller(tmp_path, row, node, came.append).pull(node.files())
    folder = paths.run_folder(tmp_path, row.id)
    assert (folder / "checkpoints/latest-3.ckpt").read_bytes() == content
    assert set(came) == {folder / "checkpoints/latest-3.ckpt", folder / "empty"}


class Torn(NodeRun):
    """A node that sends the first piece of a file wrong, so many times."""

    torn = 0

    def read(self, name: str, start: int) -> bytes:
        found = super().read(name, start)
        if self.torn and found:
            self.torn -= 1
            return b"?" + found[1:]
        return found


def test_a_file_that_comes_torn_is_asked_again_and_never_kept(
    node: NodeRun, row: RunRow, tmp_path: Path
) -> None:
    file = tmp_path / "sent"
    file.write_bytes(b"weights")
    send(node, file, f"runs/{row.id}/model.safetensors")
    torn = Torn(node.row)
    torn.home, torn.torn = node.home, 4
    puller = Puller(tmp_path, row, torn, lambda file: None)
    puller.pull(node.files())
    weights = paths.weights_file(tmp_path, row.id)
    assert not weights.exists()
    puller.pull(node.files())
    assert weights.read_bytes() == b"weights"


def test_lines_come_as_they_grow_and_old_checkpoints_go(
    node: NodeRun, row: RunRow, tmp_path: Path
) -> None:
    there = paths.run_folder(node.home, row.id)
    (there / "checkpoints").mkdir(parents=True)
    here = paths.run_folder(tmp_path, row.id)
    here.mkdir(parents=True)
    for name in ("metrics.jsonl", "norms.jsonl", "log-2.txt"):
        (here / name).write_text("before\n")
    puller = Puller(tmp_path, row, node, lambda file: None)

    def save(step: int) -> None:
        file = there / f"checkpoints/latest-{step}.ckpt"
        paths.digest_file(file).write_text(hashlib.sha256(b"x").hexdigest())
        file.write_bytes(b"x")

    for name in ("metrics.jsonl", "norms.jsonl", "log-2.txt"):
        (there / name).write_text("one\ntw")
    save(1)
    puller.pull(node.files())
    for name in ("metrics.jsonl", "norms.jsonl", "log-2.txt"):  # of attempts before, too
        assert (here / name).read_text() == "before\none\n"
    (there / "metrics.jsonl").write_text("one\ntwo\n")
    save(2)
    for file in there.glob("checkpoints/latest-1*"):
        file.unlink()
    puller.pull(node.files())
    assert (here / "metrics.jsonl").read_text() == "before\none\ntwo\n"
    kept = ["latest-2.ckpt", "latest-2.ckpt.sha256"]
    assert sorted(file.name for file in (here / "checkpoints").iterdir()) == kept


def test_a_card_says_the_runs_own_spec(node: NodeRun, row: RunRow, tmp_path: Path) -> None:
    there = paths.run_folder(node.home, row.id)
    there.mkdir(parents=True)
    told = {"run": row.id, "spec": {"data_params": {"path": "/on/the/node"}}, "files": []}
    paths.card_in(there).write_text(json.dumps({**told, "environment": {"git_commit": ""}}))
    tags = {"dlexplain.git_commit": "", "dlexplain.host": "one"}
    paths.environment_file(node.home, row.id).write_text(json.dumps(tags))
    Puller(tmp_path, row, node, lambda file: None).pull(node.files())
    card = json.loads(paths.card_file(tmp_path, row.id).read_text())
    commit = git_state(Path(__file__).parent)
    assert card == {**told, "spec": ON_RAY.to_dict(), "environment": commit}
    tags = json.loads(paths.environment_file(tmp_path, row.id).read_text())
    assert tags == {f"dlexplain.{key}": value for key, value in commit.items()} | {
        "dlexplain.host": "one"
    }


class Without(NodeRun):
    """A node that has no data of ours."""

    def has(self, path: str) -> bool:
        return False


def reading(row: RunRow, path: Path) -> RunSpec:
    return replace(row.spec, data_params={"path": str(path)})


def test_data_that_a_node_has_not_are_sent(row: RunRow, tmp_path: Path) -> None:
    data = tmp_path / "pets"
    (data / "cats").mkdir(parents=True)
    (data / "cats/a.txt").write_text("a")
    (data / "b.txt").write_text("b")
    node = Without({"id": row.id})
    phases: list[str] = []
    try:
        for path, names in ((data, ["b.txt", "cats/a.txt"]), (data / "b.txt", None)):
            changed = send_data(node, "a node", reading(row, path), phases.append)
            there = Path(str(changed["data_params"]["path"]))
            assert there.is_relative_to(node.home) and there.name == path.name
            if names is None:
                assert there.read_text() == "b"
            else:
                assert [(there / name).read_text() for name in names] == ["b", "a"]
    finally:
        node.clean()
    assert phases == ["sending 0 MB of data to the cluster"] * 2


def test_data_that_are_too_large_to_send_are_told(
    row: RunRow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlexplain.execution.clusters.sending.SENT_MB", 1)
    data = tmp_path / "big"
    data.write_bytes(bytes(2_000_000))
    node = Without({"id": row.id})
    try:
        for path, told in ((data, "its 2 MB are more than the 1"), (tmp_path / "no", "is not her")):
            with pytest.raises(RunError, match=f'has no "{path}", and .*{told}.* shared disk'):
                send_data(node, "a node", reading(row, path), lambda text: None)
    finally:
        node.clean()


def test_the_code_goes_without_the_zoo(tmp_path: Path) -> None:
    texts = {"digits-cnn", "cnn", "shapes", "sst2-cnn@1", "mnist-multitask:digit"}
    assert zoo_models(texts) == ["digits-cnn", "mnist-multitask", "sst2-cnn"]
    staged = stage_code(tmp_path, ["digits-cnn"])
    assert (staged / "execution/clusters/code.py").is_file()
    folders = [file.name for file in (staged / "zoo").iterdir() if file.is_dir()]
    assert folders == ["digits-cnn"]
    assert sum(f.stat().st_size for f in staged.rglob("*")) < 20e6


def test_copies_are_whole_and_a_place_that_is_away_is_told(row: RunRow, tmp_path: Path) -> None:
    file = paths.weights_file(tmp_path, row.id)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    notes: list[str] = []
    for address in (f"{(tmp_path / 'far').as_uri()}/", "memory://far"):
        check_mirror(address)
        mirror = Mirror(address, tmp_path, row.id, notes.append)
        mirror.take(file)
        copy = f"{mirror.root}/{row.id}/model.safetensors"
        assert mirror.files.cat_file(copy) == b"weights"
        names = [entry.rpartition("/")[2] for entry in mirror.files.find(mirror.root)]
        assert names == ["model.safetensors"]
        moved = file.rename(file.with_name("away"))
        mirror.take(file)
        assert not mirror.files.exists(copy)
        moved.rename(file)
    assert notes == []
    (tmp_path / "block").write_text("")
    blocked = f"{(tmp_path / 'block').as_uri()}/x"
    Mirror(blocked, tmp_path, row.id, notes.append).take(file)
    assert len(notes) == 1 and "not everything could be copied to" in notes[0]
    away = Mirror(f"{(tmp_path / 'later').as_uri()}", tmp_path, row.id, notes.append)
    (tmp_path / "later").write_text("")  # a file where the folder should be: the place is away
    several = [file.with_name(name) for name in ("a", "b", "c")]
    for one in several:
        one.write_text(one.name)
        away.take(one)
    (tmp_path / "later").unlink()
    away.take(several[0])
    copies = (tmp_path / "later" / row.id).iterdir()
    assert sorted(copy.name for copy in copies) == ["a", "b", "c"]
    assert shown("sftp://me:secret@host/runs") == "sftp://host/runs"
    with pytest.raises(RunError, match="nothing can be written at DLEXPLAIN_CHECKPOINTS"):
        check_mirror(blocked)
    with pytest.raises(
        RunError, match='DLEXPLAIN_CHECKPOINTS is "nosuch://x"; it takes an address'
    ):
        check_mirror("nosuch://x")


def test_a_parent_goes_along(node: NodeRun, row: RunRow, tmp_path: Path) -> None:
    States(paths.states_file(tmp_path)).move(row.id, "finished", "trained")
    folder = paths.run_folder(tmp_path, row.id)
    folder.mkdir(parents=True)
    paths.card_in(folder).write_text(json.dumps({"files": ["tokenizer.json"]}))
    paths.weights_in(folder).write_bytes(b"w")
    paths.kept_file(tmp_path, row.id, "tokenizer.json").write_text("{}")
    send_run(node, tmp_path, row.id)
    found = States(paths.states_file(node.home)).get(row.id)
    assert (found.state, found.spec) == ("finished", row.spec)
    names = sorted(file.name for file in paths.run_folder(node.home, row.id).iterdir())
    assert names == ["card.json", "model.safetensors", "tokenizer.json"]


def test_runs_go_where_their_spec_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routed = Routed(tmp_path)
    monkeypatch.setattr(
        "dlexplain.execution.executor.settings", lambda: Settings(ray="127.0.0.1:6379")
    )
    assert routed.room("ray", ["cpu", "ray"], 1) == "ray"
    assert routed.room("ray", ["ray"] * Settings().ray_runs, 1) is None
    assert routed.room("cpu", ["ray"], 1) == "cpu"
    assert routed.room("cpu", ["cpu", "ray"], 1) is None


def test_who_knows_no_cluster_leaves_its_runs_to_who_has_sent_them(tmp_path: Path) -> None:
    """A dashboard, or a sweep, that was started without the address looks after the queue too."""
    assert Routed(tmp_path).room("ray", [], 1) is None
    spec = RunSpec("classify-image", "cnn", "digits", device="ray")
    queue = RunQueue(tmp_path, Routed(tmp_path), deliver=lambda home: None)
    sent = queue.submit(spec)
    queue.advance()
    assert queue.states.get(sent.id).state == "queued"


@pytest.mark.parametrize("address", ["localhost", "a:b", "host:99999999"])
def test_an_address_that_is_none_is_told_before_a_run_is_queued(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    known(monkeypatch, address)
    assert "it takes HOST:PORT" in no_cluster()[0]


def test_several_workers_take_gpus_that_are_free_beside_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = ("cuda:0", "cuda:1", "cuda:2", "cpu")
    monkeypatch.setattr("dlexplain.execution.executor.devices", lambda: cards)
    routed = Routed(tmp_path)
    assert routed.room("auto", ["cuda:0"], 2) == "cuda:1"
    assert routed.room("auto", ["cuda:1"], 2) is None
    assert routed.room("cuda:0", ["cuda:2"], 2) == "cuda:0"
    assert routed.room("cpu", ["cuda:0"], 2) == "cpu"
    states = States(paths.states_file(tmp_path / "two"))
    states.add(replace(PICTURES, resources={"workers": 2}))
    states.add(PICTURES)
    first = states.take(lambda wanted, busy, workers: routed.room("auto", busy, workers))
    second = states.take(lambda wanted, busy, workers: routed.room("auto", busy, workers))
    assert first is not None and second is not None
    assert (first.device, second.device) == ("cuda:0", "cuda:2")


def known(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(
        "dlexplain.services.training.catalogue.settings", lambda: Settings(ray=address)
    )


def test_a_spec_of_this_machine_is_told_as_before() -> None:
    completed = complete(replace(PICTURES, model="cnn"))
    assert "resources" not in completed.to_dict()
    assert not any(key.startswith("resources") for key in completed.flat())


def test_ray_is_a_device_where_a_cluster_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecError, match='device is "ray", but no cluster is known; set DLEXPLAIN'):
        complete(ON_RAY)
    known(monkeypatch, "192.0.2.1:6379")
    completed = complete(replace(ON_RAY, resources={"cpus": "4"}))
    wanted = {
        "workers": 1,
        "nodes": 1,
        "cpus": 4,
        "gpus": 0,
        "sharding": "none",
        "memory_gb": 0.0,
        "lost": "interrupted",
    }
    assert completed.to_dict()["resources"] == wanted
    assert RunSpec.from_json(completed.to_json()) == completed


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["resources.cpus=0"], 'resources: cpus is "0"; it takes'),
        (["resources.lost=panic"], 'lost is "panic"; it takes'),
        (["resources.gpus=2"], 'gpus is "2"'),
        (["resources.gpus=65"], 'gpus is "65"; it takes'),
        (["resources.workers=2"], "workers is 2, but cpus is 1; at least one for each worker"),
        (["resources.nodes=0"], 'nodes is "0"; it takes'),
        (
            ["resources.nodes=2"],
            "nodes is 2, but workers is 1, one for each node at least; at most 1",
        ),
        (
            ["resources.nodes=2", "resources.workers=3", "resources.cpus=4"],
            "nodes is 2, but workers is 3, which is not spread evenly; it takes a multiple of 2",
        ),
        (
            ["resources.nodes=2", "resources.workers=2", "resources.cpus=3"],
            "nodes is 2, but cpus is 3, which is not spread evenly; it takes a multiple of 2",
        ),
    ],
)
def test_resources_out_of_range_are_told(
    given: Sequence[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(monkeypatch, "192.0.2.1:6379")
    with pytest.raises(SpecError) as error:
        completed_with(replace(PICTURES, model="cnn"), ["device=ray", *given])
    assert told in str(error.value)


@pytest.mark.parametrize("given", [{"cpus": 2}, {"workers": 2, "nodes": 2}])
def test_resources_of_a_run_of_this_machine_are_told(given: dict[str, Value]) -> None:
    with pytest.raises(SpecError, match='resources are given, but device is "cpu"; they are for'):
        complete(replace(PICTURES, model="cnn", resources=given))


def test_what_follows_a_run_imports_neither_torch_nor_lightning() -> None:
    code = "import sys, dlexplain.services.training.remote; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "lightning", "mlflow", "ray", "fsspec"} & set(done.stdout.split())

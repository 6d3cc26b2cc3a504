"""A run on a cluster as this machine's worker of it sees it: started there, followed, brought back.

Everything that is recorded comes here as it grows; so whatever is lost, a node or this process,
the run goes on from the newest checkpoint that has come.
"""

import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlexplain.errors import RunError
from dlexplain.execution import paths
from dlexplain.execution.clusters.carrying import (
    Puller,
    send,
    send_checkpoints,
    send_run,
    texts_of,
)
from dlexplain.execution.clusters.code import model_in, stage_code, zoo_models
from dlexplain.execution.clusters.connecting import (
    ClusterError,
    check_room,
    connect,
    nodes,
)
from dlexplain.execution.clusters.mirror import Mirror, check_mirror
from dlexplain.execution.clusters.node import NodeRun
from dlexplain.execution.ending import Stopped
from dlexplain.execution.files import kept_told, saved_step
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.resources import NO_ADDRESS, Params
from dlexplain.execution.states import States
from dlexplain.params import parse
from dlexplain.settings import settings

LOOK_SECONDS = 1.0
SILENT_SECONDS = 60.0
"""A node that does not answer for so long is taken for lost."""
MOST_RESTARTS = 3
"""Without a newer checkpoint in between."""
SENT_MB = 200
"""Data that a node does not have are sent to it up to this size."""
WAITING = "waiting for room on the cluster"
_log = logging.getLogger("dlexplain.worker")


class Lost(Exception):
    """The node, or Ray's process on it, is gone; the message names it."""


def follow(home: Path, reporter: Reporter) -> None:
    """Train the reporter's run on the cluster of the settings; returns when all of it is here.

    Raises Stopped where it ended before its time, RunError where it failed or no cluster can be
    used, both saying why.
    """
    address, row = settings().ray, reporter.row
    if not address:
        raise ClusterError(NO_ADDRESS)
    asked = parse(Params, row.spec.resources)
    mirror = None
    if settings().checkpoints:
        check_mirror(settings().checkpoints)
        mirror = Mirror(settings().checkpoints, home, row.id, reporter.note)
    reporter.phase("connecting to the cluster")
    with tempfile.TemporaryDirectory(prefix="dlexplain-code-") as folder:
        models = zoo_models(texts_of(row.spec.to_dict()))
        staged = stage_code(Path(folder), models)
        # Who is told that the run ended is told from here.
        runtime = {"py_modules": [str(staged)], "env_vars": {"DLEXPLAIN_WEBHOOK": ""}}
        ray = connect(address, runtime)
    try:
        reporter.ending.listen()  # Ray has put its own in place
        check_room(asked, nodes(ray), address)
        _until_done(Following(ray, home, reporter, asked, mirror), home, reporter, asked)
    finally:
        ray.shutdown()


def copy_end(home: Path, run: str) -> None:
    """Copy how the run ended too, which is known after all else."""
    if settings().checkpoints:
        mirror = Mirror(settings().checkpoints, home, run, _log.warning)
        for file in (paths.ended_file(home, run), paths.row_file(home, run)):
            mirror.take(file)


def _until_done(following: "Following", home: Path, reporter: Reporter, asked: Params) -> None:
    """Attempts on nodes, another one where the node is lost and that is asked for."""
    folder = paths.checkpoint_folder(home, reporter.row.id)
    restarts, before = 0, saved_step(folder)
    while True:
        try:
            with following.on_node():
                following.attempt()
                return
        except Lost as lost:
            now = saved_step(folder)
            restarts = restarts + 1 if now == before else 1
            before = now
            told = f"{lost}; {kept_told(folder)}"
            if asked.lost != "restart" or restarts > MOST_RESTARTS:
                raise Stopped("interrupted", told) from lost
            reporter.note(f"{told}; it goes on elsewhere")


class Following:
    """One run on a cluster, by Ray's actor over NodeRun."""

    def __init__(
        self, ray: Any, home: Path, reporter: Reporter, asked: Params, mirror: Mirror | None
    ) -> None:
        self.ray, self.home, self.reporter, self.asked = ray, home, reporter, asked
        self.mirror = mirror
        self.row = reporter.row
        self.node = "a node"
        self._node_id = ""
        self._actor: Any = None
        self._cancelled = self._ended = False

    @contextmanager
    def on_node(self) -> Iterator[None]:
        """With an actor on a node that has room; raises Stopped where the run is to end while it
        waits."""
        options = {
            "num_cpus": self.asked.cpus,
            "num_gpus": self.asked.gpus,
            "memory": int(self.asked.memory_gb * 1e9) or None,
            "max_restarts": 0,
            "max_task_retries": 0,
        }
        told = json.loads(paths.row_file(self.home, self.row.id).read_text())["row"]
        begins = {"phase": "starting on the cluster", "phase_began": time.time()}
        told["progress"] = json.dumps({**self.reporter.progress, **begins})
        self._node_id, self.node = "", "a node"
        self._actor = self.ray.remote(NodeRun).options(**options).remote(told)
        try:
            self._wait_for_room()
            yield
        finally:
            self._leave()

    def attempt(self) -> None:
        """Train there to the end; raises Lost, Stopped or RunError otherwise."""
        self._begin()
        place = self._place()
        puller = Puller(self.home, self.row, place, self._came)
        self.reporter.ending.patient = True
        try:
            while True:
                told = self.ask("look")
                self._tell(told["progress"])
                puller.pull(told["files"])
                if not told["active"]:
                    break
                self._obey()
                time.sleep(LOOK_SECONDS)
        finally:
            self.reporter.ending.patient = False
        self._conclude(told["state"], told["why"])

    def ask(self, what: str, *arguments: Any) -> Any:
        """Call a method of the NodeRun and return its answer; raises Lost."""
        errors = self.ray.exceptions
        until = time.monotonic() + SILENT_SECONDS
        answer = None
        while True:
            try:
                answer = answer or getattr(self._actor, what).remote(*arguments)
                return self.ray.get(answer, timeout=SILENT_SECONDS)
            except errors.ActorUnavailableError:  # such as a network that fails for a moment
                answer = None
                if time.monotonic() > until:
                    raise Lost(f"{self.node} of the cluster does not answer") from None
                time.sleep(LOOK_SECONDS)
            except errors.RayActorError as error:
                raise Lost(self._what_died(str(error))) from None
            except errors.GetTimeoutError:
                raise Lost(f"{self.node} of the cluster does not answer") from None
            except Exception as error:
                raise as_ours(error, errors, self.node) from error

    def _wait_for_room(self) -> None:
        first = self._actor.where.remote()
        while True:
            try:
                done, _ = self.ray.wait([first], timeout=LOOK_SECONDS)
                if done:
                    where = self.ray.get(first)
                    break
            except self.ray.exceptions.RayActorError as error:
                raise Lost(self._what_died(str(error))) from None
            except Exception as error:
                raise as_ours(error, self.ray.exceptions, "a node") from error
            self.reporter.phase(WAITING)
        self._node_id = str(where["node"])
        found = [node for node in nodes(self.ray) if node.id == self._node_id]
        name = found[0].name if found else where["host"]
        self.node = f"node {name}"
        _log.info("trains on %s in %s", self.node, where["home"])

    def _begin(self) -> None:
        """Send what the node needs, and have its worker start."""
        self.reporter.phase("sending to the cluster")
        place, spec = self._place(), self.row.spec
        self._came(paths.row_file(self.home, self.row.id))
        send_checkpoints(place, self.home, self.row.id)
        texts = texts_of(spec.to_dict())
        for other in States(paths.states_file(self.home)).all():
            if other.state == "finished" and other.id in map(model_in, texts):
                send_run(place, self.home, other.id)
        self._check_models()
        changed = self._data(place)
        self.ask("start", "cuda" if self.asked.gpus else "cpu", changed)

    def _check_models(self) -> None:
        """Raises RunError where a folder with which the run begins, or learns from, is not there;
        models by name have been sent."""
        spec = self.row.spec
        for text in (spec.parent, str(spec.task_params.get("teacher", ""))):
            if Path(text).is_absolute() and not self.ask("has", text):
                raise RunError(
                    f'{self.node} has no "{text}", with which the run begins or from which it '
                    "learns; put it where every node has it at this path, such as on a shared disk"
                )

    def _data(self, place: "Asking") -> Mapping[str, Any]:
        """What of the spec is otherwise on the node: the path of data that are sent to it."""
        path = str(self.row.spec.data_params.get("path", ""))
        if not path or self.ask("has", path):
            return {}
        here = Path(path)
        files = [here] if here.is_file() else sorted(f for f in here.rglob("*") if f.is_file())
        size = sum(file.stat().st_size for file in files) / 1e6
        if not files or size > SENT_MB:
            much = f"its {size:,.0f} MB are more than the {SENT_MB} that are sent to a node"
            why = much if files else "it is not here either"
            raise RunError(
                f'{self.node} has no "{path}", and {why}; put the data where every node has them '
                "at this path, such as on a shared disk"
            )
        self.reporter.phase(f"sending {size:,.0f} MB of data to the cluster")
        for file in files:
            name = (
                here.name if here.is_file() else f"{here.name}/{file.relative_to(here).as_posix()}"
            )
            sent = send(place, file, f"given/{name}")
        root = sent if here.is_file() else sent[: sent.rindex(f"given/{here.name}/")]
        there = sent if here.is_file() else f"{root}given/{here.name}"
        return {"data_params": {"path": there}}

    def _place(self) -> "Asking":
        return Asking(self.ask)

    def _tell(self, progress: Mapping[str, Any]) -> None:
        notes = dict.fromkeys([*self.reporter.progress["notes"], *progress.get("notes", ())])
        self.reporter.tell({**progress, "notes": list(notes)})

    def _came(self, file: Path) -> None:
        if self.mirror is not None:
            self.mirror.take(file)

    def _obey(self) -> None:
        """Pass on what is asked of this worker."""
        if self.reporter.gone:
            raise Stopped("gone", "the run was taken from this worker")
        if self.reporter.requested == "cancel" and not self._cancelled:
            self._cancelled = True
            self.ask("cancel")
        if self.reporter.ending.asked and not self._ended:
            self._ended = True
            self.ask("end")

    def _conclude(self, state: str, why: str) -> None:
        """End here as it ended there."""
        if state == "finished":
            for file in (paths.card_file, paths.weights_file, paths.results_file):
                if not file(self.home, self.row.id).is_file():
                    told = f"{self.node} says it is finished, but {file(self.home, 'x').name}"
                    raise RunError(f"{told} did not come back")
            return
        if state in ("cancelled", "interrupted"):
            raise Stopped(state, f"{why}, on {self.node}")
        raise RunError(f"{why} (on {self.node})")

    def _what_died(self, text: str) -> str:
        alive = any(node.id == self._node_id for node in nodes(self.ray))
        if alive:
            return f"the worker on {self.node} of the cluster died"
        return f"{self.node} of the cluster is gone"

    def _leave(self) -> None:
        """Remove what is on the node, and free it."""
        if self._node_id:  # else it still waits for room
            try:
                self.ray.get(self._actor.clean.remote(), timeout=10)
            except Exception as error:  # a node that is gone; there is nothing to clean
                _log.debug("not cleaned: %s", error)
        self.ray.kill(self._actor)
        self._node_id = ""


class Asking:
    """A Place that is an actor's."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self.ask = ask

    def put(self, name: str, start: int, piece: bytes) -> str:
        return str(self.ask("put", name, start, piece))

    def read(self, name: str, start: int) -> bytes:
        return bytes(self.ask("read", name, start))

    def digest(self, name: str) -> str:
        return str(self.ask("digest", name))


def as_ours(error: Exception, errors: Any, node: str) -> Exception:
    """Ray's error as a sentence."""
    full = (errors.ObjectStoreFullError, getattr(errors, "OutOfDiskError", ()))
    if isinstance(error, full):
        return ClusterError(
            f"the object store of {node} is full, and Ray's disk for what does not fit too; free "
            "some, or start the node with more --object-store-memory"
        )
    if isinstance(error, errors.RuntimeEnvSetupError):
        return ClusterError(f"{node} of the cluster could not take our code: {_first(error)}")
    if isinstance(error, errors.RayTaskError):
        cause = getattr(error, "cause", None)
        return ClusterError(f"{node}: {cause if cause is not None else _first(error)}")
    return ClusterError(f"the cluster could not do what was asked: {_first(error)}")


def _first(error: Exception) -> str:
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__

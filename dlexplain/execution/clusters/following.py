"""A run on a cluster as this machine's worker of it sees it: started there, followed, brought back.

Everything that is recorded comes here as it grows; so whatever is lost, a node or this process,
the run goes on from the newest checkpoint that has come.
"""

import json
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlexplain.errors import RunError
from dlexplain.execution import paths
from dlexplain.execution.clusters.carrying import Puller, texts_of
from dlexplain.execution.clusters.code import stage_code, zoo_models
from dlexplain.execution.clusters.connecting import (
    ClusterError,
    as_ours,
    check_room,
    connect,
    nodes,
)
from dlexplain.execution.clusters.member import LOOK_SECONDS, Lost, Member, rooms
from dlexplain.execution.clusters.mirror import Mirror, check_mirror
from dlexplain.execution.clusters.sending import send_needed
from dlexplain.execution.ending import Stopped
from dlexplain.execution.files import kept_told, saved_step
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.resources import NO_ADDRESS, Params
from dlexplain.params import parse
from dlexplain.settings import settings

MOST_RESTARTS = 3
"""Without a newer checkpoint in between."""
WAITING = "waiting for room on the cluster"
_log = logging.getLogger("dlexplain.worker")


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
    """Attempts on nodes, another one where a node is lost and that is asked for."""
    folder = paths.checkpoint_folder(home, reporter.row.id)
    restarts, before = 0, saved_step(folder)
    while True:
        try:
            with following.on_nodes():
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
    """One run on a cluster: on its first node the run's own worker, on others those that help."""

    def __init__(
        self, ray: Any, home: Path, reporter: Reporter, asked: Params, mirror: Mirror | None
    ) -> None:
        self.ray, self.home, self.reporter, self.asked = ray, home, reporter, asked
        self.mirror = mirror
        self.row = reporter.row
        self.members: list[Member] = []
        self._cancelled = self._ended = False
        self._over = ""

    @property
    def first(self) -> Member:
        return self.members[0]

    @property
    def where(self) -> str:
        """The nodes, in words."""
        return ", ".join(member.name for member in self.members)

    @contextmanager
    def on_nodes(self) -> Iterator[None]:
        """With an actor on each node, which have room; raises Stopped where the run is to end while
        it waits."""
        told = json.loads(paths.row_file(self.home, self.row.id).read_text())["row"]
        begins = {"phase": "starting on the cluster", "phase_began": time.time()}
        told["progress"] = json.dumps({**self.reporter.progress, **begins})
        with rooms(self.ray, self.asked) as found:
            self.members = [Member(self.ray, room, told) for room in found]
            try:
                self._wait_for_room()
                yield
            finally:
                for member in self.members:
                    member.leave()

    def attempt(self) -> None:
        """Train there to the end; raises Lost, Stopped or RunError otherwise."""
        self._begin()
        pullers = [Puller(self.home, self.row, one, self._came) for one in self.members]
        self.reporter.ending.patient = True
        try:
            while True:
                told = self.first.ask("look")
                self._tell(told["progress"])
                pullers[0].pull(told["files"])
                if not told["active"]:
                    break
                self._visit(told["wanted"], pullers)
                self._obey()
                time.sleep(LOOK_SECONDS)
        finally:
            self.reporter.ending.patient = False
        try:
            self._visit(told["wanted"], pullers)
        except Lost:  # which may be why the first worker did not come to its end
            if told["state"] not in ("finished", "cancelled"):
                raise
        self._conclude(told["state"], told["why"])

    def _visit(self, wanted: Mapping[str, Any] | None, pullers: Sequence[Puller]) -> None:
        """Tell the other nodes whom the first worker wants, and that one how they are; bring their
        logs."""
        if wanted is None or len(self.members) == 1 or self._over == wanted["crew"]:
            return
        codes: dict[str, int | None] = {}
        for place, member in list(enumerate(self.members))[1:]:
            said = member.ask("have", wanted, place, member.address)
            codes |= said["codes"]
            pullers[place].pull(said["files"])
        self.first.ask("hear", wanted["crew"], codes)
        if wanted["over"]:  # the first worker tests and saves alone, whatever becomes of the others
            self._over = wanted["crew"]

    def _wait_for_room(self) -> None:
        waiting = {member.first: member for member in self.members}
        while waiting:
            try:
                done, _ = self.ray.wait(list(waiting), timeout=LOOK_SECONDS)
            except Exception as error:
                raise as_ours(error, self.ray.exceptions, "a node") from error
            for call in done:
                waiting.pop(call).arrived()
            if waiting:
                self.reporter.phase(WAITING)

    def _begin(self) -> None:
        """Send what the nodes need, and have the run's worker start."""
        self._came(paths.row_file(self.home, self.row.id))
        device = "cuda" if self.asked.gpus else "cpu"
        for member in self.members:
            phase = self.reporter.phase
            changed = send_needed(member, member.name, self.home, self.row, phase)
            member.ask("prepare", device, changed, member.address)
        self.first.ask("start")

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
            self.first.ask("cancel")
        if self.reporter.ending.asked and not self._ended:
            self._ended = True
            self.first.ask("end")

    def _conclude(self, state: str, why: str) -> None:
        """End here as it ended there."""
        if state == "finished":
            for file in (paths.card_file, paths.weights_file, paths.results_file):
                if not file(self.home, self.row.id).is_file():
                    told = f"{self.first.name} says it is finished, but {file(self.home, 'x').name}"
                    raise RunError(f"{told} did not come back")
            return
        if state in ("cancelled", "interrupted"):
            raise Stopped(state, f"{why}, on {self.where}")
        raise RunError(f"{why} (on {self.where})")

"""A run on a node of a cluster: a home folder of its own, and the usual worker that trains in it.

What goes there and comes back is bytes and JSON, in pieces; nothing of it is unpickled by us.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from dlexplain.errors import RunError
from dlexplain.execution import others, paths, process
from dlexplain.execution.files import write_whole
from dlexplain.execution.resources import Seat
from dlexplain.execution.rows import ACTIVE
from dlexplain.execution.states import States
from dlexplain.settings import settings

PIECE = 1 << 20
"""Bytes that go at once."""
OTHERS_LOG = re.compile(r"log-\d+\.txt")
GROWING = re.compile(rf"log\.txt|{OTHERS_LOG.pattern}|(metrics|norms)\.jsonl")
"""Files of a run to which lines are added; the others are written whole."""
OWN = ("ended.json", "told.json")
FOLDER = "dlexplain-node-"
"""How folders of runs begin; then comes the process."""
MODULE = "dlexplain.services.training.on_node"
Listed = dict[str, tuple[int, int]]
"""File of a run's folder -> its size and when it was changed, in nanoseconds."""


class NodeRun:
    """One run in a folder of its own, which is removed in the end. Ray makes an actor of it.

    Of a run on several nodes each has one. The first has the run's own worker, which says whom it
    wants of the others; they are told by `have`.

    row  the run as the file of its row has it: see States
    """

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.run = str(row["id"])
        self.row = dict(row)
        self._crew = ""
        self._others: dict[int, subprocess.Popen[bytes]] = {}
        remove_left()
        self.home = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
        data = paths.data_folder(settings().home)  # downloaded once a node
        data.mkdir(parents=True, exist_ok=True)
        paths.data_folder(self.home).symlink_to(data)

    def where(self) -> dict[str, Any]:
        """Which machine, node of Ray's and process this is."""
        from ray import get_runtime_context

        node = get_runtime_context().get_node_id()
        told = {"host": socket.gethostname(), "pid": os.getpid(), "home": str(self.home)}
        return {**told, "node": node}

    def has(self, path: str) -> bool:
        """Whether this node can read what is at a path."""
        return os.access(path, os.R_OK)

    def put(self, name: str, start: int, piece: bytes) -> str:
        """Write a piece of a file of the home folder; returns the file's whole path."""
        file = inside(self.home, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("r+b" if start else "wb") as opened:
            opened.seek(start)
            opened.write(piece)
        return str(file)

    def prepare(self, device: str, changed: Mapping[str, Any], address: str = "") -> None:
        """Write down the run for whoever trains it here.

        changed  what of the spec is otherwise here, such as where the data are
        address  by which the run's other nodes reach this one
        """
        spec = json.loads(self.row["spec"])
        for group, values in changed.items():
            spec[group] = {**spec.get(group, {}), **values}
        row = {**self.row, "spec": json.dumps(spec), "device": device, "state": "running"}
        row |= {"pid": None, "born": None, "host": socket.gethostname(), "wish": ""}
        told = {"row": row, "changes": []}
        paths.run_folder(self.home, self.run).mkdir(parents=True, exist_ok=True)
        write_whole(paths.row_file(self.home, self.run), json.dumps(told).encode())
        States(paths.states_file(self.home))  # is made anew from the rows' files
        others.say_address(self.home, address)

    def start(self) -> int:
        """Have the run's own worker train; returns its process."""
        states = States(paths.states_file(self.home))
        log = paths.log_file(self.home, self.run)
        pid = process.start(self.home, MODULE, self.run, str(os.getpid()), log=log)
        states.started(self.run, pid)
        return pid

    def look(self) -> dict[str, Any]:
        """State, why and progress of the run, its files, and whom it wants of other nodes."""
        states = States(paths.states_file(self.home))
        states.reap()
        row = states.get(self.run)
        told: dict[str, Any] = {"state": row.state, "why": row.why, "progress": dict(row.progress)}
        told |= {"active": row.state in ACTIVE, "files": self.files()}
        return {**told, "wanted": others.wanted(self.home)}

    def have(self, wanted: Mapping[str, Any], node: int, address: str) -> dict[str, Any]:
        """Have those workers of this node that the first one wants, and no others.

        wanted  see execution.others;  node  which of the run's this is
        Returns how they are, and the files that they write.
        """
        if wanted["crew"] != self._crew or wanted["over"]:
            self._end_others()
        if wanted["crew"] != self._crew:
            self._crew, told = wanted["crew"], {**wanted["told"], "address": address}
            own = Seat(0, int(told["count"]), int(told["nodes"])).of_node
            self._others = {
                rank: others.begin(self.home, self.run, rank, told)
                for rank in (range(node * own, (node + 1) * own) if not wanted["over"] else ())
            }
        codes = {str(rank): other.poll() for rank, other in self._others.items()}
        logs = {name: about for name, about in self.files().items() if OTHERS_LOG.fullmatch(name)}
        return {"codes": codes, "files": logs}

    def hear(self, crew: str, codes: Mapping[str, int | None]) -> None:
        """Tell the first worker, which is here, how those of other nodes are."""
        others.say_ends(self.home, crew, codes)

    def _end_others(self) -> None:
        for other in self._others.values():
            if other.poll() is None:
                other.kill()
                other.wait()

    def files(self) -> Listed:
        folder = paths.run_folder(self.home, self.run)
        found: Listed = {}
        for file in sorted(folder.rglob("*")):
            try:
                about = file.stat()
            except FileNotFoundError:  # an older checkpoint, removed meanwhile
                continue
            if file.is_file() and not file.name.endswith(".part"):
                name = file.relative_to(folder).as_posix()
                found[name] = (about.st_size, about.st_mtime_ns)
        return found

    def read(self, name: str, start: int) -> bytes:
        """A piece of a file of the run; b"" behind its end, or where it is not there any more."""
        try:
            with inside(paths.run_folder(self.home, self.run), name).open("rb") as opened:
                opened.seek(start)
                return opened.read(PIECE)
        except FileNotFoundError:
            return b""

    def digest(self, name: str) -> str:
        """SHA-256 of a file of the run, "" where it is not there any more."""
        try:
            content = inside(paths.run_folder(self.home, self.run), name).read_bytes()
        except FileNotFoundError:
            return ""
        return hashlib.sha256(content).hexdigest()

    def cancel(self) -> None:
        """Ask the worker to save and stop; one that has ended has."""
        try:
            States(paths.states_file(self.home)).cancel(self.run)
        except RunError:
            return

    def end(self) -> None:
        """Tell the worker to end, as at a shutdown: it saves first."""
        pid = States(paths.states_file(self.home)).get(self.run).pid
        if pid and psutil.pid_exists(pid):
            os.kill(pid, signal.SIGTERM)

    def clean(self) -> None:
        """Remove the folder, and who works in it for another node's crew."""
        self._end_others()
        shutil.rmtree(self.home, ignore_errors=True)


def remove_left() -> None:
    """Folders of runs whose process on this node was killed before it could remove them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*-*"):
        pid = folder.name.removeprefix(FOLDER).partition("-")[0]
        ours = folder.is_dir() and folder.stat().st_uid == os.getuid()
        if ours and pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def inside(folder: Path, name: str) -> Path:
    """A file of the folder by its name there; raises RunError for one that would lie elsewhere."""
    parts = name.split("/")
    if not name or any(part in ("", ".", "..") for part in parts) or "\\" in name or "\0" in name:
        raise RunError(f'"{name}" is no name of a file inside {folder.name}')
    return folder.joinpath(*parts)

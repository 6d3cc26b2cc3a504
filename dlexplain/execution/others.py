"""The other workers of a run that several train, each a process: here, or on another node.

On its own machine the first worker begins them itself. Those of other nodes it asks for: it writes
down whom it wants, and reads how they are, in files of JSON in the home folder of its node. Whoever
follows the run (execution.clusters.following) carries both between the nodes once a second; there
execution.clusters.node begins and ends the processes. No torch here.
"""

import json
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dlexplain.execution import paths, process
from dlexplain.execution.files import write_whole

MODULE = "dlexplain.services.training.follower"


class Other(Protocol):
    """Another worker's process, as subprocess.Popen has it."""

    def poll(self) -> int | None: ...
    def kill(self) -> None: ...
    def wait(self) -> int | None: ...


def begin(home: Path, run: str, rank: int, told: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Begin a worker on this machine; told  see services.training.follower."""
    log = paths.worker_log_file(home, run, rank)
    return process.begin(home, MODULE, run, json.dumps({**told, "rank": rank}), log=log)


class Abroad:
    """The workers of one crew on other nodes, as the first one's process sees them."""

    def __init__(self, home: Path) -> None:
        self.home, self.crew = home, uuid.uuid4().hex
        self._told: Mapping[str, Any] = {}

    def begin(self, rank: int, told: Mapping[str, Any]) -> "Far":
        """All that are told the same begin together."""
        if not self._told:
            self._told = told
            self._want(over=False)
        return Far(self, rank)

    def end(self) -> None:
        self._want(over=True)

    def code(self, rank: int) -> int | None:
        """How one ended; None while it works, as far as is known."""
        said = _read(paths.crew_ends_file(self.home)) or {}
        code = said["codes"].get(str(rank)) if said.get("crew") == self.crew else None
        return None if code is None else int(code)

    def _want(self, over: bool) -> None:
        wanted = {"crew": self.crew, "told": dict(self._told), "over": over}
        write_whole(paths.crew_file(self.home), json.dumps(wanted).encode())


@dataclass(frozen=True)
class Far:
    """One of them."""

    abroad: Abroad
    rank: int

    def poll(self) -> int | None:
        return self.abroad.code(self.rank)

    def kill(self) -> None:
        self.abroad.end()

    def wait(self) -> int | None:
        """Does not: its node ends it, whatever happens here."""
        return self.poll()


def wanted(home: Path) -> Mapping[str, Any] | None:
    """What the first worker wants of other nodes; None while it wants nothing."""
    return _read(paths.crew_file(home))


def say_ends(home: Path, crew: str, codes: Mapping[str, int | None]) -> None:
    """Say how the workers of other nodes are."""
    told = {"crew": crew, "codes": dict(codes)}
    write_whole(paths.crew_ends_file(home), json.dumps(told).encode())


def address(home: Path) -> str:
    """By which other nodes reach this one; "" where nobody has said it."""
    return str((_read(paths.node_file(home)) or {}).get("address", ""))


def say_address(home: Path, own: str) -> None:
    write_whole(paths.node_file(home), json.dumps({"address": own}).encode())


def _read(file: Path) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    return found

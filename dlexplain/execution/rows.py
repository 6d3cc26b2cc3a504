"""What is known of a run: its state, who may follow whom, its worker and whether that lives."""

import getpass
import json
import os
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import psutil

from dlexplain.errors import BAD_JSON, RunError, SpecError, UnknownName
from dlexplain.execution.schema import ADDED, COLUMNS
from dlexplain.execution.spec import RunSpec
from dlexplain.typed import check_types

State = Literal["queued", "running", "finished", "failed", "cancelled", "interrupted"]
ACTIVE: tuple[State, ...] = ("queued", "running")
TRANSITIONS: dict[State, tuple[State, ...]] = {
    "queued": ("running", "cancelled", "failed"),
    "running": ("finished", "failed", "cancelled", "interrupted"),
    "interrupted": ("queued",),
    "cancelled": ("queued",),
    "failed": ("queued",),
    "finished": (),
}
"""Which state may follow which."""
HEARTBEAT_SECONDS = 1.0
SILENT_SECONDS = 12.0
"""A worker on another machine that has not beaten for this long is taken for gone."""
SAME_BIRTH = 1.5
"""Seconds by which two readings of a process's birth may differ: the clock's second is whole."""


@dataclass(frozen=True)
class Change:
    """One change of state: when (seconds since 1970), to what, by whom, why."""

    at: float
    state: State
    who: str
    why: str


@dataclass(frozen=True)
class Audited:
    """A line of the audit log: when (seconds since 1970), who did what to which thing, and how."""

    at: float
    who: str
    what: str
    target: str
    detail: str


@dataclass(frozen=True)
class RunRow:
    """A run as the file has it; `progress` is what its worker said last.

    spent     seconds of work in earlier attempts, before the last resume
    tracking  MLflow's id of the run, "" before it began
    family    what it was started with, such as a sweep or the seeds of one spec: a name that all of
              them share; "" for a run started alone
    note      what a person wrote about it
    owner     whose it is; "" is the local user's
    shared    the least role of those who may look at it too; "" of a private one
    """

    number: int
    id: str
    name: str
    tags: tuple[str, ...]
    spec: RunSpec
    state: State
    why: str
    device: str
    created: float
    started: float | None
    ended: float | None
    spent: float
    pid: int | None
    born: float | None
    host: str
    heartbeat: float | None
    requested: str
    tracking: str
    progress: Mapping[str, Any]
    family: str = ""
    note: str = ""
    starred: bool = False
    archived: bool = False
    owner: str = ""
    shared: str = ""

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    @property
    def began(self) -> bool:
        """Whether it has ever been at work, rather than only queued."""
        return self.started is not None or self.spent > 0

    @property
    def seconds(self) -> float:
        """Time at work so far, all attempts together."""
        if self.started is None:
            return self.spent
        end = self.ended if self.ended is not None else time.time()
        return self.spent + max(0.0, end - self.started)


def me() -> str:
    """Who changes a state: user and process."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} pid {os.getpid()}"


def read_row(row: Mapping[str, Any] | None) -> RunRow:
    """Raises UnknownName for None, RunError for a row that is damaged."""
    if row is None:
        raise UnknownName("this run is not there any more")
    # A newer version may have added columns, of which this one, still at work, knows nothing.
    values = {**ADDED, **{key: value for key, value in row.items() if key in COLUMNS}}
    try:
        values["spec"] = RunSpec.from_json(values["spec"])
        values["progress"] = json.loads(values["progress"])
        # Columns of the file, which older versions have written too, keep their names.
        values["heartbeat"], values["requested"] = values.pop("beat"), values.pop("wish")
        values |= {key: bool(values[key]) for key in ("starred", "archived")}
        values["tags"] = tuple(tag for tag in values["tags"].split(",") if tag)
        found = RunRow(**values)
        check_types(found)
    except (SpecError, *BAD_JSON) as error:
        raise RunError(f"what is known of run {values.get('id')} is damaged: {error}") from error
    return found


def readable(rows: Iterable[Mapping[str, Any]]) -> list[RunRow]:
    """Those that are not damaged: one that is must not take the others away, nor stop the queue."""
    found = []
    for row in rows:
        with suppress(RunError):
            found.append(read_row(row))
    return found


def is_at_work(row: RunRow) -> bool:
    """Whether it is running and its worker lives."""
    return row.state == "running" and is_alive(row)


class Working(Protocol):
    """What is known of a process: which, when it was born, where, when it beat last."""

    @property
    def pid(self) -> int | None: ...
    @property
    def born(self) -> float | None: ...
    @property
    def host(self) -> str: ...
    @property
    def heartbeat(self) -> float | None: ...


def is_alive(row: Working, by_heartbeat: bool = True) -> bool:
    """Whether a worker lives; on another machine, whether it has beaten lately.

    by_heartbeat  whether a late sign of life counts
    """
    since = time.time() - (row.heartbeat or 0.0)
    spoke = by_heartbeat and since < SILENT_SECONDS
    if row.pid is None:  # it has not begun; the time is of who started it, so not one to come
        return by_heartbeat and abs(since) < SILENT_SECONDS
    if row.host != socket.gethostname():
        return spoke
    try:
        process = psutil.Process(row.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        # After the clock was set, births differ though the process is the same: then it beats.
        return abs(process.create_time() - (row.born or 0.0)) < SAME_BIRTH or spoke
    except psutil.NoSuchProcess:
        return False

"""Every run's state: durable, atomic, with who, when and why; and the queue.

One store that the dashboard, the command line and the workers share: a SQLite file of the home
folder, or a PostgreSQL database for several servers (execution.database). A change of state is one
transaction that checks what the state was, so two processes cannot both start a run or both end it.
A worker beats every HEARTBEAT_SECONDS; `reap` finds those that are gone. Where the store is missing
or damaged it is made anew (execution.mending), and what was asked is done then.
"""

import json
import logging
import os
import secrets
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from dlexplain.errors import BadInput, RunError, StatesError, UnknownName
from dlexplain.execution.database import VERSION, Database, Open, upgrade
from dlexplain.execution.ended import how_it_ended
from dlexplain.execution.mending import (
    Unusable,
    connect,
    copy_audit,
    copy_row,
    is_missing,
    mend,
    mended,
    server_error,
    states_error,
)
from dlexplain.execution.paths import row_file, states_file
from dlexplain.execution.remaking import fill_server, note_moved
from dlexplain.execution.resources import RAY, taken, workers_of
from dlexplain.execution.rows import ACTIVE, Audited, is_alive, me, read_row, readable
from dlexplain.execution.rows import HEARTBEAT_SECONDS as HEARTBEAT_SECONDS
from dlexplain.execution.rows import TRANSITIONS as TRANSITIONS
from dlexplain.execution.rows import Change as Change
from dlexplain.execution.rows import RunRow as RunRow
from dlexplain.execution.rows import State as State
from dlexplain.execution.schema import ADD_AUDIT, ADD_CHANGE
from dlexplain.execution.spec import RunSpec
from dlexplain.settings import settings

_log = logging.getLogger(__name__)
LONGEST_NOTE = 10_000
TIMEOUT_SECONDS = 30.0
"""How long one process waits for another's change."""


class States:
    """The runs of one home folder, in a file there, or in the database that the settings name."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._store = Database(file, _opened, store_url(file))
        if not self._store.url and is_missing(file):
            mend(file)
        if self._version() not in _current:
            self._to_this_version()

    def _version(self) -> tuple[str, int]:
        """What is known to be of this version: a server's database, or the file as it is."""
        if self._store.url:
            return self._store.url, os.getpid()
        with suppress(OSError):
            return str(self.file), self.file.stat().st_ino
        return str(self.file), 0

    @mended
    def _to_this_version(self) -> None:
        with self._told():
            version = self._store.version()
            if not version and not self._store.has_runs():
                raise Unusable(f"{self.place} has no runs in it")
        if version < VERSION:
            with self._change() as db:
                upgrade(db)
        _current.add(self._version())

    @property
    def place(self) -> str:
        """The file or the server, as sentences name it."""
        return self._store.place if self._store.url else str(self.file)

    def mend(self, why: str) -> None:
        """Make the store anew of what is known, see execution.mending; raises StatesError."""
        if not self._store.url:
            mend(self.file, why)
            return
        with self._told(), self._store.changing() as db:
            fill_server(db, self.file.parent)
        note_moved(self.file.parent)

    @mended
    def add(self, spec: RunSpec, who: str = "", family: str = "", owner: str = "") -> RunRow:
        """Queue a new run. family, owner  see RunRow"""
        run, now = secrets.token_hex(4), time.time()
        with self._change() as db:
            db.change(
                "INSERT INTO runs (id, name, spec, state, created, family, owner) "
                "VALUES (:run, :name, :spec, 'queued', :now, :family, :owner)",
                run=run, name=spec.title, spec=spec.to_json(), now=now, family=family, owner=owner,
            )  # fmt: skip
            _note(db, run, "queued", who or me(), "submitted")
        return self._kept(run)

    @mended
    def get(self, run: str) -> RunRow:
        """Raises UnknownName, or RunError of one that is damaged; a unique beginning of an id is
        enough."""
        whole = self._id(run)
        with self._look() as db:
            found = _row(db, whole)
        return read_row(found)

    def _id(self, run: str) -> str:
        """The whole id; raises UnknownName."""
        with self._look() as db:
            found = db.all("SELECT id FROM runs WHERE id = :run", run=run)
            if not found and run:
                query = "SELECT id FROM runs WHERE substr(id, 1, :length) = :run"
                found = db.all(query, length=len(run), run=run)
            if len(found) == 1:
                return str(found[0]["id"])
            last = db.all("SELECT id FROM runs ORDER BY number DESC LIMIT 5")
        known = ", ".join(row["id"] for row in last) or "none yet"
        raise UnknownName(f'unknown run "{run}"; the latest: {known}')

    @mended
    def all(self) -> list[RunRow]:
        """Every run, the latest first; without those of `damaged`."""
        with self._look() as db:
            rows = db.all("SELECT * FROM runs ORDER BY number DESC")
        return readable(rows)

    @mended
    def latest(self, count: int) -> list[RunRow]:
        """So many of those at work, queued or finished: the active ones first, each the latest
        first."""
        active = f"state IN {ACTIVE}"
        query = f"SELECT * FROM runs WHERE archived = 0 AND ({active} OR state = 'finished') "
        order = f"ORDER BY {active} DESC, number DESC LIMIT :count"
        with self._look() as db:
            return readable(db.all(query + order, count=count))

    @mended
    def counts(self) -> dict[str, int]:
        """How many runs are in each state."""
        query = "SELECT state, COUNT(*) AS runs FROM runs GROUP BY state"
        with self._look() as db:
            there = {row["state"]: row["runs"] for row in db.all(query)}
        return {state: there.get(state, 0) for state in TRANSITIONS}

    @mended
    def family_active(self, family: str) -> bool:
        """Whether a run of it is queued or at work."""
        query = f"SELECT 1 FROM runs WHERE family = :family AND state IN {ACTIVE} LIMIT 1"
        with self._look() as db:
            return db.one(query, family=family) is not None

    @mended
    def damaged(self) -> list[str]:
        """Of each run that cannot be read why not, a sentence each, the latest first."""
        with self._look() as db:
            rows = db.all("SELECT * FROM runs ORDER BY number DESC")
        told = []
        for row in rows:
            try:
                read_row(row)
            except RunError as error:
                told.append(str(error))
        return told

    @mended
    def changes(self, run: str) -> list[Change]:
        """The run's changes of state, the first first."""
        with self._look() as db:
            return [Change(**row) for row in _changes(db, run)]

    @mended
    def move(self, run: str, state: State, why: str, who: str = "") -> RunRow:
        """Change the state; raises RunError where the present one does not allow it."""
        run = self.get(run).id
        with self._change() as db:
            row = read_row(_row(db, run))
            if state not in TRANSITIONS[row.state]:
                raise RunError(_refusal(row, state))
            _move(db, row, state, why, who)
        return self._kept(run)

    @mended
    def take(
        self, room: Callable[[str, Sequence[str], int], str | None], only: str = ""
    ) -> RunRow | None:
        """Move the queued run that is next to running, where there is room; None if none is.

        room  as `Executor` has it;  only  this run, where one is given
        """
        with self._change() as db:
            running = db.all("SELECT * FROM runs WHERE state = 'running'")
            at_work = [row for row in readable(running) if self._is_here(row)]
            busy = [d for row in at_work for d in taken(row.device, workers_of(row.spec))]
            queued = db.all("SELECT * FROM runs WHERE state = 'queued' ORDER BY number")
            for row in readable(queued):
                if only not in ("", row.id):
                    continue
                device = room(row.spec.device, busy, workers_of(row.spec))
                if device is None:
                    continue
                _set(db, row.id, {"device": device})
                _move(db, row, "running", f"starting on {device}" if device else "starting")
                begun = row.id
                break
            else:
                return None
        return self._kept(begun)

    @mended
    def started(self, run: str, pid: int) -> None:
        """The process that will attach, so that it is missed if it ends before it could."""
        with suppress(psutil.NoSuchProcess), self._change() as db:
            born = psutil.Process(pid).create_time()
            _set(db, run, {"pid": pid, "born": born, "beat": time.time()}, "pid IS NULL")
        self._kept(run)

    @mended
    def attach(self, run: str) -> RunRow:
        """This process is now the run's worker.

        Raises UnknownName, or RunError if the run is not running or has another worker.
        """
        born = psutil.Process().create_time()
        run = self.get(run).id
        with self._change() as db:
            row = read_row(_row(db, run))
            if row.state != "running":
                raise RunError(f"run {run} is {row.state}; only a running one has a worker")
            if row.pid not in (None, os.getpid()) and is_alive(row):
                raise RunError(f"run {run} has a worker already, process {row.pid}")
            sets = {"pid": os.getpid(), "born": born, "host": socket.gethostname()}
            _set(db, run, {**sets, "beat": time.time(), "why": ""})
        return self._kept(run)

    @mended
    def heartbeat(self, run: str, progress: Mapping[str, Any]) -> RunRow | None:
        """The worker's sign of life with the progress made; returns the row.

        None where the run is not this process's any more: then nothing is written.
        """
        values = {"beat": time.time(), "progress": json.dumps(dict(progress))}
        with self._change() as db:
            mine, here = f"state = 'running' AND pid = {os.getpid()}", {}
            if self._store.url:  # where another server's process may have the same number
                mine, here = f"{mine} AND host = :here", {"here": socket.gethostname()}
            changed = _set(db, run, values, mine, **here)
            found = _row(db, run)
        return read_row(found) if changed else None

    @mended
    def tracked(self, run: str, tracking: str) -> None:
        """Remember MLflow's id of the run."""
        with self._change() as db:
            _set(db, run, {"tracking": tracking})
        self._kept(run)

    @mended
    def cancel(self, run: str, who: str = "") -> RunRow:
        """A queued run is cancelled at once; a running one's worker is asked to save and stop."""
        row = self.get(run)
        if row.state == "queued":
            return self.move(row.id, "cancelled", "cancelled before it began", who)
        if row.state != "running":
            raise RunError(f"run {row.id} is {row.state}; only a queued or running one can stop")
        with self._change() as db:
            _set(db, row.id, {"wish": "cancel"})
        return self.get(row.id)

    @mended
    def rename(self, run: str, name: str) -> RunRow:
        run = self.get(run).id
        with self._change() as db:
            _set(db, run, {"name": name.strip()[:200] or "unnamed"})
        return self._kept(run)

    @mended
    def tag(self, run: str, tags: Sequence[str]) -> RunRow:
        kept = dict.fromkeys(tag.strip().replace(",", " ")[:50] for tag in tags if tag.strip())
        run = self.get(run).id
        with self._change() as db:
            _set(db, run, {"tags": ",".join(kept)})
        return self._kept(run)

    @mended
    def annotate(
        self,
        run: str,
        note: str | None = None,
        starred: bool | None = None,
        archived: bool | None = None,
    ) -> RunRow:
        """Change what people keep about a run; None leaves it as it is."""
        given = {
            "note": None if note is None else note.strip()[:LONGEST_NOTE],
            "starred": None if starred is None else int(starred),
            "archived": None if archived is None else int(archived),
        }
        run = self.get(run).id
        with self._change() as db:
            if sets := {key: value for key, value in given.items() if value is not None}:
                _set(db, run, sets)
        return self._kept(run)

    @mended
    def share(self, run: str, role: str) -> RunRow:
        """With whom else it is, see RunRow.shared."""
        run = self.get(run).id
        with self._change() as db:
            _set(db, run, {"shared": role})
        return self._kept(run)

    @mended
    def delete(self, run: str) -> tuple[str, RunRow | None]:
        """Forget a run; raises RunError while it is active, and UnknownName.

        Returns its id and what it was; None for one that was damaged, which can be deleted always.
        """
        run = self._id(run)
        with self._change() as db:
            rows = db.all("SELECT * FROM runs WHERE id = :run", run=run)
            row = next(iter(readable(rows)), None)
            if row is not None and row.active:
                first = "it is still saving" if row.requested else "cancel it before you delete it"
                raise RunError(f"run {run} is {row.state}; {first}")
            db.change("DELETE FROM runs WHERE id = :run", run=run)
            db.change("DELETE FROM changes WHERE run = :run", run=run)
        row_file(self.file.parent, run).unlink(missing_ok=True)
        return run, row

    def audit(self, who: str, what: str, target: str = "", detail: str = "") -> None:
        """Add a line to the audit log, which is only ever added to.

        What it tells of has been done: a store that does not take the line fails nothing, and the
        copy has it.
        """
        line = Audited(time.time(), who, what, target, detail)
        try:
            self._note_audit(line)
        except StatesError as error:
            _log.warning("the audit log's copy alone has that %s did %s: %s", who, what, error)
        copy_audit(self.file.parent, line)

    @mended
    def _note_audit(self, line: Audited) -> None:
        with self._change() as db:
            db.change(ADD_AUDIT, **asdict(line))

    @mended
    def audited(self, limit: int, who: str | None = None) -> list[Audited]:
        """The audit log's last lines, the latest first; of one person where `who` is given."""
        where = "" if who is None else "WHERE who = :who "
        query = f"SELECT at, who, what, target, detail FROM audit {where}"
        with self._look() as db:
            rows = db.all(query + "ORDER BY rowid DESC LIMIT :limit", who=who, limit=max(0, limit))
        return [Audited(**row) for row in rows]

    @mended
    def reap(self, alive: Callable[[RunRow], bool] | None = None) -> list[RunRow]:
        """Move running runs whose worker is gone to interrupted, and return them.

        alive  whether a run's worker lives, by default `is_alive`
        One whose worker came to its end, and could not write here, is moved to that end instead.
        """
        alive = alive or is_alive
        query = "SELECT * FROM runs WHERE state = 'running'"
        with self._look() as db:  # nearly always nobody is gone, and nothing is locked
            rows = readable(db.all(query))
        if all(alive(row) for row in rows):
            return []
        gone = []
        with self._change() as db:
            for row in readable(db.all(query)):
                if not alive(row):
                    self._let_go(db, row)
                    gone.append(row.id)
        return [self._kept(run) for run in gone]

    def _is_here(self, row: RunRow) -> bool:
        """Whether what the run takes is this machine's: several servers may have one database."""
        return not self._store.url or row.device == RAY or row.host == socket.gethostname()

    def _let_go(self, db: Open, row: RunRow) -> None:
        """Of a run that is running and has no worker any more."""
        ended = how_it_ended(self.file.parent, row)
        if ended:
            _move(db, row, ended.state, ended.why, at=ended.at)
            return
        worker = f"its worker (process {row.pid}) is gone"
        if row.requested == "cancel":
            _move(db, row, "cancelled", f"{worker}, without saving")
        else:
            _move(db, row, "interrupted", worker if row.pid else "it never started")

    def _kept(self, run: str) -> RunRow:
        """The run as it is now, and a copy of it in its file, for when this one is lost."""
        with self._look() as db:
            row, changes = _row(db, run), [list(one.values()) for one in _changes(db, run)]
        found = read_row(row)
        copy_row(self.file.parent, dict(row or {}), changes)
        return found

    @contextmanager
    def _look(self) -> Iterator[Open]:
        """What is there now, waiting for nobody; raises StatesError."""
        with self._told(), self._store.reading() as db:
            yield db

    @contextmanager
    def _change(self) -> Iterator[Open]:
        """One change, kept where no error comes; raises StatesError."""
        with self._told(), self._store.changing() as db:
            yield db

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever the database says, as a StatesError; BadInput of what is no text."""
        try:
            yield
        except UnicodeEncodeError as error:  # of a command line that is not UTF-8, say
            given = error.object[:100].encode("ascii", "backslashreplace").decode()
            raise BadInput(
                f'"{given}" is no text: it has bytes that are not UTF-8; letters of any writing '
                "are accepted"
            ) from error
        except sqlite3.Error as error:  # as its file was opened
            raise states_error(self.file, error) from error
        except Exception as error:
            from sqlalchemy.exc import SQLAlchemyError

            if not isinstance(error, SQLAlchemyError):
                raise
            why = getattr(error, "orig", None) or error
            if isinstance(why, sqlite3.Error):
                raise states_error(self.file, why) from error
            raise server_error(self.place, why) from error


_current: set[tuple[str, int]] = set()
"""Stores that are of this version, see States._version."""


def _opened(file: Path) -> sqlite3.Connection:
    db = connect(file, TIMEOUT_SECONDS)
    db.row_factory = None  # rows are SQLAlchemy's
    return db


def store_url(file: Path) -> str:
    """The address of the database that has the runs of a home folder, "" where its file has: the
    settings' is of their home folder, and of no other such as that of a cluster's node."""
    given = settings()
    return given.state_url if given.state_url and file == states_file(given.home) else ""


def has_states(file: Path) -> bool:
    """Whether there is a store to look at: looking creates none."""
    return bool(store_url(file)) or file.exists()


def _move(db: Open, row: RunRow, state: State, why: str, who: str = "", at: float = 0.0) -> None:
    """at  when the run ended, where that is known better than by the clock"""
    now = at or time.time()
    sets: dict[str, Any] = {"state": state, "why": why, "wish": ""}
    if state == "running":
        sets |= {"started": now, "ended": None, "beat": now, "spent": row.seconds}
        sets |= {"pid": None, "born": None, "host": socket.gethostname()}
    elif row.state == "running":
        # What the worker did after its last sign of life is not known.
        sets["ended"] = now if state != "interrupted" else row.heartbeat or now
    elif state == "queued":
        sets |= {"spent": row.seconds, "started": None, "ended": None}
    _set(db, row.id, sets)
    _note(db, row.id, state, who or me(), why)


def _refusal(row: RunRow, state: State) -> str:
    """Why a run cannot change to the state, in words that say what can be done."""
    doing = {"queued": "resumed", "running": "started", "cancelled": "cancelled"}
    if row.state == "running" and state == "queued":
        now = "it is still saving" if row.requested else "it goes on by itself"
        return f"run {row.id} is running; {now}, so it cannot be resumed"
    return f"run {row.id} is {row.state}; it cannot be {doing.get(state, state)}"


def _set(
    db: Open, run: str, values: Mapping[str, Any], where: str = "TRUE", **given: object
) -> bool:
    """Whether there was such a row. given  what else `where` names"""
    names = ", ".join(f"{name} = :{name}" for name in values)
    query = f"UPDATE runs SET {names} WHERE id = :run AND {where}"
    return db.change(query, run=run, **values, **given) == 1


def _note(db: Open, run: str, state: State, who: str, why: str) -> None:
    db.change(ADD_CHANGE, run=run, at=time.time(), state=state, who=who, why=why)


def _row(db: Open, run: str) -> Mapping[str, Any] | None:
    return db.one("SELECT * FROM runs WHERE id = :run", run=run)


def _changes(db: Open, run: str) -> list[Mapping[str, Any]]:
    return db.all(
        "SELECT at, state, who, why FROM changes WHERE run = :run ORDER BY rowid", run=run
    )

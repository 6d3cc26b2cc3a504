"""The states file where it is missing, damaged or read-only: it is made anew from the runs' files.

Each change of a run is copied into runs/ID.json, and each line of the audit log into audit.jsonl:
nothing is lost but a worker's last progress. The old file is set aside, and read too where that is
possible, for runs that have no such copy.
"""

import functools
import json
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from filelock import FileLock

from dlexplain.errors import StatesError
from dlexplain.execution import paths
from dlexplain.execution.files import append_lines, write_whole
from dlexplain.execution.remaking import make_anew
from dlexplain.execution.rows import Audited

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
MENDING_SECONDS = 60.0
_log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class Unusable(StatesError):
    """The file cannot be used as it is, and can be made anew."""


def mended(
    method: Callable[Concatenate[Any, P], T],
) -> Callable[Concatenate[Any, P], T]:
    """A method of an object that can `mend`, called again, once, after that."""

    @functools.wraps(method)
    def call(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except Unusable as error:
            self.mend(str(error))
            return method(self, *args, **kwargs)

    return call


def connect(file: Path, seconds: float) -> sqlite3.Connection:
    """To a file that is there: SQLite would else make an empty one without a word."""
    address = f"{file.absolute().as_uri()}?mode=rw"
    db = sqlite3.connect(address, timeout=seconds, isolation_level=None, uri=True)
    db.row_factory = sqlite3.Row
    return db


def is_missing(file: Path) -> bool:
    """Whether it is not there, or empty."""
    try:
        return file.stat().st_size == 0
    except FileNotFoundError:
        return True
    except OSError as error:
        raise StatesError(f"{file} cannot be read ({error.strerror})") from error


def states_error(file: Path, error: sqlite3.Error) -> StatesError:
    """What is wrong, in a sentence; an Unusable where making the file anew helps."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in DAMAGED or "no such table" in str(error):
        return Unusable(f"{file} is damaged ({error})")
    if code == sqlite3.SQLITE_READONLY:
        return Unusable(f"{file} cannot be written ({error})")
    if code == sqlite3.SQLITE_CANTOPEN and is_missing(file):
        return Unusable(f"{file} is not there")
    if code in BUSY:
        return StatesError(f"{file} is locked by another process; try again, or end what holds it")
    if code in FULL:
        return StatesError(f"{file} cannot be written ({error}); make room on its disk")
    return StatesError(f"{file} cannot be used ({error})")


def server_error(place: str, error: BaseException) -> StatesError:
    """The same of PostgreSQL; an Unusable where its tables are not there."""
    code = getattr(error, "sqlstate", None) or ""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if code == "42P01":
        return Unusable(f"the state store at {place} lacks a table ({said})")
    if code in ("55P03", "57014"):
        return StatesError(
            f"the state store at {place} is locked by another process; try again, or end what "
            "holds it"
        )
    if code in ("53100", "25006"):
        return StatesError(f"the state store at {place} cannot be written ({said})")
    return StatesError(f"the state store at {place} cannot be used ({said})")


def mend(file: Path, why: str = "") -> None:
    """Make the file, with the runs that are known, and set aside what was there.

    why  it is needed, a sentence without its end
    Raises StatesError where its folder cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(paths.states_lock(file.parent), timeout=MENDING_SECONDS):
            if not _is_usable(file):  # nobody else was faster
                make_anew(file, why)
    except (OSError, sqlite3.Error) as error:
        said = error.strerror if isinstance(error, OSError) else None
        raise StatesError(f"{file} cannot be made ({said or error})") from error


def copy_row(home: Path, row: Mapping[str, Any], changes: Sequence[Sequence[Any]]) -> None:
    """Keep a run of the states file in a file of its own, unless the disk is full."""
    file = paths.row_file(home, str(row["id"]))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps({"row": dict(row), "changes": list(changes)}).encode())
    except OSError as error:
        _log.warning("run %s is in the states file only: %s", row["id"], error)


def copy_audit(home: Path, line: Audited) -> None:
    """Keep a line of the audit log in its file, unless the disk is full."""
    try:
        append_lines(paths.audit_file(home), [json.dumps(asdict(line))])
    except OSError as error:
        _log.warning("a line of the audit log is in the states file only: %s", error)


def _is_usable(file: Path) -> bool:
    """Whether it is whole and can be written; one that is locked is."""
    if is_missing(file):
        return False
    try:
        with closing(connect(file, 1.0)) as db:
            if [row[0] for row in db.execute("PRAGMA quick_check(1)")] != ["ok"]:
                return False
            db.execute("SELECT count(*) FROM runs").fetchone()
            db.execute("SELECT count(*) FROM changes").fetchone()
            db.execute("SELECT count(*) FROM audit").fetchone()
            db.execute("BEGIN IMMEDIATE")  # which SQLite grants on what is read-only
            db.execute("DELETE FROM changes WHERE FALSE")
            db.execute("ROLLBACK")
    except sqlite3.Error as error:
        return not isinstance(states_error(file, error), Unusable)
    return True

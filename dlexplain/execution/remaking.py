"""Every run that can still be found, for a states file that is made anew.

From the runs' copies of their rows first, then what can be read of the old file, then what the
folders of trained runs say.
"""

import json
import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

from dlexplain.errors import BAD_JSON, DlexplainError
from dlexplain.execution import paths
from dlexplain.execution.database import Database, Open, Row, has_table, make_tables
from dlexplain.execution.files import whole_lines, write_whole
from dlexplain.execution.remade import note_remade
from dlexplain.execution.rows import Audited, Change, read_row
from dlexplain.execution.schema import ADD_AUDIT, ADD_CHANGE, ADD_RUN, ADDED, COLUMNS
from dlexplain.execution.spec import RunSpec
from dlexplain.typed import check_types

FILLED = ("runs", "changes", "audit")
"""Tables that are made anew of what is known."""
SIDES = ("-wal", "-shm")
"""Files that SQLite keeps beside a database."""
_log = logging.getLogger(__name__)
Known = dict[str, tuple[dict[str, Any], list[list[Any]]]]
"""Run -> its row and its changes of state."""


def make_anew(file: Path, why: str = "") -> None:
    """Make the file, of what is known; what was there is set aside. why  it is made, a sentence"""
    there = file.exists() and file.stat().st_size > 0
    known, audit = _known(file)
    fresh = file.with_name(f".{file.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(fresh)) as db:
            db.execute("PRAGMA journal_mode=WAL")
        with Database(fresh, _open_new).changing() as opened:
            make_tables(opened)
            _fill(opened, known, audit)
        aside = file.with_name(f"{file.name}.{time.strftime('%Y%m%d-%H%M%S')}.old")
        for side in SIDES:
            with suppress(FileNotFoundError):
                os.replace(f"{file}{side}", f"{aside}{side}")
        if there:
            os.replace(file, aside)
            _log.warning("%s could not be used; it is now %s", file.name, aside.name)
        os.replace(fresh, file)
        if there or known:
            note_remade(file.parent, why, aside.name if there else "", len(known))
    finally:
        fresh.unlink(missing_ok=True)


def fill_server(db: Open, home: Path) -> None:
    """Make those tables that a server's database lacks; where it had no runs, with all that the
    home folder knows, so that they come along when a server is taken into use."""
    lost = [name for name in FILLED if not has_table(db, name)]
    make_tables(db)
    if not lost:
        return
    file = paths.states_file(home)
    # What has come along once is newer in the copies, and a run that is only in the file was
    # deleted since.
    old = not paths.moved_file(home).exists()
    known, audit = _known(file, old)
    if old and file.exists():  # it is whole: of a run at work it may know more than its copy
        known |= {
            run: entry
            for run, entry in _read_old(file).items()
            if run not in known or _age(entry) > _age(known[run])
        }
    if "runs" not in lost:  # what the database has of them counts
        there = {str(row["id"]) for row in db.all("SELECT id FROM runs")}
        known = {run: entry for run, entry in known.items() if run in there}
    _fill(db, known, audit, lost)
    db.db.exec_driver_sql(
        "SELECT setval(pg_get_serial_sequence('runs', 'number'), "
        "greatest(1, max(number)), max(number) IS NOT NULL) FROM runs"
    )


def note_moved(home: Path) -> None:
    """Write down that a server's database has all that is known."""
    with suppress(OSError):  # a full disk: it is written the next time
        if not (file := paths.moved_file(home)).exists():
            home.mkdir(parents=True, exist_ok=True)
            write_whole(file, f"{time.time():.0f}\n".encode())


def _known(file: Path, old: bool = True) -> tuple[Known, list[Audited]]:
    """Every run, and the audit log, the first line first; old  whether what the file has counts"""
    known: Known = {}
    audit: set[Audited] = set()
    if old and file.exists() and file.stat().st_size > 0:
        known |= _read_old(file)
        audit |= _read_old_audit(file)
    known |= _read_copies(file.parent)
    known = {**_read_folders(file.parent, known), **known}
    return known, sorted(audit | _read_audit(file.parent), key=lambda line: line.at)


def _open_new(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, isolation_level=None)


def _fill(db: Open, known: Known, audit: Sequence[Audited], tables: Iterable[str] = FILLED) -> None:
    last = 0
    rows: list[Row] = []
    changes: list[Row] = []
    for row, lines in sorted(known.values(), key=_order):
        # Numbers stay what they were, unless two runs have the same, as after two losses.
        last = max(last + 1, row["number"] or 0)
        rows.append({key: row[key] for key in COLUMNS} | {"number": last})
        for at, state, who, why in lines:
            changes.append({"run": row["id"], "at": at, "state": state, "who": who, "why": why})
    told: dict[str, tuple[str, Sequence[Row]]] = {
        "runs": (ADD_RUN, rows),
        "changes": (ADD_CHANGE, changes),
        "audit": (ADD_AUDIT, [asdict(line) for line in audit]),
    }
    for name in tables:
        db.add(*told[name])


def _age(entry: tuple[dict[str, Any], list[list[Any]]]) -> tuple[int, float]:
    """Larger for what is known later: changes of state, and the worker's last sign of life."""
    return len(entry[1]), entry[0]["beat"] or 0.0


def _order(entry: tuple[dict[str, Any], list[list[Any]]]) -> tuple[float, float]:
    """By number; a run that has none comes after those."""
    number = entry[0]["number"]
    return (number if number else float("inf"), entry[0]["created"])


def _read_old(file: Path) -> Known:
    """What can still be read of a file, row by row until it cannot."""
    found: Known = {}
    address = f"{file.absolute().as_uri()}?mode=ro"
    with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True)) as db:
        db.row_factory = sqlite3.Row
        for row in db.execute("SELECT * FROM runs"):
            if _is_sound(dict(row)):
                found[row["id"]] = ({**ADDED, **dict(row)}, [])
        for run, *change in db.execute("SELECT run, at, state, who, why FROM changes"):
            if run in found and _is_change(change):
                found[run][1].append(change)
    return found


def _read_old_audit(file: Path) -> set[Audited]:
    """The same of its audit log, which files of older versions do not have."""
    found: set[Audited] = set()
    address = f"{file.absolute().as_uri()}?mode=ro"
    with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True)) as db:
        for line in db.execute("SELECT at, who, what, target, detail FROM audit"):
            found.add(Audited(*line))
    return {line for line in found if _is_line(line)}


def _read_audit(home: Path) -> set[Audited]:
    """The lines of the audit log's copy that are whole."""
    found: set[Audited] = set()
    for text in whole_lines(paths.audit_file(home))[0]:
        with suppress(ValueError, TypeError):
            found.add(Audited(**json.loads(text)))
    return {line for line in found if _is_line(line)}


def _is_line(line: Audited) -> bool:
    """Whether it is one: damage may look like it."""
    try:
        check_types(line)
    except (TypeError, ValueError):
        return False
    return _is_moment(line.at)


def _read_copies(home: Path) -> Known:
    found: Known = {}
    for file in sorted(paths.row_file(home, "x").parent.glob("*.json")):
        try:
            told = json.loads(file.read_text())
            row, changes = (
                {**ADDED, **dict(told["row"])},
                [list(change) for change in told["changes"]],
            )
        except (OSError, *BAD_JSON) as error:
            _log.warning("%s cannot be read: %s", file.name, error)
            continue
        if _is_sound(row) and all(map(_is_change, changes)):
            found[file.stem] = (row, changes)
    return found


def _read_folders(home: Path, known: Known) -> Known:
    """Runs of which there is no more than their folder: finished, where they have a card."""
    return {
        folder.name: (row, [[row["created"], row["state"], "", row["why"]]])
        for folder in _folders(home)
        if folder.name not in known and (row := _row_of(folder)) is not None
    }


def _folders(home: Path) -> Iterator[Path]:
    place = paths.run_folder(home, "x").parent
    if place.is_dir():
        yield from sorted(folder for folder in place.iterdir() if folder.is_dir())


def _row_of(folder: Path) -> dict[str, Any] | None:
    card = paths.card_in(folder)
    done = card.exists() and paths.weights_in(folder).exists()
    file = card if done else paths.facts_in(folder)
    try:
        told = json.loads(file.read_text())
        spec, at = RunSpec.from_dict(told["spec"]), file.stat().st_mtime
        spent, metrics = float(told.get("training_seconds", 0)), dict(told.get("metrics", {}))
    except (OSError, DlexplainError, *BAD_JSON) as error:
        _log.warning("the run in %s is not known any more: %s", folder.name, error)
        return None
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {
        "id": folder.name, "name": spec.title, "tags": "", "spec": spec.to_json(),
        "state": "finished" if done else "interrupted", "device": "", "created": at - spent,
        "why": "found in its folder after the states file was lost", "spent": spent, "host": "",
        "wish": "", "tracking": "", "progress": json.dumps({"metrics": metrics}), **ADDED,
    }  # fmt: skip
    return row


def _is_sound(row: dict[str, Any]) -> bool:
    """Whether it is a run: damage may look like one."""
    try:
        read_row(row)
    except DlexplainError:
        return False
    marks = all(row.get(key, 0) in (0, 1) for key in ("starred", "archived"))
    return marks and {*row, *ADDED} == set(COLUMNS) and _is_moment(row["created"])


def _is_change(line: Sequence[Any]) -> bool:
    """Whether it is a change of state: damage may look like one."""
    try:
        check_types(Change(*line))
    except (TypeError, ValueError):
        return False
    return _is_moment(line[0])


def _is_moment(at: Any) -> bool:
    """Whether it is seconds since 1970; a database takes what is no number for nothing."""
    return isinstance(at, float) and isfinite(at)

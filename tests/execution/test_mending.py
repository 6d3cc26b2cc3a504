"""The states file locked, damaged, deleted or read-only: one sentence, and no run is lost."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from dlexplain.errors import StatesError
from dlexplain.execution.delivery import Answer, last_answer
from dlexplain.execution.paths import (
    audit_file,
    remade_file,
    run_folder,
    states_file,
    tracker_file,
)
from dlexplain.execution.remade import remade
from dlexplain.execution.states import States
from tests.execution.rooms import room
from tests.execution.small import SERIES

Damage = Callable[[Path], None]


def overwrite(file: Path) -> None:
    file.write_bytes(b"this is no database at all\n" * 500)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def empty(file: Path) -> None:
    os.truncate(file, 0)


def delete(file: Path) -> None:
    file.unlink()


def spoil_a_page(file: Path) -> None:
    """Of the runs themselves: the file opens, and what it holds cannot be read."""
    content = bytearray(file.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 64] = b"\xff" * 64
    file.write_bytes(content)


DAMAGES: dict[str, Damage] = {
    "overwritten": overwrite, "cut": cut, "emptied": empty, "deleted": delete,
    "a page spoiled": spoil_a_page,
}  # fmt: skip


def some_runs(home: Path) -> States:
    """A finished, a running and a queued one."""
    states = States(states_file(home))
    for seed in range(3):
        row = states.add(SERIES)
        if seed < 2:
            states.move(row.id, "running", "a test")
            states.attach(row.id)
            states.heartbeat(row.id, {"epoch": seed, "metrics": {"test/mase": 0.5}})
        if seed == 0:
            states.rename(row.id, "the first")
            states.tag(row.id, ["good"])
            states.tracked(row.id, "mlflows-id")
            states.move(row.id, "finished", "trained and tested")
    return states


def without_wal(states: States) -> None:
    """All in the one file, as after the last process has closed it."""
    with sqlite3.connect(states.file) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_run_is_there_again(tmp_path: Path, damage: str) -> None:
    states = some_runs(tmp_path)
    without_wal(states)
    before = [(r.id, r.number, r.name, r.tags, r.state, r.tracking) for r in states.all()]
    changes = [states.changes(row.id) for row in states.all()]
    DAMAGES[damage](states.file)
    found = states.all()
    assert [(r.id, r.number, r.name, r.tags, r.state, r.tracking) for r in found] == before
    assert [states.changes(row.id) for row in found] == changes
    assert found[2].progress == {"epoch": 0, "metrics": {"test/mase": 0.5}}
    old = [file.name for file in tmp_path.glob("runs.sqlite.*.old")]
    assert len(old) == (damage not in ("emptied", "deleted"))
    said = remade(tmp_path)
    assert "runs that were found again: 3." in said
    assert f"kept as {old[0]};" in said if old else "was not there" in said
    assert remade(tmp_path, within=0) == ""
    running, queued = found[1], found[0]
    assert states.heartbeat(running.id, {"epoch": 9}) is not None  # its worker goes on
    assert states.move(running.id, "finished", "done").state == "finished"
    assert states.take(room("cpu")) == states.get(queued.id)
    assert states.add(SERIES).number == 4


def test_a_new_process_finds_them_too(tmp_path: Path) -> None:
    before = [row.id for row in some_runs(tmp_path).all()]
    for file in tmp_path.glob("runs.sqlite*"):
        file.unlink()
    assert [row.id for row in States(states_file(tmp_path)).all()] == before


def test_that_it_was_made_anew_is_said_until_the_old_file_is_removed(tmp_path: Path) -> None:
    states = some_runs(tmp_path)
    assert remade(tmp_path) == ""  # the first of a home is no loss
    without_wal(states)
    overwrite(states.file)
    states.all()
    (old,) = tmp_path.glob("runs.sqlite.*.old")
    assert f"since {states.file} is damaged (file is not a database)" in remade(tmp_path)
    old.unlink()
    assert remade(tmp_path) == ""


DAMAGED = (
    "{cut", "[]", '{"at": "x", "why": "y", "aside": "", "runs": 1}', "[" * 5000,
    '{"at": 1e300, "why": "y", "aside": "", "runs": 1}', '{"at": Infinity, "runs": 1}',
)  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED)
def test_what_was_noted_may_be_damaged_too(tmp_path: Path, content: str) -> None:
    remade_file(tmp_path).write_text(content)
    assert remade(tmp_path) == ""


@pytest.mark.parametrize("content", [*DAMAGED, '{"uri": "u", "since": "x"}'])
def test_so_may_what_mlflow_answered(tmp_path: Path, content: str) -> None:
    tracker_file(tmp_path).write_text(content)
    assert last_answer(tmp_path, "u") == Answer("u")


def test_a_column_of_a_newer_version_damages_no_row(tmp_path: Path) -> None:
    """As a worker that is at work reads it, when the dashboard was updated meanwhile."""
    states = some_runs(tmp_path)
    with sqlite3.connect(states.file) as db:
        db.execute("ALTER TABLE runs ADD COLUMN mood TEXT NOT NULL DEFAULT 'good'")
    assert len(states.all()) == 3
    assert states.damaged() == []


def test_a_read_only_file_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write what is read-only: so the connection is made one that may not."""
    states = some_runs(tmp_path)
    before = [row.id for row in states.all()]
    inode = states.file.stat().st_ino

    from dlexplain.execution import mending

    connect = mending.connect

    def read_only(file: Path, seconds: float) -> sqlite3.Connection:
        if file.stat().st_ino != inode:
            return connect(file, seconds)
        db = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None)
        db.row_factory = sqlite3.Row
        return db

    monkeypatch.setattr("dlexplain.execution.states.connect", read_only)
    monkeypatch.setattr("dlexplain.execution.mending.connect", read_only)
    assert states.rename(before[0], "renamed").name == "renamed"
    assert [row.id for row in states.all()] == before
    assert len(list(tmp_path.glob("runs.sqlite.*.old"))) == 1


def test_runs_with_no_copy_are_read_from_the_old_file(tmp_path: Path) -> None:
    """As those of a home from before there were copies; its table of changes is lost."""
    states = some_runs(tmp_path)
    before = [(row.id, row.state) for row in states.all()]
    for copy in (tmp_path / "runs").glob("*.json"):
        copy.unlink()
    with sqlite3.connect(states.file) as db:
        db.execute("DROP TABLE changes")
    db.close()
    newest = before[0][0]
    assert states.changes(newest) == []
    assert [(row.id, row.state) for row in states.all()] == before


def test_a_run_of_which_only_the_folder_is_left(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "abcd1234")
    folder.mkdir(parents=True)
    spec = SERIES.to_json()
    card = f'{{"spec": {spec}, "metrics": {{"test/mase": 0.5}}, "training_seconds": 12.5}}'
    (folder / "card.json").write_text(card)
    (folder / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "runs" / "half").mkdir()
    (row,) = States(states_file(tmp_path)).all()
    assert (row.id, row.state, row.spec, row.seconds) == ("abcd1234", "finished", SERIES, 12.5)
    assert row.progress["metrics"] == {"test/mase": 0.5}


def test_a_deleted_run_does_not_come_back(tmp_path: Path) -> None:
    states = some_runs(tmp_path)
    gone = states.all()[2].id
    states.delete(gone)
    states.file.unlink()
    assert gone not in [row.id for row in states.all()]
    assert len(states.all()) == 2


def test_a_locked_file_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlexplain.execution.states.TIMEOUT_SECONDS", 0.1)
    states = some_runs(tmp_path)
    locked = sqlite3.connect(states.file, isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    with pytest.raises(StatesError) as found:
        states.add(SERIES)
    assert str(found.value) == (
        f"{states.file} is locked by another process; try again, or end what holds it"
    )
    assert len(states.all()) == 3  # who reads waits for nobody
    locked.execute("ROLLBACK")
    locked.close()
    assert states.add(SERIES).number == 4
    assert list(tmp_path.glob("*.old")) == []


@pytest.mark.parametrize("kind", ["a file", "under a file"])
def test_a_home_that_is_none(tmp_path: Path, kind: str) -> None:
    home = tmp_path / "home" if kind == "a file" else tmp_path / "home" / "deeper"
    (tmp_path / "home").write_text("no folder")
    with pytest.raises(StatesError, match="cannot be (made|read) "):
        States(states_file(home))


@pytest.mark.parametrize("damage", DAMAGES)
def test_owners_and_the_audit_log_are_there_again(tmp_path: Path, damage: str) -> None:
    states = some_runs(tmp_path)
    owned = states.add(SERIES, owner="ada@example.org").id
    for place in range(3):
        states.audit("ada@example.org", "delete run", f"run {place}", "a test")
    states.audit("", "sign in", detail="denied")
    without_wal(states)
    before = states.audited(9)
    assert [line.target for line in before] == ["", "run 2", "run 1", "run 0"]
    DAMAGES[damage](states.file)
    assert states.audited(9) == before
    assert states.get(owned).owner == "ada@example.org"
    states.audit("eve", "sign in")
    assert [line.who for line in states.audited(2)] == ["eve", ""]


def test_an_audit_log_without_its_copy_is_read_from_the_old_file(tmp_path: Path) -> None:
    states = some_runs(tmp_path)
    for what in ("first", "second"):
        states.audit("ada", what)
    audit_file(tmp_path).unlink()
    with sqlite3.connect(states.file) as db:
        db.execute("DROP TABLE changes")
    db.close()
    assert len(states.changes(states.all()[0].id)) == 1  # which has it made anew
    assert [line.what for line in states.audited(9)] == ["second", "first"]
    audit_file(tmp_path).write_bytes(b'{"at": 1}\n[]\n\xff\n{"at": "a", "who": "", "what": "", '
                                     b'"target": "", "detail": ""}\n{"at": 1.5')  # fmt: skip
    states.file.unlink()
    assert states.audited(9) == []


def test_a_full_disk_loses_no_line_of_the_audit_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    states = some_runs(tmp_path)
    audit_file(tmp_path).mkdir()  # which cannot be written
    states.audit("ada", "share run")
    assert "in the states file only" in caplog.text
    assert [line.what for line in states.audited(9)] == ["share run"]

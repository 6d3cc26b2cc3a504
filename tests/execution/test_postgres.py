"""The state store in a real PostgreSQL: what several servers share, and what is said of errors."""

import os
import sqlite3
from pathlib import Path

import pytest

from dlexplain.errors import BadInput, StatesError
from dlexplain.execution import database
from dlexplain.execution.paths import audit_file, states_file
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.states import States
from dlexplain.services import health
from dlexplain.services.training import runs as service
from dlexplain.settings import Settings, settings
from dlexplain.trained.runs import finished_runs
from tests.execution.postgres import PASSWORD, Cluster
from tests.execution.rooms import room
from tests.execution.small import SERIES
from tests.execution.test_mending import some_runs


@pytest.fixture
def states(in_postgres: str, tmp_path: Path) -> States:
    return States(states_file(tmp_path))


def database_of(address: str) -> str:
    return address.rpartition("/store")[2].partition("?")[0]


def test_no_file_is_made_and_everybody_reads_the_database(states: States, tmp_path: Path) -> None:
    row = states.add(SERIES, owner="ada@example.org")
    assert not states_file(tmp_path).exists()
    assert [record.id for record in service.runs()] == [row.id]
    states.move(row.id, "running", "a test")
    states.move(row.id, "finished", "a test")
    assert [found.id for found in finished_runs()] == [row.id]
    assert health.health().runs == {**dict.fromkeys(states.counts(), 0), "finished": 1}
    assert service.damaged_runs() == []
    assert States(tmp_path / "other" / "runs.sqlite").all() == []  # another home has its own


def test_the_runs_of_the_home_come_along(
    postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = some_runs(tmp_path)
    old.audit("ada", "share run")
    before, changes = old.all(), [old.changes(row.id) for row in old.all()]
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path))
    monkeypatch.setenv("DLEXPLAIN_STATE_URL", postgres.address())
    settings.cache_clear()
    try:
        states = States(states_file(tmp_path))
        assert states.place.startswith(str(postgres.folder))
        assert states.all() == before
        assert [states.changes(row.id) for row in before] == changes
        assert [line.what for line in states.audited(9)] == ["share run"]
        assert states.add(SERIES).number == 4
    finally:
        database._server(settings().state_url, os.getpid()).dispose()
        monkeypatch.undo()
        settings.cache_clear()
    assert States(states_file(tmp_path)).all() == before  # the file stays as it was


def test_it_may_be_mlflows_database(postgres: Cluster, tmp_path: Path, in_postgres: str) -> None:
    """Whose tables have the same names."""
    with postgres.connect(f"store{database_of(in_postgres)}") as db:
        db.execute("CREATE TABLE runs (run_uuid TEXT)")
        db.execute("CREATE TABLE alembic_version (version_num TEXT)")
        db.execute("INSERT INTO alembic_version VALUES ('451aebb31d03')")
        states = States(states_file(tmp_path))
        assert states.all() == [] and states.add(SERIES).number == 1
        assert db.execute("SELECT count(*) FROM runs").fetchone() == (0,)
        found = db.execute("SELECT version_num FROM alembic_version").fetchall()
        assert found == [("451aebb31d03",)]


def test_tables_that_are_lost_are_made_anew_of_the_runs_files(
    states: States, postgres: Cluster, in_postgres: str, tmp_path: Path
) -> None:
    before = [states.add(SERIES, owner="ada").id for _ in range(3)]
    states.tag(before[0], ["kept"])
    states.audit("ada", "share run")
    changes = states.changes(before[0])
    with postgres.connect(f"store{database_of(in_postgres)}") as db:
        db.execute("DROP TABLE dlexplain.runs, dlexplain.changes, dlexplain.audit")
    assert [row.id for row in states.all()] == before[::-1]
    assert states.get(before[0]).tags == ("kept",)
    assert states.get(before[0]).owner == "ada"
    assert states.changes(before[0]) == changes
    assert [line.what for line in states.audited(9)] == ["share run"]
    with postgres.connect(f"store{database_of(in_postgres)}") as db:
        db.execute("DROP TABLE dlexplain.audit")
    assert [line.what for line in states.audited(9)] == ["share run"]  # that table alone
    assert len(states.all()) == 3
    assert states.changes(before[0]) == changes
    assert audit_file(tmp_path).exists()


def test_tables_made_anew_forget_nothing_that_was_done_since_the_runs_came_along(
    postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of before, which stays where it is, knows older names and rights."""
    old = some_runs(tmp_path)
    first, second, third = (row.id for row in old.all())
    old.share(second, "viewer")
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path))
    monkeypatch.setenv("DLEXPLAIN_STATE_URL", postgres.address())
    settings.cache_clear()
    try:
        states = States(states_file(tmp_path))
        states.rename(first, "its new name")
        states.share(second, "")
        done = next(row.id for row in states.all() if not row.active)
        name = {row.id: row.name for row in states.all()}
        states.delete(done)
        with postgres.connect(f"store{database_of(settings().state_url)}") as db:
            db.execute("DROP SCHEMA dlexplain CASCADE")
        again = {row.id: row for row in states.all()}
        assert set(again) == {first, second, third} - {done}
        assert {row.name for row in again.values()} <= set(name.values())
        if first in again:
            assert again[first].name == "its new name"
        if second in again:
            assert again[second].shared == ""
    finally:
        database._server(settings().state_url, os.getpid()).dispose()
        monkeypatch.undo()
        settings.cache_clear()


def test_a_server_that_is_gone_is_a_sentence_without_the_password(
    states: States, postgres: Cluster
) -> None:
    run = states.add(SERIES).id
    postgres.stop()
    try:
        with pytest.raises(StatesError) as told:
            states.all()
        assert str(told.value).startswith(f"the state store at {postgres.folder}/store")
        assert "cannot be used" in str(told.value) and "\n" not in str(told.value)
        assert PASSWORD not in str(told.value)
        assert health.store_problem() == str(told.value) and health.health().runs is None
    finally:
        postgres.start()
    assert [row.id for row in states.all()] == [run]  # as soon as it is there again


def test_one_that_is_locked_is_a_sentence(
    states: States, postgres: Cluster, in_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database._server(in_postgres, os.getpid()).dispose()
    database._server.cache_clear()
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.2)
    with postgres.connect(f"store{database_of(in_postgres)}") as db, db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(%s)", [database.LOCK])
        with pytest.raises(StatesError, match=r"store\d+ is locked by another process; try again"):
            states.add(SERIES)
        assert states.all() == []  # who reads waits for nobody
    assert states.add(SERIES).number == 1


def test_what_runs_on_another_server_takes_nothing_here(states: States, tmp_path: Path) -> None:
    there, here = states.add(SERIES), states.add(SERIES)
    assert states.take(room("cpu"), there.id) is not None
    assert states.take(room("cpu")) is None
    with states._change() as db:
        db.change("UPDATE runs SET host = 'elsewhere' WHERE id = :run", run=there.id)
    taken = states.take(room("cpu"))
    assert taken is not None and taken.id == here.id
    assert states.heartbeat(there.id, {"epoch": 1}) is None


def test_a_queue_works_on_it(states: States, tmp_path: Path) -> None:
    class Nowhere:
        def room(self, wanted: str, busy: object, workers: int) -> str | None:
            return None

        def is_alive(self, row: object) -> bool:
            return True

    queue = RunQueue(tmp_path, Nowhere(), deliver=lambda home: None)  # type: ignore[arg-type]
    row = queue.submit(SERIES, owner="ada")
    assert (row.state, row.owner) == ("queued", "ada")
    assert queue.cancel(row.id).state == "cancelled"
    assert [change.state for change in states.changes(row.id)] == ["queued", "cancelled"]


def test_both_stores_have_the_columns_that_are_written(states: States, tmp_path: Path) -> None:
    file = States(tmp_path / "other" / "runs.sqlite").file
    with sqlite3.connect(file) as db:
        in_file = [row[1] for row in db.execute("PRAGMA table_info(runs)")]
    db.close()
    with states._look() as opened:
        query = (
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'runs' "
            "ORDER BY ordinal_position"
        )
        assert [row["column_name"] for row in opened.all(query)] == in_file


@pytest.mark.parametrize(
    "text", ["mysql://a:pass-word@b/c", "postgresql:a", "postgresql://a b/c", "postgresql://h:x/c"]
)
def test_what_is_no_address_is_refused_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("DLEXPLAIN_STATE_URL", text)
    with pytest.raises(BadInput, match="DLEXPLAIN_STATE_URL: this is no address of a Post") as told:
        Settings.from_environment()
    assert text not in str(told.value)
    assert "secret" not in repr(Settings(state_url="postgresql://me:secret@host/db"))

"""Stores of earlier versions become of this one without loss; a migration is what is changed."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from dlexplain.execution import database
from dlexplain.execution.database import VERSION, Open
from dlexplain.execution.paths import states_file
from dlexplain.execution.schema import ADDED, COLUMNS
from dlexplain.execution.states import States
from dlexplain.execution.tables import metadata, runs
from tests.execution.small import SERIES

FIRST = """
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT UNIQUE NOT NULL,
    name TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '',
    spec TEXT NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT '',
    device TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    spent REAL NOT NULL DEFAULT 0,
    pid INTEGER,
    born REAL,
    host TEXT NOT NULL DEFAULT '',
    beat REAL,
    wish TEXT NOT NULL DEFAULT '',
    tracking TEXT NOT NULL DEFAULT '',
    progress TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX by_state ON runs (state);
CREATE TABLE changes (
    run TEXT NOT NULL,
    at REAL NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL
);
CREATE INDEX by_run ON changes (run);
"""
"""What the first version made."""
SECOND = f"""{FIRST}
ALTER TABLE runs ADD COLUMN family TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN starred INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
"""
THIRD = f"""{SECOND}
ALTER TABLE runs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE TABLE audit (
    at REAL NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, target TEXT NOT NULL,
    detail TEXT NOT NULL
);
INSERT INTO audit VALUES (5.5, 'ada', 'share run', 'old1', '');
"""
"""The last one before there were migrations."""
VERSIONS = {"first": FIRST, "second": SECOND, "third": THIRD}


def old_file(home: Path, schema: str) -> Path:
    """With two runs, and no copies of them."""
    file = states_file(home)
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(schema)
        for number, state in ((3, "finished"), (7, "queued")):
            db.execute(
                "INSERT INTO runs (number, id, name, tags, spec, state, created) "
                "VALUES (?, ?, ?, 'a,b', ?, ?, 1700000000.25)",
                (number, f"old{number}", f"run {number}", SERIES.to_json(), state),
            )
            for at, why in ((1.5, "submitted"), (2.5, "resumed")):
                db.execute(
                    "INSERT INTO changes VALUES (?, ?, 'queued', 'me', ?)",
                    (f"old{number}", at, why),
                )
    db.close()
    return file


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_of_an_earlier_version_becomes_one_of_this(tmp_path: Path, version: str) -> None:
    file = old_file(tmp_path, VERSIONS[version])
    states = States(file)
    found = {(r.number, r.id, r.name, r.tags, r.state, r.created, r.owner) for r in states.all()}
    assert found == {
        (3, "old3", "run 3", ("a", "b"), "finished", 1700000000.25, ""),
        (7, "old7", "run 7", ("a", "b"), "queued", 1700000000.25, ""),
    }
    assert [change.why for change in states.changes("old3")] == ["submitted", "resumed"]
    old = ["share run"] if version == "third" else []
    states.audit("eve", "look")
    assert [line.what for line in states.audited(9)] == ["look", *old]
    assert states.annotate("old7", starred=True, note="kept").starred
    assert states.add(SERIES, owner="ada").number == 8
    assert list(tmp_path.glob("*.old")) == []  # nothing was taken for damaged
    with opened(states) as db:
        assert db.one("SELECT version_num FROM alembic_version") == {"version_num": VERSION}
        assert differences(db) == []


def test_processes_of_the_version_before_can_go_on_writing(tmp_path: Path) -> None:
    """A worker that was at work when the dashboard was renewed."""
    states = States(old_file(tmp_path, THIRD))
    with sqlite3.connect(states.file) as db:
        db.execute("INSERT INTO changes VALUES ('old3', 3.5, 'queued', 'me', 'later')")
        db.execute("INSERT INTO audit VALUES (9.5, 'eve', 'look', '', '')")
    db.close()
    assert [change.why for change in states.changes("old3")][-1] == "later"
    assert [line.who for line in states.audited(9)] == ["eve", "ada"]


def test_what_is_made_anew_is_what_the_migrations_leave(tmp_path: Path) -> None:
    with opened(States(states_file(tmp_path))) as db:
        assert differences(db) == []


def test_a_new_database_of_postgresql_is_the_same(in_postgres: str, tmp_path: Path) -> None:
    states = States(states_file(tmp_path))
    with opened(states) as db:
        assert differences(db) == []
        for change in ("ALTER TABLE runs DROP COLUMN owner", "DROP TABLE audit"):
            db.db.exec_driver_sql(change)
        db.change("UPDATE alembic_version SET version_num = '0001'")
        database.upgrade(db)
        assert differences(db) == []
        assert db.one("SELECT version_num FROM alembic_version") == {"version_num": VERSION}


def test_a_column_that_is_lacking_would_be_seen(tmp_path: Path) -> None:
    with opened(States(states_file(tmp_path))) as db:
        db.db.exec_driver_sql("ALTER TABLE runs DROP COLUMN note")
        assert [change[0] for change in differences(db)] == ["add_column"]


def test_the_last_migration_is_the_version_that_is_known() -> None:
    config = Config()
    config.set_main_option("path_separator", "os")
    folder = Path(database.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_heads() == [VERSION]


def test_what_is_added_and_copied_is_what_the_table_has() -> None:
    assert tuple(runs.c.keys()) == COLUMNS
    assert set(ADDED) < set(COLUMNS)


@contextmanager
def opened(states: States) -> Iterator[Open]:
    with states._change() as db:
        yield db


def differences(db: Open) -> list[tuple[object, ...]]:
    """What a migration would have to change; SQLite has "rowid" without its being told."""

    def included(item: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        return not (kind == "column" and name == "rowid" and db.db.dialect.name == "sqlite")

    context = MigrationContext.configure(db.db, opts={"include_object": included})
    found = compare_metadata(context, metadata)
    # A primary key is never null, whether that is said or not.
    return [one for one in found if "number" not in str(one) or "modify_nullable" not in str(one)]

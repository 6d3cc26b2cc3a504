"""The state store through SQLAlchemy: a SQLite file, or PostgreSQL by its address.

SQLAlchemy is imported when a store is used for the first time (0.3 s), alembic only where its
tables are of an older version.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.errors import StatesError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

VERSION = "0003"
"""The last migration."""
SCHEMA = "dlexplain"
"""Of our tables in PostgreSQL: MLflow's, which may be in the same database, have the same names."""
LOCK = 0x646C7870
"""PostgreSQL's advisory lock that a change holds, as SQLite's BEGIN IMMEDIATE locks its file."""
LOCK_SECONDS = 30.0
"""How long one process waits for another's change there."""
Row = Mapping[str, Any]


class Open:
    """A connection for one look or change; queries name their values, as in "id = :run"."""

    def __init__(self, db: "Connection") -> None:
        self.db = db

    def all(self, query: str, **given: object) -> list[Row]:
        from sqlalchemy import text

        return list(self.db.execute(text(query), given).mappings())  # type: ignore[arg-type]

    def one(self, query: str, **given: object) -> Row | None:
        return next(iter(self.all(query, **given)), None)

    def change(self, query: str, **given: object) -> int:
        """How many rows were changed."""
        from sqlalchemy import text

        return self.db.execute(text(query), given).rowcount

    def add(self, query: str, rows: Sequence[Row]) -> None:
        """The query once for each."""
        from sqlalchemy import text

        if rows:
            self.db.execute(text(query), rows)


class Database:
    """
    file     of SQLite, and what opens it
    url      PostgreSQL's address, "" for the file
    """

    def __init__(
        self, file: Path, connect: Callable[[Path], sqlite3.Connection], url: str = ""
    ) -> None:
        self.file, self._connect, self.url = file, connect, url

    @property
    def _engine(self) -> "Engine":
        return _server(self.url, os.getpid()) if self.url else _file(self.file, self._connect)

    @contextmanager
    def reading(self) -> Iterator[Open]:
        """Raises SQLAlchemyError."""
        with self._engine.connect() as db:
            yield Open(db)

    @contextmanager
    def changing(self) -> Iterator[Open]:
        """What is done inside is one change, while nobody else changes anything; kept where no
        error comes."""
        with self._engine.connect() as db:
            lock = f"SELECT pg_advisory_xact_lock({LOCK})" if self.url else "BEGIN IMMEDIATE"
            db.exec_driver_sql(lock)
            yield Open(db)
            db.commit()

    def version(self) -> str:
        """Its last migration; "" where it had none."""
        with self.reading() as db:
            if not has_table(db, "alembic_version"):
                return ""
            told = db.one("SELECT version_num FROM alembic_version")
            return str(told["version_num"]) if told else ""

    def has_runs(self) -> bool:
        with self.reading() as db:
            return has_table(db, "runs")

    @property
    def place(self) -> str:
        """Of a server, without the user and the password in its address."""
        from sqlalchemy import make_url

        address = make_url(self.url)
        return f"{address.host or address.query.get('host', 'localhost')}/{address.database or ''}"


def has_table(opened: Open, name: str) -> bool:
    from sqlalchemy import inspect

    return inspect(opened.db).has_table(name)


def make_tables(opened: Open) -> None:
    """Those that are not there, as the last migration leaves them."""
    from dlexplain.execution.tables import metadata

    if opened.db.dialect.name == "postgresql":
        opened.db.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    metadata.create_all(opened.db)
    opened.change("DELETE FROM alembic_version")
    opened.change("INSERT INTO alembic_version VALUES (:version)", version=VERSION)


def upgrade(opened: Open) -> None:
    """To the last migration, from any before or none."""
    from alembic.command import upgrade as alembic_upgrade
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = opened.db
    alembic_upgrade(config, "head")


@lru_cache(maxsize=64)
def _file(file: Path, connect: Callable[[Path], sqlite3.Connection]) -> "Engine":
    """No connection is kept: the file may be another one the next time."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    return create_engine("sqlite://", creator=lambda: connect(file), poolclass=NullPool)


@lru_cache(maxsize=8)
def _server(url: str, process: int) -> "Engine":
    """process  this one, since its connections are no child's"""
    from sqlalchemy import create_engine, make_url

    address = make_url(url)
    options = {
        "connect_timeout": 10,
        "tcp_user_timeout": 30_000,  # ms, where the network is gone
        "options": f"-c search_path={SCHEMA} -c lock_timeout={int(1000 * LOCK_SECONDS)}",
    }
    try:
        return create_engine(address, pool_pre_ping=True, pool_size=2, connect_args=options)
    except ModuleNotFoundError as error:
        raise StatesError(
            "PostgreSQL takes psycopg, which is not installed; run: "
            "pip install -r requirements-postgres.txt"
        ) from error

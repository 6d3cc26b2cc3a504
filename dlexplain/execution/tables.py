"""The tables of the state store, for SQLAlchemy; what is changed here takes a migration.

Imported only where a store is made, changed to a newer version or compared: SQLAlchemy takes 0.3 s.
"""

from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn
from sqlalchemy.types import TypeEngine

metadata = MetaData()
SECONDS: TypeEngine[float] = Double().with_variant(REAL, "sqlite")


def words(name: str, default: str | None = "") -> Column[str]:
    return Column(
        name, Text, nullable=False, server_default=None if default is None else text(f"'{default}'")
    )


def order() -> Column[int]:
    """The order in which lines came. SQLite has such a column in each table, without its name being
    told: see _without_rowid."""
    return Column("rowid", BigInteger, Identity(), nullable=False)


runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, unique=True, nullable=False),
    words("name", None),
    words("tags"),
    words("spec", None),
    words("state", None),
    words("why"),
    words("device"),
    Column("created", SECONDS, nullable=False),
    Column("started", SECONDS),
    Column("ended", SECONDS),
    Column("spent", SECONDS, nullable=False, server_default=text("0")),
    Column("pid", Integer),
    Column("born", SECONDS),
    words("host"),
    Column("beat", SECONDS),
    words("wish"),
    words("tracking"),
    words("progress", "{}"),
    words("family"),
    words("note"),
    Column("starred", Integer, nullable=False, server_default=text("0")),
    Column("archived", Integer, nullable=False, server_default=text("0")),
    words("owner"),
    words("shared"),
    sqlite_autoincrement=True,
)
Index("by_state", runs.c.state)
changes = Table(
    "changes",
    metadata,
    order(),
    words("run", None),
    Column("at", SECONDS, nullable=False),
    words("state", None),
    words("who", None),
    words("why", None),
)
Index("by_run", changes.c.run)
audit = Table(
    "audit",
    metadata,
    order(),
    Column("at", SECONDS, nullable=False),
    words("who", None),
    words("what", None),
    words("target", None),
    words("detail", None),
)
version = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))
"""Alembic's own, which it would make too."""


@compiles(CreateColumn, "sqlite")
def _without_rowid(element: Any, compiler: Any, **options: Any) -> Any:
    """No column of this name is made: older versions write these tables without naming columns."""
    return None if element.element.name == "rowid" else compiler.visit_create_column(element)

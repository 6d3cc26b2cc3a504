"""Whose a run is, and the audit log; some files have both already."""

import sqlalchemy as sa
from alembic import op

from dlexplain.execution.tables import audit

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    inspector = sa.inspect(op.get_bind())
    if "owner" not in {column["name"] for column in inspector.get_columns("runs")}:
        owner = sa.Column("owner", sa.Text, nullable=False, server_default=sa.text("''"))
        op.add_column("runs", owner)
    audit.create(op.get_bind(), checkfirst=True)

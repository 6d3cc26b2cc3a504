"""With whom a run is shared; some files have that already."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    inspector = sa.inspect(op.get_bind())
    if "shared" not in {column["name"] for column in inspector.get_columns("runs")}:
        shared = sa.Column("shared", sa.Text, nullable=False, server_default=sa.text("''"))
        op.add_column("runs", shared)

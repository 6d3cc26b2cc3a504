"""Runs and their changes of state, as files have them that were made before migrations.

Such files may lack the columns that came later, each for itself.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

LATER = {"family": sa.Text, "note": sa.Text, "starred": sa.Integer, "archived": sa.Integer}


def upgrade() -> None:
    inspector = sa.inspect(op.get_bind())
    there = {column["name"] for column in inspector.get_columns("runs")}
    for name, kind in LATER.items():
        if name not in there:
            default = sa.text("''" if kind is sa.Text else "0")
            op.add_column("runs", sa.Column(name, kind, nullable=False, server_default=default))

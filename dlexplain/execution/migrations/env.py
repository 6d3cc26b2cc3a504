"""Alembic's way in: it works through the connection, in the transaction, of whoever calls it."""

from alembic import context

from dlexplain.execution.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()

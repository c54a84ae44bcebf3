"""Alembic's entry point: runs the revisions on the connection it was handed."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from answerable.audit.store.schema import VERSION_TABLE, version_schema
from answerable.audit.store.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    version_table_schema=version_schema(connection.dialect.name),
)
with context.begin_transaction():
    context.run_migrations()

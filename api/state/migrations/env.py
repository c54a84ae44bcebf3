"""Runs the migrations on the connection that :mod:`answerable.api.state.schema` hands over."""

from __future__ import annotations

from alembic import context

from answerable.api.state.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

"""Retention: rows below a floor may go, in the transaction of the entry that records it.

Revision ID: r0003
Revises: r0002
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from answerable.audit.store.retention_guards import retention_guard_statements

revision = "r0003"
down_revision = "r0002"

_SCHEMA: Final = "audit"


def upgrade() -> None:
    """Let a floor name the entry that moved it, and replace the guards against deleting."""
    connection = op.get_bind()
    dialect = connection.dialect.name
    schema, whole = ("main", "INTEGER") if dialect == "sqlite" else (_SCHEMA, "BIGINT")
    added = f"ALTER TABLE {schema}.floor ADD COLUMN run {whole} NOT NULL DEFAULT -1"
    connection.execute(sa.text(added))
    for statement in retention_guard_statements(dialect):
        connection.execute(sa.text(statement))

"""API keys, sessions, one-time links and named facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "s0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the four tables."""
    op.create_table(
        "state_fact",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "state_api_key",
        sa.Column("prefix", sa.String(64), primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("actor", sa.String(34), nullable=False),
        sa.Column("roles", sa.String(256), nullable=False),
        sa.Column("service", sa.Boolean, nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
    )
    for name in ("state_session", "state_login_link"):
        own = (
            sa.Column[object]("csrf", sa.String(64), nullable=False)
            if name == "state_session"
            else sa.Column[object]("used_at", sa.BigInteger)
        )
        op.create_table(
            name,
            sa.Column("hash", sa.String(64), primary_key=True),
            sa.Column("actor", sa.String(34), nullable=False),
            sa.Column("roles", sa.String(256), nullable=False),
            own,
            sa.Column("created_at", sa.BigInteger, nullable=False),
            sa.Column("expires_at", sa.BigInteger, nullable=False),
            sa.Column("scope", sa.String(36)),
        )
        op.create_index(f"ix_{name}_expires_at", name, ["expires_at"])


def downgrade() -> None:
    """Drop the four tables: everybody signs in again and keys are made anew."""
    for name in ("state_login_link", "state_session", "state_api_key", "state_fact"):
        op.drop_table(name)

"""Tables of the mutable state.

Their names begin with ``state_`` so that one PostgreSQL database can hold them beside the log.
"""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["VERSION_TABLE", "api_key", "fact", "login_link", "metadata", "session"]

VERSION_TABLE = "state_version"
metadata = sa.MetaData()

fact = sa.Table(
    "state_fact",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

api_key = sa.Table(
    "state_api_key",
    metadata,
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

session = sa.Table(
    "state_session",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("actor", sa.String(34), nullable=False),
    sa.Column("roles", sa.String(256), nullable=False),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("scope", sa.String(36)),
)

login_link = sa.Table(
    "state_login_link",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("actor", sa.String(34), nullable=False),
    sa.Column("roles", sa.String(256), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("used_at", sa.BigInteger),
    sa.Column("scope", sa.String(36)),
)

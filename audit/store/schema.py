"""Which revision of the tables a database holds, and how it is brought up to date.

Opening a log reads the revision without loading the migration tool; a database of a newer
revision is never touched.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, inspect, text

from answerable.audit.errors import NotFound, Unavailable
from answerable.audit.store.authorizer import schema_changes
from answerable.audit.store.database import Database
from answerable.audit.store.failures import translated
from answerable.audit.store.tables import SCHEMA

__all__ = [
    "REVISIONS",
    "VERSION_TABLE",
    "current_revision",
    "require_current",
    "upgrade",
    "version_schema",
]

REVISIONS: Final = ("r0001", "r0002", "r0003")
"""All revisions this version knows, oldest first."""
VERSION_TABLE: Final = "audit_schema"


def version_schema(dialect: str) -> str:
    """Return the schema the revision is kept in."""
    return "main" if dialect == "sqlite" else SCHEMA


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the log's tables, None when there are none."""
    schema = version_schema(connection.dialect.name)
    if not inspect(connection).has_table(VERSION_TABLE, schema=schema):
        return None
    row = connection.execute(text(f"SELECT version_num FROM {schema}.{VERSION_TABLE}")).first()  # noqa: S608 - two constants
    return None if row is None else str(row[0])


def require_current(database: Database) -> None:
    """Check that the database holds a log of exactly this version's schema.

    Raises
    ------
    NotFound
        If it holds no log.
    Unavailable
        If its schema is newer or older.
    """
    with database.read() as connection:
        revision = current_revision(connection)
    if revision is None:
        raise NotFound(
            "this database holds no log",
            where=database.where,
            remedy="Check the address, or create the log first.",
        )
    if revision not in REVISIONS:
        raise Unavailable(
            f"the log's schema ({revision}) is newer than this version knows ({REVISIONS[-1]})",
            where=database.where,
            remedy="Install a newer Answerable.",
        )
    if revision != REVISIONS[-1]:
        raise Unavailable(
            f"the log's schema ({revision}) is older than this version needs ({REVISIONS[-1]})",
            where=database.where,
            remedy="Run: answerable db upgrade",
        )


def upgrade(database: Database) -> None:
    """Bring the tables to the newest revision, in one transaction.

    Raises
    ------
    Unavailable
        If the database is newer, locked, full or read-only; nothing is changed then.
    """
    from alembic import command  # loads Mako: only when needed
    from alembic.config import Config

    with translated(database.where), database.write() as connection:
        revision = current_revision(connection)
        if revision is not None and revision not in REVISIONS:
            raise Unavailable(
                f"the log's schema ({revision}) is newer than this version knows",
                where=database.where,
                remedy="Install a newer Answerable.",
            )
        # Asked first: the owner of an existing schema needs no right to create one.
        if database.dialect == "postgresql" and not inspect(connection).has_schema(SCHEMA):
            connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        config = Config()
        config.set_main_option("script_location", "answerable.audit.store:migrations")
        config.attributes["connection"] = connection
        with schema_changes(connection):
            command.upgrade(config, REVISIONS[-1])

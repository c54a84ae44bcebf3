"""The rows of a key store in a second database: names and sealed bytes, and one state row.

Tables of their own, in the schema `keys`, never in a log's database: who copies, dumps or
restores a log must not get its keys with it. Everything in `secret` is sealed; a deleted row's
bytes stay in dead pages and in the write-ahead log, and end when the vault key that sealed them
is rotated and its master key destroyed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)

from answerable.audit.errors import Conflict, NotFound, Unavailable
from answerable.audit.store.authorizer import schema_changes
from answerable.audit.store.database import Database
from answerable.audit.store.tables import SCHEMA as LOG_SCHEMA

__all__ = [
    "claim",
    "delete_secret",
    "insert_secrets",
    "make_tables",
    "read_secret",
    "reading",
    "require_tables",
    "secret_names",
    "update_secrets",
    "writing",
]

_SCHEMA: Final = "keys"
_REVISION: Final = "k0001"
_metadata = MetaData(schema=_SCHEMA)

_secret = Table(
    "secret",
    _metadata,
    Column("name", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    sqlite_strict=True,
)
_state = Table(
    "state",
    _metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_state"), primary_key=True),
    Column("revision", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    sqlite_strict=True,
)
"""`turn` counts the changes: each claims the row first, so that they never interleave."""


@contextmanager
def reading(database: Database) -> Iterator[Connection]:
    """Run reads on one snapshot of a key store.

    Yields
    ------
    Connection
        Not to be written through.
    """
    with database.read() as connection:
        yield _own(connection, database)


@contextmanager
def writing(database: Database) -> Iterator[Connection]:
    """Run one change of a key store: committed at the end, rolled back on any error.

    Yields
    ------
    Connection
        In a write transaction.
    """
    with database.write() as connection:
        yield _own(connection, database)


def make_tables(database: Database) -> None:
    """Make the tables of a key store; those of an earlier try are kept.

    Raises
    ------
    Conflict
        If the database holds a log.
    Unavailable
        If it holds a key store of a newer version, or cannot be written.
    """
    with writing(database) as connection:
        log_schema = "main" if database.dialect == "sqlite" else LOG_SCHEMA
        if inspect(connection).has_table("head", schema=log_schema):
            raise Conflict(
                "this database holds a log",
                where=database.where,
                remedy="Keys need a database of their own, under other credentials"
                " (ANSWERABLE_KEY_URL).",
            )
        if database.dialect == "postgresql":
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}"))
        with schema_changes(connection):
            _metadata.create_all(connection)
        if connection.execute(select(_state.c.id)).first() is None:
            connection.execute(insert(_state), [{"id": 1, "revision": _REVISION, "turn": 0}])
    require_tables(database)


def require_tables(database: Database) -> None:
    """Check that the database holds a key store of this version.

    Raises
    ------
    NotFound
        If it holds none.
    Unavailable
        If it is of another version.
    """
    with reading(database) as connection:
        schema = "main" if database.dialect == "sqlite" else _SCHEMA
        held = inspect(connection).has_table("state", schema=schema)
        revision = connection.execute(select(_state.c.revision)).scalar() if held else None
    if revision is None:
        raise NotFound(
            "this database holds no key store",
            where=database.where,
            remedy="Check the address (ANSWERABLE_KEY_URL), or create the log first.",
        )
    if revision != _REVISION:
        raise Unavailable(
            f"the key store ({revision}) is not of the version known here ({_REVISION})",
            where=database.where,
            remedy="Install a newer Answerable.",
        )


def claim(connection: Connection) -> None:
    """Take the turn to change the store; other processes wait until the transaction ends.

    Raises
    ------
    Unavailable
        If the state row is missing.
    """
    taken = connection.execute(
        update(_state).where(_state.c.id == 1).values(turn=_state.c.turn + 1)
    )
    if taken.rowcount != 1:
        raise Unavailable("the key store has no state row", where="key store")


def read_secret(connection: Connection, name: str) -> bytes | None:
    """Return a secret's stored bytes, None when there is none."""
    found = connection.execute(select(_secret.c.data).where(_secret.c.name == name)).scalar()
    return None if found is None else bytes(found)


def secret_names(connection: Connection, prefix: str) -> list[str]:
    """Return the names that begin with a prefix."""
    query = select(_secret.c.name).where(_secret.c.name.startswith(prefix, autoescape=True))
    return list(connection.execute(query).scalars())


def insert_secrets(connection: Connection, secrets: Mapping[str, bytes]) -> None:
    """Store new secrets."""
    rows = [{"name": name, "data": data} for name, data in secrets.items()]
    connection.execute(insert(_secret), rows)


def update_secrets(connection: Connection, secrets: Mapping[str, bytes]) -> None:
    """Put other bytes in the place of stored ones.

    Raises
    ------
    Unavailable
        If one of them is not there.
    """
    if not secrets:
        return
    statement = (
        update(_secret).where(_secret.c.name == bindparam("of")).values(data=bindparam("to"))
    )
    rows = [{"of": name, "to": data} for name, data in secrets.items()]
    if connection.execute(statement, rows).rowcount != len(rows):
        raise Unavailable("not every secret was sealed anew", where="key store")


def delete_secret(connection: Connection, name: str) -> None:
    """Delete a secret's row; no error when there is none."""
    connection.execute(delete(_secret).where(_secret.c.name == name))


def _own(connection: Connection, database: Database) -> Connection:
    if database.dialect == "sqlite":
        return connection.execution_options(schema_translate_map={_SCHEMA: "main"})
    return connection

"""What statements of this process may do to a SQLite log: read, write rows, and no more.

SQLite asks an authorizer while it prepares a statement, not while it runs one, so a statement
that is used again costs nothing. It binds the connections it was set on: an injected statement,
a plug-in or a mistake in this process can drop no trigger, attach no other file and edit no
schema. Another program that opens the file is not bound; that is what checkpoints outside are
for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection

__all__ = ["forbid_schema_changes", "schema_changes"]

_ALLOWED: Final = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_UPDATE,
        sqlite3.SQLITE_DELETE,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_ANALYZE,
    }
)
_WRITES: Final = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_SCHEMA_TABLES: Final = frozenset({"sqlite_master", "sqlite_temp_master"})
_FUNCTIONS_DENIED: Final = frozenset({"load_extension", "writefile", "edit"})
_PRAGMAS_WITH_ARGUMENT: Final = frozenset(
    {
        "foreign_key_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "integrity_check",
        "optimize",
        "quick_check",
        "table_info",
        "table_list",
        "table_xinfo",
        "wal_checkpoint",
    }
)
"""Pragmas that only tell or tidy up; of all others the value can be asked for, not set."""


def forbid_schema_changes(connection: sqlite3.Connection) -> None:
    """Deny everything but reading and writing rows on a connection, from now on.

    Parameters
    ----------
    connection : sqlite3.Connection
        Its settings are made already; they cannot be changed afterwards.

    Examples
    --------
    >>> connection = sqlite3.connect(":memory:")
    >>> forbid_schema_changes(connection)
    >>> connection.execute("CREATE TABLE t (n)")
    Traceback (most recent call last):
    sqlite3.DatabaseError: not authorized
    >>> connection.close()
    """
    connection.set_authorizer(_judge)


@contextmanager
def schema_changes(connection: Connection) -> Iterator[None]:
    """Lift the denial for a migration or for making tables.

    Parameters
    ----------
    connection : Connection
        To SQLite: denied again afterwards, whatever happens. To PostgreSQL, whose roles and event
        triggers decide: left as it is.

    Yields
    ------
    None
        Nothing; the body runs.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.set_authorizer(None)
    try:
        yield
    finally:
        forbid_schema_changes(driver)


# What was judged before is answered without running Python, where a signal could arise: the
# driver would take an interrupt for a denial.
@lru_cache(maxsize=4096)
def _judge(
    action: int, first: str | None, second: str | None, _database: str | None, _by: str | None
) -> int:
    if action == sqlite3.SQLITE_PRAGMA:
        allowed = second is None or (first or "").lower() in _PRAGMAS_WITH_ARGUMENT
    elif action in _WRITES:
        allowed = first not in _SCHEMA_TABLES
    elif action == sqlite3.SQLITE_FUNCTION:
        allowed = (second or "").lower() not in _FUNCTIONS_DENIED
    else:
        allowed = action in _ALLOWED
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

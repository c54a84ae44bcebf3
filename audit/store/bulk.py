"""Many rows at once through the database's own driver, on a connection of ours.

SQLAlchemy's inserts reach half of what the drivers do. SQLite takes a few rows one by one and many
in one statement; PostgreSQL a few rows in one pipelined round trip and many as binary COPY. A rule
or trigger may swallow a row without an error, so what the database says it stored is counted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import Connection, Table

from answerable.audit.errors import Unavailable
from answerable.audit.store.columns import POSTGRES_TYPES
from answerable.audit.store.sqlite_rows import insert_in_one
from answerable.audit.store.tables import SCHEMA, Row

if TYPE_CHECKING:
    import psycopg

__all__ = ["for_postgres", "insert_rows", "insert_statement", "run_many"]

_FEW: Final = 16
"""Up to so many rows the ways for many cost more than they save."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert whole rows, all columns in the table's order.

    Parameters
    ----------
    connection : Connection
        In a write transaction.
    table : Table
        One of ours.
    rows : Sequence[Row]
        May be empty.

    Raises
    ------
    Unavailable
        If the database stored fewer rows than it was given.
    """
    if not rows:
        return
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        stored = _into_sqlite(driver, table, rows)
    else:
        stored = _into_postgres(cast("psycopg.Connection", driver), table, rows)
    if stored != len(rows):
        raise Unavailable(
            "the database did not store every row",
            where=f"table {table.name}",
            remedy="Look for rules or triggers on it that are not ours.",
        )


def run_many(connection: Connection, statement: str, rows: Sequence[Row]) -> None:
    """Run one statement for each row.

    Parameters
    ----------
    connection : Connection
        In a write transaction.
    statement : str
        One of ours, with ``{schema}`` for the schema and ``{v}`` for each value.
    rows : Sequence[Row]
        May be empty.
    """
    if not rows:
        return
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.executemany(statement.format(schema="main", v="?"), rows)
    else:
        with cast("psycopg.Connection", driver).cursor() as cursor:
            cursor.executemany(for_postgres(statement), rows)


def for_postgres(statement: str) -> str:
    """Return a statement of ours in PostgreSQL's words."""
    return statement.format(schema=SCHEMA, v="%b")


@cache
def insert_statement(table: Table) -> str:
    """Return what inserts a whole row, with ``{schema}`` and ``{v}`` left open."""
    marks = ", ".join("{v}" for _ in table.columns)
    return f"INSERT INTO {{schema}}.{table.name} ({_columns(table)}) VALUES ({marks})"  # noqa: S608


def _into_sqlite(driver: sqlite3.Connection, table: Table, rows: Sequence[Row]) -> int:
    if len(rows) > _FEW:
        return insert_in_one(driver, table, rows)
    return driver.executemany(_for_sqlite(table), rows).rowcount


@cache
def _for_sqlite(table: Table) -> str:
    return insert_statement(table).format(schema="main", v="?")


def _into_postgres(driver: psycopg.Connection, table: Table, rows: Sequence[Row]) -> int:
    with driver.cursor() as cursor:
        if len(rows) <= _FEW:
            cursor.executemany(for_postgres(insert_statement(table)), rows)
            return cursor.rowcount
        with cursor.copy(_postgres_copy(table)) as copy:
            copy.set_types(_postgres_types(table))
            write: Callable[[Row], None] = copy.write_row
            for row in rows:
                write(row)
        return cursor.rowcount


@cache
def _postgres_copy(table: Table) -> str:
    return f"COPY {SCHEMA}.{table.name} ({_columns(table)}) FROM STDIN (FORMAT BINARY)"


@cache
def _postgres_types(table: Table) -> list[str]:
    return [POSTGRES_TYPES[type(column.type)] for column in table.columns]


def _columns(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)

"""Many rows at once through the database's own driver, on a connection of ours.

SQLAlchemy's inserts reach half of what the drivers do. SQLite takes ``executemany``; PostgreSQL a
few rows in one pipelined round trip and many as binary COPY. A rule or trigger may swallow a row
without an error, so what the database says it stored is counted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import BigInteger, Connection, Integer, LargeBinary, Table, Text

from answerable.audit.errors import Unavailable
from answerable.audit.store.tables import SCHEMA

if TYPE_CHECKING:
    import psycopg

__all__ = ["Cell", "Row", "insert_rows"]

Cell = int | str | bytes | None
Row = tuple[Cell, ...]

_FEW: Final = 16
"""Up to so many rows COPY costs more round trips than it saves."""
_POSTGRES_TYPES: Final = {BigInteger: "int8", Integer: "int4", Text: "text", LargeBinary: "bytea"}


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
        stored = driver.executemany(_sqlite_insert(table), rows).rowcount
    else:
        stored = _into_postgres(cast("psycopg.Connection", driver), table, rows)
    if stored != len(rows):
        raise Unavailable(
            "the database did not store every row",
            where=f"table {table.name}",
            remedy="Look for rules or triggers on it that are not ours.",
        )


def _into_postgres(driver: psycopg.Connection, table: Table, rows: Sequence[Row]) -> int:
    with driver.cursor() as cursor:
        if len(rows) <= _FEW:
            cursor.executemany(_postgres_insert(table), rows)
            return cursor.rowcount
        with cursor.copy(_postgres_copy(table)) as copy:
            copy.set_types(_postgres_types(table))
            write: Callable[[Row], None] = copy.write_row
            for row in rows:
                write(row)
        return cursor.rowcount


@cache
def _sqlite_insert(table: Table) -> str:
    marks = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO main.{table.name} ({_columns(table)}) VALUES ({marks})"  # noqa: S608


@cache
def _postgres_insert(table: Table) -> str:
    marks = ", ".join("%b" for _ in table.columns)
    return f"INSERT INTO {SCHEMA}.{table.name} ({_columns(table)}) VALUES ({marks})"  # noqa: S608


@cache
def _postgres_copy(table: Table) -> str:
    return f"COPY {SCHEMA}.{table.name} ({_columns(table)}) FROM STDIN (FORMAT BINARY)"


@cache
def _postgres_types(table: Table) -> list[str]:
    return [_POSTGRES_TYPES[type(column.type)] for column in table.columns]


def _columns(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)

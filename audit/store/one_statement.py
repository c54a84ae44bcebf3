"""A whole turn of a few rows as one statement of PostgreSQL: one round trip, one wait for the disk.

The head is compared and swapped first, every row hangs on that, and the statement fails as a whole
when the head is not the expected one (a division by zero) or a row was swallowed (the logarithm of
zero). It is its own transaction: nothing of it is seen, or all.

References
----------
PostgreSQL, "Data-Modifying Statements in WITH".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import Table

from answerable.audit.store.bulk import POSTGRES_TYPES, for_postgres
from answerable.audit.store.head_rows import COMPARED_SWAP
from answerable.audit.store.tables import SCHEMA, Cell, Row, rollup
from answerable.audit.store.view_rows import ADD_COUNTS

if TYPE_CHECKING:
    import psycopg

__all__ = ["FEW", "advance_in_one"]

FEW: Final = 16
"""Up to so many entries this beats a statement a table."""


def advance_in_one(
    driver: psycopg.Connection, swap: Row, tables: Mapping[Table, Sequence[Row]]
) -> None:
    """Swap the head and store rows, all in one transaction of its own.

    Parameters
    ----------
    driver : psycopg.Connection
        That commits each statement.
    swap : Row
        Values of :data:`~answerable.audit.store.head_rows.COMPARED_SWAP`.
    tables : Mapping[Table, Sequence[Row]]
        Whole rows by table; those of `rollup` are added to the counts that are there.
    """
    given = {table: rows for table, rows in tables.items() if rows}
    shape = tuple([(table, len(rows)) for table, rows in given.items()])
    driver.execute(_statement(shape), [*swap, *_cells(given.values())])


def _cells(tables: Iterable[Sequence[Row]]) -> list[Cell]:
    return [cell for rows in tables for row in rows for cell in row]


@lru_cache(maxsize=512)
def _statement(shape: tuple[tuple[Table, int], ...]) -> str:
    moved = COMPARED_SWAP + " RETURNING 1"
    steps, stored = [f"moved AS ({moved})"], []
    for number, (table, count) in enumerate(shape):
        steps.append(f"stored{number} AS ({_insert(table, count)} RETURNING 1)")
        stored.append(f"(SELECT count(*) FROM stored{number}) = {count}")  # noqa: S608
    every = " AND ".join(stored)
    return for_postgres(
        f"WITH {', '.join(steps)} SELECT 1 / (SELECT count(*) FROM moved), "  # noqa: S608
        f"ln(CASE WHEN {every} THEN 1 ELSE 0 END)"
    )


def _insert(table: Table, count: int) -> str:
    columns = ", ".join(table.columns.keys())
    values = ", ".join([f"{{v}}::{POSTGRES_TYPES[type(item.type)]}" for item in table.columns])
    rows = " UNION ALL ".join([f"SELECT {values} FROM moved"] * count)  # noqa: S608
    if table is rollup:
        return ADD_COUNTS.replace("{rows}", rows)
    return f"INSERT INTO {SCHEMA}.{table.name} ({columns}) {rows}"

"""A whole turn as one statement of PostgreSQL: one round trip, one wait for the disk.

The head is compared and swapped first, every row hangs on that, and the statement fails as a whole
when the head is not the expected one (a division by zero) or a row was swallowed (the logarithm of
zero). It is its own transaction: nothing of it is seen, or all.

References
----------
PostgreSQL, "Data-Modifying Statements in WITH".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import Table

from answerable.audit.store.columns import POSTGRES, sent
from answerable.audit.store.head_rows import COMPARED_SWAP
from answerable.audit.store.tables import SCHEMA, Cell, Row, rollup
from answerable.audit.store.view_rows import ADD_COUNTS

if TYPE_CHECKING:
    import psycopg

__all__ = ["advance_in_one"]

_Shape = tuple[Table, bool, tuple[str, ...]]
"""A table, whether it gets one row only, and how its columns travel."""


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
    values: list[Cell] = list(swap)
    shapes: list[_Shape] = []
    for table, rows in tables.items():
        if rows:
            columns = sent(POSTGRES, table, rows)
            values.append(len(rows))
            for item in columns:
                values += item.parameters
            ways = tuple([item.expression for item in columns])
            shapes.append((table, len(rows) == 1, ways))
    named = {_name(number): value for number, value in enumerate(values)}
    driver.execute(_statement(len(swap), tuple(shapes)), named)


def _name(number: int) -> str:
    return f"v{number}"


@lru_cache(maxsize=512)
def _statement(taken: int, shapes: tuple[_Shape, ...]) -> str:
    swap = COMPARED_SWAP.format(schema=SCHEMA, v="{}").format(*map(_mark, range(taken)))
    steps, stored = [f"moved AS ({swap} RETURNING 1)"], []
    for step, shape in enumerate(shapes):
        steps.append(f"stored{step} AS ({_insert(shape, taken)} RETURNING 1)")
        stored.append(f"(SELECT count(*) FROM stored{step}) = {_mark(taken)}")  # noqa: S608
        taken += 1 + sum(2 if "@1" in way else 1 for way in shape[2])
    return (
        f"WITH {', '.join(steps)} SELECT 1 / (SELECT count(*) FROM moved), "  # noqa: S608
        f"ln(CASE WHEN {' AND '.join(stored)} THEN 1 ELSE 0 END)"
    )


def _mark(number: int) -> str:
    return f"%({_name(number)})b"


def _insert(shape: _Shape, first: int) -> str:
    table, single, ways = shape
    number, values = first + 1, []
    for way in ways:
        values.append(way.replace("@0", _mark(number)).replace("@1", _mark(number + 1)))
        number += 2 if "@1" in way else 1
    # Each row hangs on the head: without one that was swapped there is none.
    source = (
        "moved" if single else f"moved, generate_series(0, {_mark(first)}::int4 - 1) AS held(i)"
    )
    rows = f"SELECT {', '.join(values)} FROM {source}"  # noqa: S608 - our own words
    if table is rollup:
        return ADD_COUNTS.format(schema=SCHEMA, rows=rows)
    return f"INSERT INTO {SCHEMA}.{table.name} ({', '.join(table.columns.keys())}) {rows}"

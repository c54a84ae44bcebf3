"""Many rows at once as the database's own driver returns them: for reading a whole log.

SQLAlchemy's rows cost as much again as the driver's, and a whole log is read only to be hashed.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import Connection, Table

from answerable.audit.store.bulk import for_postgres
from answerable.audit.store.tables import LAST_PLACE, PARTS, Cell, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

__all__ = [
    "raw_bodies", "raw_entries", "raw_headers", "raw_key_rows", "raw_places", "rows_among",
    "times_from",
]  # fmt: skip

_ENTRIES: Final = (
    "SELECT seq, header, leaf, ts, kind, function, outcome, automation, reference "
    "FROM {schema}.entry WHERE seq BETWEEN {v} AND {v} ORDER BY seq"
)
_HEADERS: Final = (
    "SELECT seq, header FROM {schema}.entry WHERE seq BETWEEN {v} AND {v} ORDER BY seq"
)
_PLACES: Final = "SELECT place FROM {schema}.body WHERE place BETWEEN {v} AND {v} ORDER BY place"
_BODIES: Final = (
    "SELECT place, data FROM {schema}.body WHERE place BETWEEN {v} AND {v} ORDER BY place"
)

_KEY: Final = "SELECT ref, lookup, bucket, version, wrapped, sealed FROM {schema}.subject_key"


def raw_entries(connection: Connection, first: int, last: int) -> list[tuple[Any, ...]]:
    """Return place, header, leaf and index columns of the places first..last-1, by place."""
    return _fetch(connection, _ENTRIES, _places(first, last))


def raw_headers(connection: Connection, first: int, last: int) -> list[tuple[Any, ...]]:
    """Return place and header of the places first..last-1, by place."""
    return _fetch(connection, _HEADERS, _places(first, last))


def raw_bodies(connection: Connection, first: int, last: int) -> list[tuple[Any, ...]]:
    """Return where each stored part of the places first..last-1 stands, and its bytes."""
    return _fetch(connection, _BODIES, _places(first * PARTS, last * PARTS))


def raw_places(connection: Connection, first: int, last: int) -> list[int]:
    """Return where the stored parts of the places first..last-1 stand, in order."""
    return [place for (place,) in _fetch(connection, _PLACES, _places(first * PARTS, last * PARTS))]


def times_from(connection: Connection, places: Sequence[int], last: int) -> list[int | None]:
    """Return the time of the first entry from each of some places on.

    Parameters
    ----------
    connection : Connection
        A snapshot.
    places : sequence of int
        Where to look from; a few dozen cost hardly more than one.
    last : int
        Places from here on are not looked at.

    Returns
    -------
    list of int or None
        In the order of the places; None where no entry follows before `last`.
    """
    probes = "SELECT CAST({v} AS bigint) AS place"
    probes += " UNION ALL SELECT CAST({v} AS bigint)" * (len(places) - 1)
    time = (
        "(SELECT ts FROM {schema}.entry WHERE seq >= probe.place AND seq < {v} "
        "ORDER BY seq LIMIT 1)"
    )
    statement = f"SELECT {time} FROM ({probes}) AS probe ORDER BY probe.place"  # noqa: S608
    return [found for (found,) in _fetch(connection, statement, (min(last, LAST_PLACE), *places))]


def rows_among(
    connection: Connection, table: Table, keys: Sequence[Cell], span: tuple[int, int]
) -> list[Row]:
    """Return the rows of some places that are found by one of some keys.

    Parameters
    ----------
    connection : Connection
        A snapshot.
    table : Table
        An index: its first column is what it is asked for, its second a place.
    keys : sequence
        What to find.
    span : (int, int)
        The first and the last of the places.

    Returns
    -------
    list of tuple
        All columns, in the table's order.
    """
    key, place, *_ = names = [column.name for column in table.columns]
    select = f"SELECT {', '.join(names)} FROM {{schema}}.{table.name} WHERE {key} "  # noqa: S608
    if connection.dialect.name == "sqlite":
        # As many marks as keys: a short last page costs one more statement.
        among = f"IN ({', '.join('{v}' for _ in keys)})"
        values: tuple[Cell | list[Cell], ...] = (*keys, *span)
    else:
        among, values = "= ANY({v})", (list(keys), *span)
    return _fetch(connection, f"{select}{among} AND {place} BETWEEN {{v}} AND {{v}}", values)


def raw_key_rows(connection: Connection, lookups: Sequence[bytes]) -> list[tuple[Any, ...]]:
    """Return the key rows found by keyed lookup, their own or a further one of the holder."""
    if connection.dialect.name == "sqlite":
        # Each is handed over once, and there are as many marks as look-ups.
        asked = f"WITH asked (lookup) AS (VALUES {', '.join('({v})' for _ in lookups)})"
        among = "IN (SELECT lookup FROM asked)"
        values: tuple[Cell | list[Cell], ...] = tuple(lookups)
    else:
        asked, among, values = "", "= ANY({v})", (list(lookups), list(lookups))
    # Two look-ups by key; one condition over both would read the whole table.
    other = f"SELECT ref FROM {{schema}}.subject_alias WHERE lookup {among}"  # noqa: S608
    both = f"{_KEY} WHERE lookup {among} UNION ALL {_KEY} WHERE ref IN ({other})"
    return _fetch(connection, f"{asked} {both}", values)


def _places(first: int, end: int) -> tuple[int, int]:
    """Return the first and the last of the places first..end-1, none beyond what can be one."""
    return (first, min(end - 1, LAST_PLACE)) if first <= LAST_PLACE else (1, 0)


def _fetch(
    connection: Connection, statement: str, values: Sequence[Cell | list[Cell]]
) -> list[tuple[Any, ...]]:
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        return driver.execute(statement.format(schema="main", v="?"), values).fetchall()
    with cast("psycopg.Connection", driver).cursor(binary=True) as cursor:
        return cursor.execute(for_postgres(statement).encode(), values).fetchall()

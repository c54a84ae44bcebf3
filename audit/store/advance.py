"""What a turn stores, and the two ways it is committed.

*Claimed*: the head row is locked first, everything else follows, the transaction's owner commits.
Holds, erasures and registrations take this way, and appends when several processes meet.

*Compared*: the head is what this process saw last. It is compared and swapped in the same
transaction as the rows, and everything read meanwhile (keys, tiles) is right exactly when that
succeeds, because every write moves the head's `turn`. On PostgreSQL the turn is then one statement:
one round trip and one wait for the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import Connection, Table, text

from answerable.audit.store.bulk import for_postgres
from answerable.audit.store.columns import MOST_BYTES
from answerable.audit.store.entry_rows import NewEntry, entry_table_rows, insert_entries
from answerable.audit.store.head_rows import (
    COMPARED_SWAP,
    Head,
    HeadMoved,
    swap_head,
)
from answerable.audit.store.key_rows import KeyRow, insert_keys, key_table_rows
from answerable.audit.store.one_statement import advance_in_one
from answerable.audit.store.tables import PARTITION_ENTRIES, SCHEMA, Row, rollup, tile
from answerable.audit.store.tile_rows import insert_tiles, tile_table_rows
from answerable.audit.store.view_rows import CountKey, add_counts
from answerable.audit.tree.tiles import FullTile

if TYPE_CHECKING:
    import psycopg

__all__ = ["Advance", "compare_advance", "store_advance"]

_SWAP_IN_POSTGRES: Final = for_postgres(COMPARED_SWAP)
_SWAP_IN_SQLITE: Final = COMPARED_SWAP.format(schema="main", v="?")


@dataclass(frozen=True, slots=True)
class Advance:
    """Everything that moves a log from one head to the next."""

    old: Head
    new: Head
    entries: Sequence[NewEntry] = ()
    tiles: Sequence[FullTile] = ()
    counts: Mapping[CountKey, int] = field(default_factory=dict)
    keys: Sequence[KeyRow] = ()
    buckets: Mapping[int, int] = field(default_factory=dict)
    before_swap: Sequence[Callable[[Connection], object]] = ()
    """What is done once the entries are stored and before the head names them."""


def store_advance(connection: Connection, advance: Advance) -> None:
    """Store what a turn that claimed the head came to; the caller commits.

    Raises
    ------
    Unavailable
        If the database stored fewer rows than it was given, or the head is not the claimed one.
    """
    if not advance.entries:
        return
    _store_rows(connection, advance)
    for step in advance.before_swap:
        step(connection)
    swap_head(connection, advance.old, advance.new)


def compare_advance(connection: Connection, advance: Advance) -> Head:
    """Store and commit what a turn came to, if the head is still the one it began with.

    Parameters
    ----------
    connection : Connection
        Kept for this, outside a transaction.
    advance : Advance
        With entries.

    Returns
    -------
    Head
        As committed.

    Raises
    ------
    Unavailable
        If the database stored fewer rows than it was given; nothing is committed then.
    HeadMoved
        If another process wrote since the head was read; nothing is committed then.
    """
    if connection.dialect.name == "postgresql" and _bytes_of(advance) <= MOST_BYTES:
        _reach(connection, advance)
        driver = cast("psycopg.Connection", connection.connection.driver_connection)
        advance_in_one(driver, _swap(advance), _all_rows(advance))
    else:
        _store_compared(connection, advance)
    new = advance.new
    return Head(advance.old.turn + 1, new.ts, new.clock_noted, new.frontier, new.key_epoch)


def _store_compared(connection: Connection, advance: Advance) -> None:
    """Store everything in a transaction that the driver begins and commits."""
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute("BEGIN IMMEDIATE")
        swapped = driver.execute(_SWAP_IN_SQLITE, _swap(advance)).rowcount
    else:
        driver = cast("psycopg.Connection", driver)
        with driver.pipeline():
            driver.execute("BEGIN")
            cursor = driver.execute(_SWAP_IN_POSTGRES, _swap(advance))
        swapped = cursor.rowcount  # known once the pipeline has ended
    if swapped != 1:
        raise HeadMoved(
            "the head of the log is not the one seen last",
            where="log head",
            remedy="Another process wrote: append again.",
        )
    _store_rows(connection, advance)
    driver.execute("COMMIT")


def _bytes_of(advance: Advance) -> int:
    return sum(len(item.header_bytes) + sum(map(len, item.parts)) for item in advance.entries)


def _all_rows(advance: Advance) -> dict[Table, list[Row]]:
    return {
        **key_table_rows(advance.keys, advance.buckets),
        **entry_table_rows(advance.entries),
        tile: tile_table_rows(advance.tiles),
        rollup: [(*key, n) for key, n in sorted(advance.counts.items())],
    }


def _swap(advance: Advance) -> Row:
    old, new = advance.old, advance.new
    swapped = (new.size, new.ts, new.clock_noted, new.frontier.to_bytes())
    return (*swapped, old.turn, old.size, old.frontier.to_bytes())


def _store_rows(connection: Connection, advance: Advance) -> None:
    if advance.keys or advance.buckets:
        insert_keys(connection, advance.keys, advance.buckets)
    _reach(connection, advance)
    insert_entries(connection, advance.entries)
    if advance.tiles:
        insert_tiles(connection, advance.tiles)
    add_counts(connection, advance.counts)


def _reach(connection: Connection, advance: Advance) -> None:
    """Have the partitions made that the next entries need, one ahead."""
    if connection.dialect.name != "postgresql":
        return
    half = PARTITION_ENTRIES // 2
    # Asked at the middle of a partition: what it makes then is needed half a partition later.
    if (advance.old.size + half) // PARTITION_ENTRIES != (
        advance.new.size + half
    ) // PARTITION_ENTRIES:
        connection.execute(text(f"SELECT {SCHEMA}.extend(:wanted)"), {"wanted": advance.new.size})

"""What a turn stores, and the two ways it is committed.

*Claimed*: the head row is locked first, everything else follows, the transaction's owner commits.
Holds, erasures and registrations take this way, and appends when several processes meet.

*Compared*: the head is what this process saw last. It is compared and swapped in the same
transaction as the rows, and everything read meanwhile (keys, tiles) is right exactly when that
succeeds, because every write moves the head's `turn`. On PostgreSQL a few entries then take one
round trip and one wait for the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import Connection, Table, text

from answerable.audit.store.bulk import Row, for_postgres, insert_statement
from answerable.audit.store.entry_rows import NewEntry, entry_table_rows, insert_entries
from answerable.audit.store.head_rows import COMPARE_AND_SWAP, Head, swap_head
from answerable.audit.store.key_rows import KeyRow, insert_keys, key_table_rows
from answerable.audit.store.tables import PARTITION_ENTRIES, SCHEMA
from answerable.audit.store.tile_rows import insert_tiles
from answerable.audit.store.view_rows import ADD_COUNT, CountKey, add_counts
from answerable.audit.tree.tiles import FullTile

if TYPE_CHECKING:
    import psycopg

__all__ = ["Advance", "compare_advance", "store_advance"]

_FEW: Final = 16
_CAS: Final = for_postgres(COMPARE_AND_SWAP)


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
    insert_keys(connection, advance.keys, advance.buckets)
    _store_rows(connection, advance)
    for step in advance.before_swap:
        step(connection)
    swap_head(connection, advance.old, advance.new)


def compare_advance(connection: Connection, advance: Advance) -> Head:
    """Store and commit what a turn came to, if the head is still the one it began with.

    Parameters
    ----------
    connection : Connection
        To PostgreSQL, outside a transaction.
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
    """
    driver = cast("psycopg.Connection", connection.connection.driver_connection)
    few = len(advance.entries) <= _FEW and not advance.tiles
    with driver.pipeline():
        driver.execute("BEGIN")
        driver.execute(_CAS, _swap(advance))
        if few:
            for statement, rows in _few_rows(advance):
                for row in rows:
                    driver.execute(statement, row)
            driver.execute("COMMIT")
    if not few:
        insert_keys(connection, advance.keys, advance.buckets)
        _store_rows(connection, advance)
        driver.execute("COMMIT")
    return replace(advance.new, turn=advance.old.turn + 1)


def _few_rows(advance: Advance) -> list[tuple[str, list[Row]]]:
    """Return a statement a row, each of which fails when its row is swallowed."""
    rows: dict[Table, list[Row]] = {
        **key_table_rows(advance.keys, advance.buckets),
        **entry_table_rows(advance.entries),
    }
    statements = [(_guarded(table), held) for table, held in rows.items() if held]
    counts: list[Row] = [(*key, n) for key, n in sorted(advance.counts.items())]
    return [*statements, (for_postgres(ADD_COUNT), counts)]


@cache
def _guarded(table: Table) -> str:
    # ln(0) is an error: the transaction ends where a row was not stored.
    return for_postgres(
        f"WITH stored AS ({insert_statement(table)} RETURNING 1) "  # noqa: S608 - our own tables
        "SELECT ln(count(*)) FROM stored"
    )


def _swap(advance: Advance) -> Row:
    old, new = advance.old, advance.new
    frontier = new.frontier.to_bytes()
    return (new.size, new.ts, new.clock_noted, frontier, old.turn, old.size)


def _store_rows(connection: Connection, advance: Advance) -> None:
    _reach(connection, advance)
    insert_entries(connection, advance.entries)
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

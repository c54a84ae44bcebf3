"""A log as it lies in its database, unchecked: what the verifier is given.

No vault is needed and nothing is changed, so that an auditor can verify a copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from answerable.audit.beside import CellOf, findings_beside
from answerable.audit.identity import facts_of
from answerable.audit.key_chain import stored_rotations
from answerable.audit.store import entry_rows, view_rows
from answerable.audit.store.database import Connection, Database
from answerable.audit.store.head_rows import read_head
from answerable.audit.store.retention_rows import read_floors
from answerable.audit.store.schema import require_current, upgrade
from answerable.audit.store.tile_rows import full_tile
from answerable.audit.verify import Finding, StoredRow, StoredState

__all__ = ["StoredLog", "stored_log", "stored_of", "upgrade_log"]

_CHUNK: Final = 1000


@dataclass(frozen=True)
class StoredLog:
    """One snapshot of a log: its facts, what it says about itself, and its rows.

    Entries appended later are not part of it.
    """

    origin: str
    vkey: str
    """The key it was made with; rotations since are part of the state."""
    state: StoredState
    checkpoint: str | None
    """The newest checkpoint in the store; only one kept outside anchors a verification."""
    last: int
    """Highest place that holds a row, beyond the head too; -1 when there is none."""
    database: Database

    def rows(self) -> Iterator[StoredRow]:
        """Return all rows as stored, a thousand at a time.

        Yields
        ------
        StoredRow
            In the order of their places; gaps are left for the verifier to find.
        """
        first: int | None = 0
        while first is not None and first <= self.last:
            with self.database.read() as connection:
                rows = _rows(connection, first, min(first + _CHUNK, self.last + 1))
                first = entry_rows.next_seq(connection, first + _CHUNK)
            yield from rows

    def findings_beside(self, *, cell_of: CellOf | None = None) -> list[Finding]:
        """Return where what stands beside the tree does not say what the entries say.

        Indexes, bodies, keys, holds, counts: the tree cannot show what is wrong with them.

        Parameters
        ----------
        cell_of : Callable[[Entry], int or None], optional
            Opens group-cell codes, so that counts are compared cell by cell.

        Returns
        -------
        list of Finding
            Empty when all agree; on a snapshot of its own.
        """
        return findings_beside(self.database, cell_of=cell_of)

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def stored_log(url: str) -> StoredLog:
    """Open a log for verification only.

    Parameters
    ----------
    url : str
        Its address.

    Returns
    -------
    StoredLog
        To be closed after use.

    Raises
    ------
    NotFound
        If there is no log at this address.
    Unavailable
        If its schema is not this version's, or it cannot be read.
    """
    database = Database(url, must_exist=True)
    try:
        require_current(database)
        facts = facts_of(database)
        return stored_of(database, facts["origin"], facts["vkey"])
    except BaseException:
        database.close()
        raise


def stored_of(database: Database, origin: str, vkey: str) -> StoredLog:
    """Return a snapshot of an open log.

    Returns
    -------
    StoredLog
        Over the same database.
    """

    def tile(level: int, index: int) -> bytes | None:
        with database.read() as connection:
            return full_tile(connection, level, index)

    with database.read() as connection:
        head = read_head(connection)
        last = entry_rows.last_seq(connection)
        notes = view_rows.checkpoint_notes(connection)
        rotations = stored_rotations(view_rows.read_facts(connection))
        floors = read_floors(connection)
    state = StoredState(head.size, head.frontier.root(), notes, tile, rotations, floors)
    return StoredLog(origin, vkey, state, notes[-1] if notes else None, last, database)


def upgrade_log(url: str) -> None:
    """Bring a log's tables to this version's schema, in one transaction.

    Raises
    ------
    NotFound
        If there is no database at this address.
    Unavailable
        If it is newer, locked, full or read-only.
    """
    database = Database(url, must_exist=True)
    try:
        upgrade(database)
    finally:
        database.close()


def _rows(connection: Connection, first: int, last: int) -> list[StoredRow]:
    bodies = entry_rows.bodies_between(connection, first, last)
    return [
        StoredRow(row.seq, row.header, row.leaf, _in_order(bodies.get(row.seq, {})), row.columns)
        for row in entry_rows.rows_between(connection, first, last)
    ]


def _in_order(parts: dict[int, bytes]) -> tuple[bytes | None, ...]:
    return tuple(parts.get(number) for number in range(max(parts, default=-1) + 1))

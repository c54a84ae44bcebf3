"""A log as it lies in its database, unchecked: what the verifier is given.

No vault is needed and nothing is changed, so that an auditor can verify a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from answerable.audit.beside import CellOf, findings_beside
from answerable.audit.errors import NotFound
from answerable.audit.identity import facts_of, require_free
from answerable.audit.key_chain import stored_rotations
from answerable.audit.store import entry_rows, raw_rows, view_rows
from answerable.audit.store.database import Connection, Database
from answerable.audit.store.head_rows import read_head
from answerable.audit.store.retention_rows import read_floors
from answerable.audit.store.schema import current_revision, require_current, upgrade
from answerable.audit.store.tile_rows import full_tile, tile_data
from answerable.audit.verify import Finding, StoredChunk, StoredRow, StoredState

__all__ = [
    "CHUNK",
    "StoredLog",
    "read_chunk",
    "require_no_log",
    "stored_log",
    "stored_of",
    "upgrade_log",
]

CHUNK: Final = 2048
"""Few enough that the rows of a chunk stay in the processor's cache while they are hashed."""
_TILES_AHEAD: Final = 64


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
        """Return all rows as stored, one by one.

        Yields
        ------
        StoredRow
            In the order of their places; gaps are left for the verifier to find.
        """
        for chunk in self.chunks():
            yield from chunk.rows()

    def chunks(self) -> Iterator[StoredChunk]:
        """Return all rows as stored, many at a time.

        Yields
        ------
        StoredChunk
            In the order of their places; gaps are left for the verifier to find.
        """
        # A server fetches the next rows while these are hashed; SQLite would only wait for the lock
        # of the interpreter after each row.
        if self.database.dialect == "postgresql":
            with ThreadPoolExecutor(max_workers=1) as reader:
                yield from _one_ahead(reader, self._chunk)
        else:
            first: int | None = 0
            while first is not None:
                chunk, first = self._chunk(first)
                yield chunk

    def _chunk(self, first: int) -> tuple[StoredChunk, int | None]:
        """Return some rows from a place on, and the place to go on at; None at the end."""
        end = min(first + CHUNK, self.last + 1)
        with self.database.read() as connection:
            chunk = read_chunk(connection, first, end)
            follows = end if chunk.entries else entry_rows.next_seq(connection, end)
        if follows is not None and follows > self.last:
            follows = None
        return chunk, follows

    def findings_beside(
        self, *, cell_of: CellOf | None = None, progress: Callable[[int], None] | None = None
    ) -> list[Finding]:
        """Return where what stands beside the tree does not say what the entries say.

        Indexes, bodies, keys, holds, counts: the tree cannot show what is wrong with them.

        Parameters
        ----------
        cell_of : Callable[[HidesCell], int or None], optional
            Opens group-cell codes, so that counts are compared cell by cell.
        progress : callable, optional
            Called with the number of places done, now and then.

        Returns
        -------
        list of Finding
            Empty when all agree; on a snapshot of its own.
        """
        return findings_beside(self.database, cell_of=cell_of, progress=progress)

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def read_chunk(connection: Connection, first: int, end: int) -> StoredChunk:
    """Return the rows of the places first..end-1 as stored."""
    entries = raw_rows.raw_entries(connection, first, end)
    return StoredChunk(entries, raw_rows.raw_bodies(connection, first, end) if entries else [])


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


def require_no_log(url: str) -> None:
    """Check that there is no log at an address yet; makes nothing.

    Raises
    ------
    Conflict
        If there is one.
    Unavailable
        If the database cannot be opened.
    """
    try:
        database = Database(url, must_exist=True)
    except NotFound:
        return
    try:
        with database.read() as connection:
            made = current_revision(connection) is not None
        if made:
            require_free(database)
    finally:
        database.close()


def stored_of(database: Database, origin: str, vkey: str) -> StoredLog:
    """Return a snapshot of an open log.

    Returns
    -------
    StoredLog
        Over the same database.
    """
    with database.read() as connection:
        head = read_head(connection)
        last = entry_rows.last_seq(connection)
        notes = view_rows.checkpoint_notes(connection)
        rotations = stored_rotations(view_rows.read_facts(connection))
        floors = read_floors(connection)
    state = StoredState(head.size, head.frontier.root(), notes, _Tiles(database), rotations, floors)
    return StoredLog(origin, vkey, state, notes[-1] if notes else None, last, database)


def _one_ahead(
    reader: Executor, read: Callable[[int], tuple[StoredChunk, int | None]], first: int = 0
) -> Iterator[StoredChunk]:
    """Return chunks, the next of which is being read while one is looked at."""
    due: Future[tuple[StoredChunk, int | None]] | None = reader.submit(read, first)
    while due is not None:
        chunk, follows = due.result()
        due = None if follows is None else reader.submit(read, follows)
        yield chunk


class _Tiles:
    """Full tiles as stored, some read ahead: the verifier asks for them in order."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._first = -_TILES_AHEAD
        self._read: dict[int, bytes] = {}

    def __call__(self, level: int, index: int) -> bytes | None:
        if level:
            with self._database.read() as connection:
                return full_tile(connection, level, index)
        if not self._first <= index < self._first + _TILES_AHEAD:
            with self._database.read() as connection:
                self._read = tile_data(connection, 0, index, index + _TILES_AHEAD)
            self._first = index
        return self._read.get(index)


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

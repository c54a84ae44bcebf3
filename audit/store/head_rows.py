"""The head row: the one row every write claims first and swaps last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from answerable.audit.errors import RecordTampered, Unavailable
from answerable.audit.store.tables import head
from answerable.audit.tree.merkle import Frontier

__all__ = [
    "COMPARED_SWAP",
    "Head",
    "HeadMoved",
    "bump_key_epoch",
    "claim_head",
    "insert_head",
    "read_head",
    "swap_head",
]


_COLUMNS = (
    head.c.turn,
    head.c.size,
    head.c.ts,
    head.c.clock_noted,
    head.c.frontier,
    head.c.key_epoch,
)


# Made once: building them anew took most of the time of a turn with one entry.
_READ: Final = select(*_COLUMNS)
_CLAIM: Final = update(head).where(head.c.id == 1).values(turn=head.c.turn + 1).returning(*_COLUMNS)
_SWAP: Final = (
    update(head)
    .where(
        head.c.id == 1,
        head.c.turn == bindparam("old_turn"),
        head.c.size == bindparam("old_size"),
    )
    .values(
        size=bindparam("new_size"),
        ts=bindparam("new_ts"),
        clock_noted=bindparam("new_noted"),
        frontier=bindparam("new_frontier"),
    )
)
COMPARED_SWAP: Final = (
    "UPDATE {schema}.head SET turn = turn + 1, size = {v}, ts = {v}, clock_noted = {v}, "
    "frontier = {v} WHERE id = 1 AND turn = {v} AND size = {v} AND frontier = {v}"
)
"""Changes no row when the head is not the one that was expected."""


class HeadMoved(Unavailable):
    """The head is not the one this process saw last: another process wrote meanwhile."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log ends.

    `clock_noted` is the time up to which a step of the clock has been recorded; `turn` counts
    the transactions that claimed the row, `key_epoch` those that took a key away.
    """

    turn: int
    ts: int
    clock_noted: int
    frontier: Frontier
    key_epoch: int = 0

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.frontier.size


def insert_head(connection: Connection) -> None:
    """Make the head of an empty log."""
    row = {"id": 1, "turn": 0, "size": 0, "ts": 0, "clock_noted": 0}
    connection.execute(insert(head), [{**row, "frontier": Frontier().to_bytes()}])


def claim_head(connection: Connection) -> Head:
    """Take the turn to write: bump the row's turn and read it, in one statement.

    It is the first statement of every write. The row stays locked until the transaction ends,
    so key rows, holds and entries read after it cannot change underneath.

    Returns
    -------
    Head
        As it is for this turn.

    Raises
    ------
    Unavailable
        If the row is missing.
    RecordTampered
        If size and frontier contradict each other.
    """
    claimed = connection.execute(_CLAIM).first()
    if claimed is None:
        raise _headless()
    return _parse(*claimed)


def read_head(connection: Connection) -> Head:
    """Read the head without claiming it.

    Returns
    -------
    Head
        As of this snapshot.

    Raises
    ------
    Unavailable
        If the row is missing.
    RecordTampered
        If size and frontier contradict each other.
    """
    row = connection.execute(_READ).first()
    if row is None:
        raise _headless()
    return _parse(*row)


def swap_head(connection: Connection, old: Head, new: Head) -> None:
    """Move the head from what was claimed to what was appended.

    Raises
    ------
    Unavailable
        If the row is no longer the one that was claimed.
    """
    swapped = connection.execute(
        _SWAP,
        {
            "old_turn": old.turn,
            "old_size": old.size,
            "new_size": new.size,
            "new_ts": new.ts,
            "new_noted": new.clock_noted,
            "new_frontier": new.frontier.to_bytes(),
        },
    )
    if swapped.rowcount != 1:
        raise Unavailable(
            "the head of the log changed while it was claimed",
            where="log head",
            remedy="Nothing was written; verify the log, then append again.",
        )


def bump_key_epoch(connection: Connection) -> None:
    """Say that a holder's key went or was wrapped anew: what others keep in memory is stale.

    Called in a transaction that claimed the head.
    """
    connection.execute(update(head).where(head.c.id == 1).values(key_epoch=head.c.key_epoch + 1))


def _parse(*columns: Any) -> Head:
    turn, size, ts, clock_noted, frontier, key_epoch = columns
    parsed = Frontier.from_bytes(frontier)
    if parsed.size != size:
        raise RecordTampered(
            "the head's size is not that of its frontier",
            where="log head",
            remedy="Verify the log and compare with the last checkpoint outside.",
        )
    return Head(turn, ts, clock_noted, parsed, key_epoch)


def _headless() -> Unavailable:
    return Unavailable(
        "the log has no head row", where="log head", remedy="Restore the database from a backup."
    )

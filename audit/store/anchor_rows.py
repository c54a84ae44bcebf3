"""What somebody outside said about a checkpoint: kept beside it, append-only."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from answerable.audit.store.tables import anchor

__all__ = ["AnchorRow", "anchors_of", "insert_anchor"]


@dataclass(frozen=True, slots=True)
class AnchorRow:
    """One statement: its kind, such as ``rfc3161``, and its bytes."""

    kind: str
    data: bytes


def anchors_of(connection: Connection, size: int) -> list[AnchorRow]:
    """Return what is kept about the checkpoint of a size, in the order it came."""
    query = select(anchor.c.kind, anchor.c.data).where(anchor.c.size == size)
    return [AnchorRow(*row) for row in connection.execute(query.order_by(anchor.c.number))]


def insert_anchor(connection: Connection, size: int, row: AnchorRow) -> None:
    """Keep one more statement about the checkpoint of a size; the same one is kept once.

    Parameters
    ----------
    connection : Connection
        A transaction that claimed the head.
    size : int
        Of the checkpoint.
    row : AnchorRow
        The statement.
    """
    held = anchors_of(connection, size)
    if row not in held:
        values = {"size": size, "number": len(held), "kind": row.kind, "data": row.data}
        connection.execute(insert(anchor), [values])

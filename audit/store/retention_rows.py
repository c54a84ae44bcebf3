"""Rows that retention runs remove, and the floors below which they did.

Whatever is deleted here lies below a floor that moved in the same transaction, after the run's own
entry was stored and before the head names it: the triggers of the database let it pass then and at
no other time. Deletions go by primary key, since the indexes beside the entries have no other
order, and what the database says it deleted is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy import tuple_ as row_of

from answerable.audit.errors import Unavailable
from answerable.audit.ids import ref_bytes
from answerable.audit.kinds import EntryKind
from answerable.audit.store.bulk import insert_rows
from answerable.audit.store.index_rows import Indexed
from answerable.audit.store.tables import (
    PARTS,
    SCHEMA,
    body,
    entry,
    entry_id,
    entry_subject,
    floor,
    link,
    tile,
)
from answerable.audit.tree.tiles import TILE_WIDTH
from answerable.audit.verify_retention import Floors

__all__ = [
    "count_bodies",
    "count_leaf_tiles",
    "drop_emptied",
    "entries_naming",
    "has_bodies",
    "links_to",
    "move_floor",
    "newest_links",
    "read_floors",
    "removable_places",
    "remove_bodies",
    "remove_entries",
    "remove_leaf_tiles",
]

_CHUNK: Final = 500


def read_floors(connection: Connection) -> Floors:
    """Return where bodies, entries and leaf tiles begin."""
    found = dict(connection.execute(select(floor.c.what, floor.c.seq)).all())
    return Floors(found.get("body", 0), found.get("entry", 0), found.get("tile", 0))


def move_floor(connection: Connection, what: str, seq: int, run: int) -> None:
    """Move a floor forward, or leave it and let rows below it go; `run` is the entry that says so.

    Raises
    ------
    Unavailable
        If the database kept the old row.
    """
    if connection.execute(select(floor.c.seq).where(floor.c.what == what)).first() is None:
        insert_rows(connection, floor, [(what, seq, run)])
        return
    moved = connection.execute(update(floor).where(floor.c.what == what).values(seq=seq, run=run))
    _require(moved.rowcount, 1, floor)


def removable_places(
    connection: Connection, first: int, end: int, kinds: Iterable[EntryKind]
) -> list[int]:
    """Return the places first..end-1 that hold an entry of one of the kinds, ascending."""
    chosen = select(entry.c.seq).where(
        entry.c.seq >= first, entry.c.seq < end, entry.c.kind.in_([kind.value for kind in kinds])
    )
    return list(connection.execute(chosen.order_by(entry.c.seq)).scalars())


def count_bodies(connection: Connection, places: Sequence[int]) -> int:
    """Return how many body parts the entries at ascending places have."""
    return sum(
        connection.execute(select(func.count()).select_from(body).where(within)).scalar() or 0
        for within in map(_bodies_within, _runs_of(places))
    )


def remove_bodies(connection: Connection, places: Sequence[int], parts: int) -> None:
    """Delete the bodies of the entries at ascending places: so many parts.

    Raises
    ------
    Unavailable
        If the database deleted another number of rows.
    """
    gone = (
        connection.execute(delete(body).where(within)).rowcount
        for within in map(_bodies_within, _runs_of(places))
    )
    _require(sum(gone), parts, body)


def remove_entries(connection: Connection, entries: Sequence[tuple[int, Indexed]]) -> None:
    """Delete entries and what they are found by.

    Raises
    ------
    Unavailable
        If the database deleted fewer rows than were named.
    """
    _delete(connection, entry_id, (entry_id.c.id,), [(item.id,) for _, item in entries])
    _delete(
        connection,
        entry_subject,
        (entry_subject.c.ref, entry_subject.c.seq),
        [(ref, seq) for seq, item in entries for ref in item.refs],
    )
    _delete(
        connection,
        link,
        (link.c.target, link.c.seq, link.c.number),
        [
            (target, seq, number)
            for seq, item in entries
            for number, (_, target) in enumerate(item.links)
        ],
    )
    for low, high in _runs_of([seq for seq, _ in entries]):
        gone = delete(entry).where(entry.c.seq >= low, entry.c.seq < high)
        _require(connection.execute(gone).rowcount, high - low, entry)


def count_leaf_tiles(connection: Connection, first: int, end: int) -> int:
    """Return how many tiles of level 0 stand for the places first..end-1."""
    query = select(func.count()).select_from(tile).where(_leaf_tiles(first, end))
    return connection.execute(query).scalar() or 0


def remove_leaf_tiles(connection: Connection, first: int, end: int, tiles: int) -> None:
    """Delete the tiles of level 0 that stand for the places first..end-1: so many.

    Raises
    ------
    Unavailable
        If the database deleted another number of rows.
    """
    _require(connection.execute(delete(tile).where(_leaf_tiles(first, end))).rowcount, tiles, tile)


def links_to(connection: Connection, targets: Iterable[str], rel: str) -> set[str]:
    """Return those of the targets that some entry links to by this relation."""
    return {target for target, *_ in _linked(connection, targets, link.c.rel == rel)}


def newest_links(connection: Connection, targets: Iterable[str], kind: EntryKind) -> dict[str, int]:
    """Return the time of the newest entry of a kind that links to each target, if any does."""
    newest: dict[str, int] = {}
    for target, ts in _linked(connection, targets, entry.c.kind == kind.value):
        newest[target] = max(ts, newest.get(target, 0))
    return newest


def entries_naming(connection: Connection, refs: Sequence[str]) -> dict[str, list[int]]:
    """Return the places of the entries that name each data subject, where there are any."""
    by_key = {ref_bytes(ref): ref for ref in refs}
    keys = list(by_key)
    found: dict[str, list[int]] = {}
    for start in range(0, len(keys), _CHUNK):
        query = select(entry_subject.c.ref, entry_subject.c.seq).where(
            entry_subject.c.ref.in_(keys[start : start + _CHUNK])
        )
        for key, seq in connection.execute(query):
            found.setdefault(by_key[key], []).append(seq)
    return found


def has_bodies(connection: Connection, places: Iterable[int]) -> set[int]:
    """Return those of the places whose entry still has a body."""
    wanted = list(places)
    found: set[int] = set()
    for start in range(0, len(wanted), _CHUNK):
        firsts = [seq * PARTS for seq in wanted[start : start + _CHUNK]]
        query = select(body.c.place).where(body.c.place.in_(firsts))
        found |= {place // PARTS for place in connection.execute(query).scalars()}
    return found


def drop_emptied(connection: Connection) -> int:
    """Drop the partitions that lie below the floors and hold nothing any more (PostgreSQL).

    Returns
    -------
    int
        How many were dropped; always 0 on SQLite, which has none.
    """
    if connection.dialect.name != "postgresql":
        return 0
    return connection.execute(text(f"SELECT {SCHEMA}.drop_emptied()")).scalar() or 0


def _bodies_within(places: tuple[int, int]) -> ColumnElement[bool]:
    first, end = places
    return and_(body.c.place >= first * PARTS, body.c.place < end * PARTS)


def _leaf_tiles(first: int, end: int) -> ColumnElement[bool]:
    low, high = first // TILE_WIDTH, end // TILE_WIDTH
    return and_(tile.c.level == 0, tile.c.idx >= low, tile.c.idx < high)


def _linked(
    connection: Connection, targets: Iterable[str], condition: ColumnElement[bool]
) -> list[tuple[str, int]]:
    wanted = list(targets)
    found: list[tuple[str, int]] = []
    for start in range(0, len(wanted), _CHUNK):
        query = (
            select(link.c.target, entry.c.ts)
            .join_from(link, entry, entry.c.seq == link.c.seq)
            .where(link.c.target.in_(wanted[start : start + _CHUNK]), condition)
        )
        found += [(target, ts) for target, ts in connection.execute(query)]
    return found


def _delete(
    connection: Connection,
    table: Table,
    key: tuple[ColumnElement[object], ...],
    rows: Sequence[tuple[object, ...]],
) -> None:
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        gone = connection.execute(delete(table).where(row_of(*key).in_(some)))
        _require(gone.rowcount, len(some), table)


def _runs_of(places: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending places as runs without gaps: first, and one after the last."""
    runs: list[tuple[int, int]] = []
    for seq in places:
        if runs and runs[-1][1] == seq:
            runs[-1] = (runs[-1][0], seq + 1)
        else:
            runs.append((seq, seq + 1))
    return runs


def _require(found: int, wanted: int, table: Table) -> None:
    if found != wanted:
        raise Unavailable(
            "the database did not change every row it was told to",
            where=f"table {table.name}",
            remedy="Look for rules or triggers on it that are not ours; nothing was removed.",
        )

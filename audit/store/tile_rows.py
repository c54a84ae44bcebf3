"""Tiles in the database: full ones as rows, partial ones made up from the rows below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, select

from answerable.audit.errors import NotFound
from answerable.audit.store.bulk import insert_rows
from answerable.audit.store.tables import Row, entry, floor, tile
from answerable.audit.tree.merkle import HASH_SIZE
from answerable.audit.tree.tiles import TILE_WIDTH, FullTile

__all__ = ["StoredTiles", "full_tile", "full_tiles", "insert_tiles", "tile_data"]

_TOGETHER: Final = 400


class StoredTiles:
    """The :class:`~answerable.audit.tree.tiles.TileSource` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held: dict[tuple[int, int], bytes] = {}

    def expect(self, seqs: Iterable[int]) -> None:
        """Read the full tiles above some leaves at once, a statement a level."""
        wanted, level = {seq // TILE_WIDTH for seq in seqs}, 0
        while len(wanted) > 1:
            self._hold(level, sorted(wanted))
            wanted, level = {index // TILE_WIDTH for index in wanted}, level + 1

    def _hold(self, level: int, wanted: Sequence[int]) -> None:
        for start in range(0, len(wanted), _TOGETHER):
            query = select(tile.c.idx, tile.c.data).where(
                tile.c.level == level, tile.c.idx.in_(wanted[start : start + _TOGETHER])
            )
            for index, data in self._connection.execute(query):
                self._held[level, index] = data

    @property
    def minimum(self) -> int:
        """Number of the first leaf whose tile was not pruned."""
        query = select(floor.c.seq).where(floor.c.what == "tile")
        return self._connection.execute(query).scalar() or 0

    def tile(self, level: int, index: int, width: int) -> bytes:
        """Return the first `width` hashes of a tile.

        Returns
        -------
        bytes
            32 bytes a hash.

        Raises
        ------
        NotFound
            If rows are missing.
        """
        full = self._held.get((level, index)) or full_tile(self._connection, level, index)
        data = full if full is not None else self._partial(level, index, width)
        if len(data) < width * HASH_SIZE:
            raise NotFound(
                "a tile of the tree is not stored",
                where=f"tile {level}/{index}.p/{width}",
                remedy="Verify the log: its tiles can be rebuilt from its entries.",
            )
        return bytes(data[: width * HASH_SIZE])

    def _partial(self, level: int, index: int, width: int) -> bytes:
        first = index * TILE_WIDTH
        if level == 0:
            query = (
                select(entry.c.leaf)
                .where(entry.c.seq >= first, entry.c.seq < first + width)
                .order_by(entry.c.seq)
            )
        else:
            query = (
                select(tile.c.root)
                .where(tile.c.level == level - 1, tile.c.idx >= first, tile.c.idx < first + width)
                .order_by(tile.c.idx)
            )
        return b"".join(self._connection.execute(query).scalars())


def full_tile(connection: Connection, level: int, index: int) -> bytes | None:
    """Return a full tile as stored, None when there is none."""
    query = select(tile.c.data).where(tile.c.level == level, tile.c.idx == index)
    return connection.execute(query).scalar()


def tile_data(connection: Connection, level: int, first: int, last: int) -> dict[int, bytes]:
    """Return the full tiles first..last-1 of a level as stored, by index."""
    query = select(tile.c.idx, tile.c.data).where(
        tile.c.level == level, tile.c.idx >= first, tile.c.idx < last
    )
    return {row.idx: row.data for row in connection.execute(query)}


def full_tiles(connection: Connection) -> Iterator[FullTile]:
    """Return all full tiles as stored, by level and index.

    Yields
    ------
    FullTile
        With the root that was kept with it.
    """
    query = select(tile.c.level, tile.c.idx, tile.c.data, tile.c.root)
    for level, index, data, root in connection.execute(query.order_by(tile.c.level, tile.c.idx)):
        yield FullTile(level, index, data, root)


def insert_tiles(connection: Connection, tiles: Sequence[FullTile]) -> None:
    """Store tiles that became full.

    Raises
    ------
    Unavailable
        If the database silently stored fewer rows than it was given.
    """
    insert_rows(connection, tile, tile_table_rows(tiles))


def tile_table_rows(tiles: Sequence[FullTile]) -> list[Row]:
    """Return the rows of full tiles."""
    return [(item.level, item.index, item.data, item.root) for item in tiles]

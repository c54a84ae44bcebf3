"""Tiles: the tree stored as runs of 256 hashes, so that any proof reads a handful of rows.

Level 0 holds leaf hashes; a hash at level n is the root of one *full* tile of level n - 1. The
tiles at the right edge of a tree are partial and belong to one tree size; full tiles never
change. A store keeps full tiles with their roots and makes partial tiles up from the leaves
(level 0) or from the roots of the full tiles below.

References
----------
C2SP tlog-tiles, "Merkle Tree" and "Partial Tiles".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from answerable.audit.errors import InvalidInput, NotFound, RecordTampered
from answerable.audit.tree.merkle import HASH_SIZE, root_of

__all__ = [
    "TILE_HEIGHT",
    "PRUNED_TOGETHER",
    "TILE_WIDTH",
    "FullTile",
    "MemoryTiles",
    "Tile",
    "TileSource",
    "completed_tiles",
    "full_tiles_after",
    "hashes_in",
    "partial_tiles",
    "pruning_minimum",
    "tile_root",
]

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
PRUNED_TOGETHER: Final = TILE_WIDTH * TILE_WIDTH
"""Leaves whose level-0 tiles may go together: they stand under one full tile of level 1."""
_PATH_BASE: Final = 1000
_TILE_BYTES: Final = TILE_WIDTH * HASH_SIZE


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Coordinates of a tile: level, index within the level, width in hashes (1 to 256)."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Path below the log's prefix.

        Examples
        --------
        >>> Tile(0, 1234067).path
        'tile/0/x001/x234/067'
        >>> Tile(1, 0, 17).path
        'tile/1/000.p/17'
        """
        parts = [f"{self.index % _PATH_BASE:03d}"]
        rest = self.index // _PATH_BASE
        while rest:
            parts.append(f"x{rest % _PATH_BASE:03d}")
            rest //= _PATH_BASE
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{self.level}/{'/'.join(reversed(parts))}{suffix}"

    @property
    def start(self) -> int:
        """Number of the first leaf under this tile."""
        return self.index << TILE_HEIGHT * (self.level + 1)

    @property
    def end(self) -> int:
        """Number after the last leaf under the full tile; may be pruned below a minimum index."""
        return (self.index + 1) << TILE_HEIGHT * (self.level + 1)


@dataclass(frozen=True, slots=True)
class FullTile:
    """A completed tile: its coordinates, its 8,192 bytes, and its root (a hash one level up)."""

    level: int
    index: int
    data: bytes
    root: bytes


class TileSource(Protocol):
    """Where proofs read tiles from."""

    @property
    def minimum(self) -> int:
        """Number of the first leaf whose tile was not pruned; 0 when none was."""
        ...

    def tile(self, level: int, index: int, width: int) -> bytes:
        """Return the first `width` hashes of a tile.

        Returns
        -------
        bytes
            32 bytes a hash.

        Raises
        ------
        NotFound
            If the tile is not stored (never written, or pruned).
        """
        ...


def full_tiles_after(old_size: int, new_size: int) -> list[Tile]:
    """Return the tiles that become full when a tree grows.

    Parameters
    ----------
    old_size, new_size : int
        Numbers of leaves before and after, ``0 <= old_size <= new_size``.

    Returns
    -------
    list of Tile
        By level, then index.

    Raises
    ------
    InvalidInput
        If the sizes are negative or shrink.

    Examples
    --------
    >>> full_tiles_after(250, 513)
    [Tile(level=0, index=0, width=256), Tile(level=0, index=1, width=256)]
    """
    if not 0 <= old_size <= new_size:
        raise InvalidInput(
            f"a tree cannot go from {old_size} to {new_size} leaves",
            where="tree size",
            remedy="Sizes are not negative and never shrink.",
        )
    tiles: list[Tile] = []
    level = 0
    while (after := new_size >> TILE_HEIGHT * (level + 1)) > 0:
        before = old_size >> TILE_HEIGHT * (level + 1)
        tiles.extend(Tile(level, index) for index in range(before, after))
        level += 1
    return tiles


def partial_tiles(size: int) -> list[Tile]:
    """Return the partial tiles at the right edge of a tree.

    Parameters
    ----------
    size : int
        Number of leaves.

    Returns
    -------
    list of Tile
        By level; a level whose last tile is full has none.

    References
    ----------
    C2SP tlog-tiles, "Partial Tiles".

    Examples
    --------
    >>> [(tile.level, tile.width) for tile in partial_tiles(70_000)]
    [(0, 112), (1, 17), (2, 1)]
    """
    tiles: list[Tile] = []
    level = 0
    while (hashes := size >> TILE_HEIGHT * level) > 0:
        index, width = divmod(hashes, TILE_WIDTH)
        if width:
            tiles.append(Tile(level, index, width))
        level += 1
    return tiles


def pruning_minimum(wanted: int, size: int) -> int:
    """Return the minimum index down to which leaf tiles may be pruned.

    Only tiles of level 0 are pruned, and only whole runs of 256 of them, whose roots the full
    tile of level 1 above holds. Everything from level 1 up stays (an eighth of a byte for each
    entry), so that every later tile, root and proof can still be made.

    Parameters
    ----------
    wanted : int
        Number of the first leaf that must stay.
    size : int
        Number of leaves of the tree.

    Returns
    -------
    int
        A multiple of 65,536, at most `wanted` and at most `size`.

    Examples
    --------
    >>> pruning_minimum(140_000, 200_000), pruning_minimum(65_535, 200_000)
    (131072, 0)
    """
    return max(min(wanted, size), 0) // PRUNED_TOGETHER * PRUNED_TOGETHER


def completed_tiles(old_size: int, leaves: Sequence[bytes], tiles: TileSource) -> list[FullTile]:
    """Return the tiles that appending `leaves` completes, with their data and roots.

    Parameters
    ----------
    old_size : int
        Number of leaves before.
    leaves : Sequence[bytes]
        Leaf hashes appended, in order.
    tiles : TileSource
        Gives the partial tiles of the tree before; only those at the right edge are asked for,
        and none at a level that nothing new reaches.

    Returns
    -------
    list of FullTile
        By level, then index; often empty.

    Raises
    ------
    RecordTampered
        If a partial tile read back has the wrong length.
    """
    completed: list[FullTile] = []
    fresh = list(leaves)
    level = 0
    while fresh:
        first, held = divmod(old_size >> TILE_HEIGHT * level, TILE_WIDTH)
        if held + len(fresh) < TILE_WIDTH:
            break
        run = [*hashes_in(tiles.tile(level, first, held), held), *fresh] if held else fresh
        fresh = []
        for number in range(len(run) // TILE_WIDTH):
            hashes = run[number * TILE_WIDTH : (number + 1) * TILE_WIDTH]
            root = root_of(hashes)
            completed.append(FullTile(level, first + number, b"".join(hashes), root))
            fresh.append(root)
        level += 1
    return completed


def tile_root(data: bytes) -> bytes:
    """Return the root of a full tile: the hash that stands for it one level up.

    Parameters
    ----------
    data : bytes
        8,192 bytes.

    Returns
    -------
    bytes
        32 bytes.

    Raises
    ------
    RecordTampered
        If the tile is not full.
    """
    return root_of(hashes_in(data, TILE_WIDTH))


def hashes_in(data: bytes, width: int) -> list[bytes]:
    """Return the first `width` hashes of a tile.

    Parameters
    ----------
    data : bytes
        A tile of at least that width.
    width : int
        How many hashes are asked for.

    Returns
    -------
    list of bytes
        32 bytes each.

    Raises
    ------
    RecordTampered
        If the tile is shorter than that, or its length is not a whole number of hashes.
    """
    if len(data) < width * HASH_SIZE or len(data) % HASH_SIZE or len(data) > _TILE_BYTES:
        raise RecordTampered(
            f"a tile of {len(data)} bytes where {width} hashes are needed",
            remedy="Verify the log: its tiles can be rebuilt from its entries.",
        )
    return [data[at : at + HASH_SIZE] for at in range(0, width * HASH_SIZE, HASH_SIZE)]


class MemoryTiles:
    """All tiles of a growing tree in memory: a :class:`TileSource` for packs and tests.

    Examples
    --------
    >>> tiles = MemoryTiles()
    >>> tiles.append([bytes(32)] * 300)
    >>> tiles.size, len(tiles.tile(0, 1, 44)) // 32, len(tiles.tile(1, 0, 1)) // 32
    (300, 44, 1)
    """

    def __init__(self) -> None:
        self._levels: list[bytearray] = [bytearray()]
        self._minimum = 0

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0]) // HASH_SIZE

    @property
    def minimum(self) -> int:
        """Number of the first leaf whose tile was not pruned."""
        return self._minimum

    def append(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes."""
        appended = list(leaves)
        completed = completed_tiles(self.size, appended, self)
        self._levels[0] += b"".join(appended)
        for tile in completed:
            if len(self._levels) == tile.level + 1:
                self._levels.append(bytearray())
            self._levels[tile.level + 1] += tile.root

    def prune(self, minimum: int) -> None:
        """Forget the leaf tiles below a minimum index (see :func:`pruning_minimum`)."""
        self._minimum = max(self._minimum, pruning_minimum(minimum, self.size))

    def tile(self, level: int, index: int, width: int) -> bytes:
        """Return the first `width` hashes of a tile.

        Returns
        -------
        bytes
            32 bytes a hash.

        Raises
        ------
        NotFound
            If the tree does not hold that tile, or holds it no more.
        """
        if level == 0 and index * TILE_WIDTH < self._minimum:
            raise NotFound("a tile that was pruned", where=f"tile {level}/{index}.p/{width}")
        start = index * _TILE_BYTES
        hashes = self._levels[level] if 0 <= level < len(self._levels) else bytearray()
        data = bytes(hashes[start : start + width * HASH_SIZE])
        if not 0 < width <= TILE_WIDTH or index < 0 or len(data) != width * HASH_SIZE:
            raise NotFound(
                "no such tile",
                where=f"tile {level}/{index}.p/{width}",
                remedy=f"The tree has {self.size} leaves.",
            )
        return data

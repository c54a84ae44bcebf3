"""The tree of a log, grown again from its leaves and compared with the tiles that are stored.

Part of the second implementation (:mod:`answerable.audit.verify`). Where retention removed entries,
leaves come from the tiles of level 0; where it removed those, roots come from the tiles of level 1.

References
----------
RFC 9162, section 2.1; C2SP tlog-tiles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Final

__all__ = ["VerifiedTree", "span_of"]

_TILE: Final = 256
_HASH: Final = 32
_Find = Callable[[str, str, str], None]  # takes layer, entry, what is wrong


class VerifiedTree:
    """The tree as rows of at most 256 hashes per level, compared with the stored tiles."""

    def __init__(self, stored: Callable[[int, int], bytes | None] | None, find: _Find) -> None:
        self._stored = stored
        self._find = find
        self._rows: list[list[bytes]] = [[]]
        self._tile: tuple[int, list[bytes]] = (-1, [])
        self.size = 0

    def begin(self, floor: int) -> Iterator[int]:
        """Begin with the roots of the pruned tiles of level 0, from the tiles of level 1."""
        self._rows += [[], []]
        for index in range(floor >> 16):
            hashes = self._hashes(1, index)
            if not hashes:
                return
            self.push(fold(hashes), level=2)
            yield self.size

    def fill(self, floor: int) -> Iterator[int]:
        """Append leaves as the tiles hold them, for entries that were removed."""
        while self.size < floor:
            if self._tile[0] != self.size >> 8:
                self._tile = (self.size >> 8, self._hashes(0, self.size >> 8))
            if not self._tile[1]:
                return
            self.push(self._tile[1][self.size & 0xFF])
            yield self.size

    def push(self, leaf: bytes, level: int = 0) -> None:
        """Append a leaf, or the root of a full subtree; compare every tile that it completes."""
        self.size += _TILE**level
        self._rows[level].append(leaf)
        self._complete(level)

    def extend(self, leaves: list[bytes], stops: Iterable[int]) -> Iterator[int]:
        """Append many leaves, stopping at some sizes on the way, in order.

        Yields
        ------
        int
            The size at each stop.
        """
        done = 0
        for stop in (*stops, self.size + len(leaves)):
            while self.size < stop:
                row = self._rows[0]
                count = min(_TILE - len(row), stop - self.size)
                row += leaves[done : done + count]
                done += count
                self.size += count
                self._complete(0)
            yield self.size

    def _complete(self, level: int) -> None:
        """Compare each tile that is full now; carry its root up."""
        while len(hashes := self._rows[level]) == _TILE:
            if self._stored is not None:
                index = (self.size >> 8 * (level + 1)) - 1
                self._compare(level, index, hashes, self._stored(level, index))
            self._rows[level] = []
            level += 1
            if level == len(self._rows):
                self._rows.append([])
            self._rows[level].append(fold(hashes))

    def root(self) -> bytes:
        """Root so far: each row's own root is the last, partial hash of the row above."""
        node: list[bytes] = []
        for row in self._rows:
            node = [fold(row + node)] if row or node else []
        return node[0] if node else hashlib.sha256(b"").digest()

    def _hashes(self, level: int, index: int) -> list[bytes]:
        """Hashes of a stored full tile; a finding and none when there is no such tile."""
        data = (self._stored(level, index) if self._stored is not None else None) or b""
        if len(data) != _TILE * _HASH:
            span = span_of(index * _TILE ** (level + 1), (index + 1) * _TILE ** (level + 1))
            self._find("tile", span, f"tile {level}/{index}, which stands for them, is not stored")
            return []
        return [data[at : at + _HASH] for at in range(0, len(data), _HASH)]

    def _compare(self, level: int, index: int, own: list[bytes], data: bytes | None) -> None:
        if data == b"".join(own):
            return
        held = data if data is not None and len(data) == _TILE * _HASH else bytes(_TILE * _HASH)
        differs = [held[at * _HASH : (at + 1) * _HASH] != own[at] for at in range(_TILE)]
        for different, run in groupby(range(_TILE), key=differs.__getitem__):
            if different:
                places = [(index * _TILE + at) * _TILE**level for at in run]
                entries = span_of(places[0], places[-1] + _TILE**level)
                self._find("tile", entries, f"tile {level}/{index} holds other hashes or none")


def fold(hashes: list[bytes]) -> bytes:
    """Root over hashes; an odd last one is carried up as it is (RFC 9162's split)."""
    while len(hashes) > 1:
        odd = hashes[len(hashes) & ~1 :]
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        hashes = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
        hashes += odd
    return hashes[0]


def span_of(first: int, end: int) -> str:
    """Return how the places first..end-1 are named in findings."""
    return f"{first}" if end == first + 1 else f"{first} to {end - 1}"

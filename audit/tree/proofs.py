"""Inclusion and consistency proofs: made from tiles, checked from values alone.

An inclusion proof shows that one entry stands at one place under a root; a consistency proof
shows that a newer tree begins with all of an older one. Both are at most 63 hashes long. The
verifiers raise only the two errors that name what failed, whatever bytes they are given.

Every proof above a minimum index can be made after the leaf tiles below it are gone, because only
full subtrees left of the leaf are asked for, and those by their highest stored hash. What lies
below is refused by name rather than guessed from what happens to be left.

References
----------
RFC 9162, sections 2.1.3 (inclusion) and 2.1.4 (consistency).
"""

from __future__ import annotations

from collections.abc import Sequence

from answerable.audit.errors import (
    ConsistencyProofInvalid,
    InclusionProofInvalid,
    InvalidInput,
    NotFound,
)
from answerable.audit.tree.merkle import EMPTY_ROOT, HASH_SIZE, node_hash, root_of
from answerable.audit.tree.tiles import TILE_HEIGHT, TILE_WIDTH, TileSource, hashes_in

__all__ = [
    "consistency_proof",
    "inclusion_proof",
    "inclusion_proofs",
    "root_from_tiles",
    "verify_consistency",
    "verify_inclusion",
]

_ASK_AGAIN = "Ask for the proof again; if it fails again, verify the whole log."


def inclusion_proof(seq: int, size: int, tiles: TileSource) -> list[bytes]:
    """Return the hashes that lead from a leaf to the root.

    Parameters
    ----------
    seq : int
        Number of the leaf, from 0.
    size : int
        Number of leaves of the tree to prove against; `seq` < `size`.
    tiles : TileSource
        Tiles of a tree of at least that size.

    Returns
    -------
    list of bytes
        At most 63 hashes, from the leaf's sibling upwards.

    Raises
    ------
    InvalidInput
        If `seq` is not a leaf of that tree.
    NotFound
        If the leaf was pruned, or a tile that is needed is not stored.
    RecordTampered
        If a tile has the wrong length.

    References
    ----------
    RFC 9162, section 2.1.3.1.
    """
    return inclusion_proofs((seq,), size, tiles)[0]


def inclusion_proofs(seqs: Sequence[int], size: int, tiles: TileSource) -> list[list[bytes]]:
    """Return the inclusion proofs of several leaves of one tree; each tile is read once.

    Parameters
    ----------
    seqs : Sequence[int]
        Numbers of the leaves.
    size, tiles
        As for :func:`inclusion_proof`.

    Returns
    -------
    list of list of bytes
        In the order of `seqs`.

    Raises
    ------
    InvalidInput, NotFound, RecordTampered
        As for :func:`inclusion_proof`.
    """
    reader = _SubtreeReader(size, tiles)
    return [_inclusion(seq, size, reader) for seq in seqs]


def _inclusion(seq: int, size: int, reader: _SubtreeReader) -> list[bytes]:
    if not 0 <= seq < size:
        raise InvalidInput(
            f"leaf {seq} does not exist in a tree of {size} leaves",
            where="inclusion proof",
            remedy="Ask for a larger tree or a smaller sequence number.",
        )
    if seq < reader.minimum:
        raise _pruned("inclusion proof", reader.minimum)
    siblings: list[tuple[int, int]] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split_size(high - low)
        if seq < middle:
            siblings.append((middle, high))
            high = middle
        else:
            siblings.append((low, middle))
            low = middle
    return [reader.root(first, last) for first, last in reversed(siblings)]


def consistency_proof(old_size: int, new_size: int, tiles: TileSource) -> list[bytes]:
    """Return the hashes that show a tree to begin with all of an older tree.

    Parameters
    ----------
    old_size, new_size : int
        Numbers of leaves, ``0 <= old_size <= new_size``.
    tiles : TileSource
        Tiles of a tree of at least `new_size` leaves.

    Returns
    -------
    list of bytes
        Empty when the sizes are equal or the older tree is empty.

    Raises
    ------
    InvalidInput
        If the sizes are negative or the older is larger.
    NotFound
        If the older tree ends where tiles were pruned, or a tile that is needed is not stored.
    RecordTampered
        If a tile has the wrong length.

    References
    ----------
    RFC 9162, section 2.1.4.1.
    """
    if not 0 <= old_size <= new_size:
        raise InvalidInput(
            f"no tree of {old_size} leaves precedes one of {new_size}",
            where="consistency proof",
            remedy="Give the older size first.",
        )
    if old_size in {0, new_size}:
        return []
    reader = _SubtreeReader(new_size, tiles)
    if old_size < reader.minimum:
        raise _pruned("consistency proof", reader.minimum)
    ranges: list[tuple[int, int]] = []
    low, high = 0, new_size
    while high != old_size:
        middle = low + _split_size(high - low)
        if old_size <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    if low:
        # The old tree is not itself a full subtree of the new one: its last piece starts the proof.
        ranges.append((low, high))
    return [reader.root(first, last) for first, last in reversed(ranges)]


def root_from_tiles(size: int, tiles: TileSource) -> bytes:
    """Return the root of a tree from its tiles.

    Parameters
    ----------
    size : int
        Number of leaves, not negative.
    tiles : TileSource
        Tiles of a tree of at least that size.

    Returns
    -------
    bytes
        32 bytes.

    Raises
    ------
    NotFound
        If the tree ends where tiles were pruned, or a tile that is needed is not stored.
    RecordTampered
        If a tile has the wrong length.
    """
    if size == 0:
        return EMPTY_ROOT
    reader = _SubtreeReader(size, tiles)
    if size < reader.minimum:
        raise _pruned(f"root of {size} leaves", reader.minimum)
    return reader.root(0, size)


def verify_inclusion(leaf: bytes, seq: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf stands at a place under a root.

    Parameters
    ----------
    leaf : bytes
        Leaf hash, 32 bytes.
    seq : int
        Number of the leaf, from 0.
    size : int
        Number of leaves under `root`.
    proof : Sequence[bytes]
        Hashes from the leaf's sibling upwards.
    root : bytes
        32 bytes.

    Raises
    ------
    InclusionProofInvalid
        If the proof does not show it, for whatever reason.

    References
    ----------
    RFC 9162, section 2.1.3.2.
    """
    where = f"entry {seq} of {size}"
    if not 0 <= seq < size:
        raise InclusionProofInvalid(
            "the tree is not large enough to hold the entry", where=where, remedy=_ASK_AGAIN
        )
    if any(len(item) != HASH_SIZE for item in (leaf, root, *proof)):
        raise InclusionProofInvalid("a hash is not 32 bytes long", where=where, remedy=_ASK_AGAIN)
    # fn and sn as in the RFC: the node's place on its level, and the last place there.
    fn, sn = seq, size - 1
    node = leaf
    for sibling in proof:
        if sn == 0:
            raise InclusionProofInvalid(
                "the proof is longer than the tree is high", where=where, remedy=_ASK_AGAIN
            )
        if fn & 1 or fn == sn:
            node = node_hash(sibling, node)
            fn, sn = _skip_missing_right(fn, sn)
        else:
            node = node_hash(node, sibling)
        fn >>= 1
        sn >>= 1
    if sn != 0 or node != root:
        raise InclusionProofInvalid(
            "the proof leads to another root", where=where, remedy=_ASK_AGAIN
        )


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that a newer tree begins with all leaves of an older one.

    The empty tree precedes every tree: its proof is empty and its root is that of no leaves.

    Parameters
    ----------
    old_size, new_size : int
        Numbers of leaves.
    old_root, new_root : bytes
        Roots, 32 bytes each.
    proof : Sequence[bytes]
        The consistency proof.

    Raises
    ------
    ConsistencyProofInvalid
        If the proof does not show it, for whatever reason.

    References
    ----------
    RFC 9162, section 2.1.4.2.
    """
    where = f"sizes {old_size} and {new_size}"
    if not 0 <= old_size <= new_size:
        raise ConsistencyProofInvalid(
            "the newer tree is smaller than the older", where=where, remedy=_ASK_AGAIN
        )
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise ConsistencyProofInvalid(
            "the older head is not that of the empty tree", where=where, remedy=_ASK_AGAIN
        )
    if old_size == new_size:
        if proof or old_root != new_root:
            raise ConsistencyProofInvalid(
                "two tree heads of one size differ", where=where, remedy=_ASK_AGAIN
            )
        return
    if any(len(item) != HASH_SIZE for item in (old_root, new_root, *proof)):
        raise ConsistencyProofInvalid("a hash is not 32 bytes long", where=where, remedy=_ASK_AGAIN)
    if old_size == 0:
        if proof:
            raise ConsistencyProofInvalid(
                "nothing is to be proven of the empty tree", where=where, remedy=_ASK_AGAIN
            )
        return
    # A full old tree is itself the first node of the walk; the proof leaves it out.
    path = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    if not proof or _walk_consistency(old_size, new_size, path) != (old_root, new_root):
        raise ConsistencyProofInvalid(
            "the newer tree does not begin with the older one", where=where, remedy=_ASK_AGAIN
        )


def _pruned(where: str, minimum: int) -> NotFound:
    return NotFound(
        f"the hashes of the entries 0 to {minimum - 1} were pruned",
        where=where,
        remedy=f"Proofs can be made from entry {minimum} on; receipts given out before still hold.",
    )


def _walk_consistency(
    old_size: int, new_size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """Return the roots the path leads to, or None when its length is wrong."""
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    old_node = new_node = path[0]
    for sibling in path[1:]:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            old_node = node_hash(sibling, old_node)
            new_node = node_hash(sibling, new_node)
            fn, sn = _skip_missing_right(fn, sn)
        else:
            new_node = node_hash(new_node, sibling)
        fn >>= 1
        sn >>= 1
    return (old_node, new_node) if sn == 0 else None


def _skip_missing_right(fn: int, sn: int) -> tuple[int, int]:
    """Climb the levels on which a last node without a right neighbour is carried up unhashed."""
    while fn and not fn & 1:
        fn >>= 1
        sn >>= 1
    return fn, sn


def _split_size(leaves: int) -> int:
    """Return the largest power of two below `leaves` (RFC 9162's k)."""
    return 1 << ((leaves - 1).bit_length() - 1)


class _SubtreeReader:
    """Roots of subtrees of one tree: each tile read once, each root made once."""

    def __init__(self, size: int, tiles: TileSource) -> None:
        self._size = size
        self._tiles = tiles
        self.minimum = tiles.minimum
        self._read: dict[tuple[int, int], list[bytes]] = {}
        self._roots: dict[tuple[int, int], bytes] = {}

    def root(self, low: int, high: int) -> bytes:
        """Root over leaves low..high-1; `low` is a multiple of every full subtree inside."""
        roots: list[bytes] = []
        while low < high:
            level = (high - low).bit_length() - 1
            roots.append(self._full(level, low >> level))
            low += 1 << level
        node = roots.pop()
        while roots:
            node = node_hash(roots.pop(), node)
        return node

    def _full(self, level: int, index: int) -> bytes:
        known = self._roots.get((level, index))
        if known is None:
            known = self._roots[level, index] = self._root_in_tile(level, index)
        return known

    def _root_in_tile(self, level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        tile_index, at = divmod(first, TILE_WIDTH)
        hashes = self._hashes(tile_level, tile_index)
        return root_of(hashes[at : at + (1 << height)])

    def _hashes(self, level: int, index: int) -> list[bytes]:
        known = self._read.get((level, index))
        if known is None:
            width = min(TILE_WIDTH, (self._size >> TILE_HEIGHT * level) - index * TILE_WIDTH)
            known = hashes_in(self._tiles.tile(level, index, width), width)
            self._read[level, index] = known
        return known

"""Law: the root of the frontier, of the tiles, and of the recursive definition are one."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.tree.merkle import Frontier, leaf_hash, root_of
from answerable.audit.tree.proofs import root_from_tiles
from answerable.audit.tree.tiles import MemoryTiles

LEAVES = [leaf_hash(str(number).encode()) for number in range(700)]


def defined_root(leaves: list[bytes]) -> bytes:
    """Return RFC 9162's MTH as it is defined there, by recursion."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(
        b"\x01" + defined_root(leaves[:split]) + defined_root(leaves[split:])
    ).digest()


@given(st.integers(0, len(LEAVES)), st.data())
def test_three_ways_to_the_root_agree_with_its_definition(size: int, data: st.DataObject) -> None:
    expected = defined_root(LEAVES[:size])
    assert root_of(LEAVES[:size]) == expected
    split = data.draw(st.integers(0, size))
    frontier = Frontier().extend(LEAVES[:split]).extend(LEAVES[split:size])
    assert (frontier.root(), frontier.size) == (expected, size)
    tiles = MemoryTiles()
    tiles.append(LEAVES[:split])
    tiles.append(LEAVES[split:size])
    assert root_from_tiles(size, tiles) == expected


@given(st.integers(0, len(LEAVES)))
def test_a_stored_frontier_is_read_back_the_same(size: int) -> None:
    frontier = Frontier().extend(LEAVES[:size])
    assert Frontier.from_bytes(frontier.to_bytes()) == frontier


@given(st.integers(0, len(LEAVES) - 1))
def test_pushing_leaves_the_old_frontier_as_it_was(size: int) -> None:
    before = Frontier().extend(LEAVES[:size])
    root = before.root()
    before.push(LEAVES[size])
    assert (before.root(), before.size) == (root, size)

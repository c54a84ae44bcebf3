"""Law: after leaf tiles were pruned, every proof above still holds and everything below says so."""

import hashlib
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.audit.errors import NotFound
from answerable.audit.tree.proofs import (
    consistency_proof,
    inclusion_proof,
    root_from_tiles,
    verify_consistency,
    verify_inclusion,
)
from answerable.audit.tree.tiles import PRUNED_TOGETHER, MemoryTiles, pruning_minimum

MOST = 3 * PRUNED_TOGETHER + 5_000
LEAVES = [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(MOST)]
SIZES = st.one_of(
    st.integers(1, MOST),
    st.sampled_from(
        [
            at * PRUNED_TOGETHER + step
            for at in (1, 2, 3)
            for step in (-257, -256, -1, 0, 1, 255, 256)
        ]
    ),
)


@cache
def subtree(low: int, high: int) -> bytes:
    """RFC 9162, section 2.1.1, as it is written there: the oracle."""
    if high - low == 1:
        return LEAVES[low]
    split = 1
    while split * 2 < high - low:
        split *= 2
    left, right = subtree(low, low + split), subtree(low + split, high)
    return hashlib.sha256(b"\x01" + left + right).digest()


@cache
def pruned(minimum: int) -> MemoryTiles:
    tiles = MemoryTiles()
    tiles.append(LEAVES)
    tiles.prune(minimum)
    return tiles


@settings(max_examples=100, deadline=None)
@given(SIZES, SIZES, SIZES, st.data())
def test_every_proof_above_holds_and_everything_below_is_refused(
    wanted: int, one: int, two: int, data: st.DataObject
) -> None:
    old, new = sorted((one, two))
    minimum = pruning_minimum(wanted, new)
    assert minimum <= min(wanted, new)
    tiles = pruned(minimum)
    seq = data.draw(st.integers(0, new - 1))
    if seq >= minimum:
        proof = inclusion_proof(seq, new, tiles)
        verify_inclusion(LEAVES[seq], seq, new, proof, subtree(0, new))
    else:
        with pytest.raises(NotFound, match=f"0 to {minimum - 1} were pruned"):
            inclusion_proof(seq, new, tiles)
    if old >= minimum or old == new:
        proof = consistency_proof(old, new, tiles)
        verify_consistency(old, subtree(0, old), new, subtree(0, new), proof)
    else:
        with pytest.raises(NotFound, match=f"0 to {minimum - 1} were pruned"):
            consistency_proof(old, new, tiles)
    if old >= minimum:
        assert root_from_tiles(old, tiles) == subtree(0, old)
    else:
        with pytest.raises(NotFound, match="were pruned"):
            root_from_tiles(old, tiles)


@settings(max_examples=20, deadline=None)
@given(st.integers(PRUNED_TOGETHER, MOST - 1), st.integers(0, MOST))
def test_a_pruned_tree_grows_as_if_nothing_were_missing(size: int, wanted: int) -> None:
    tiles = MemoryTiles()
    tiles.append(LEAVES[:size])
    tiles.prune(wanted)
    minimum = pruning_minimum(wanted, size)
    tiles.append(LEAVES[size:])
    assert root_from_tiles(MOST, tiles) == subtree(0, MOST)
    with pytest.raises(NotFound):
        tiles.tile(0, 0, 256) if minimum else tiles.tile(0, MOST, 1)

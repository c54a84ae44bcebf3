"""Law: appending never changes what was proven of earlier leaves."""

from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.tree.merkle import leaf_hash, root_of
from answerable.audit.tree.proofs import (
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from answerable.audit.tree.tiles import MemoryTiles

LEAVES = [leaf_hash(str(number).encode()) for number in range(1_100)]
ROOTS = {size: root_of(LEAVES[:size]) for size in range(len(LEAVES) + 1)}


@given(st.lists(st.integers(1, 300), min_size=1, max_size=8), st.data())
def test_appending_in_any_batches_keeps_every_earlier_proof(
    batches: list[int], data: st.DataObject
) -> None:
    tiles = MemoryTiles()
    seen: list[tuple[int, int, list[bytes]]] = []
    for batch in batches:
        tiles.append(LEAVES[tiles.size : tiles.size + batch])
        seq = data.draw(st.integers(0, tiles.size - 1))
        seen.append((seq, tiles.size, inclusion_proof(seq, tiles.size, tiles)))
    for seq, size, proof in seen:
        assert inclusion_proof(seq, size, tiles) == proof
        verify_inclusion(LEAVES[seq], seq, size, proof, ROOTS[size])


@given(st.integers(0, 1_100), st.integers(0, 1_100))
def test_every_smaller_tree_is_consistent_with_every_larger_one(one: int, two: int) -> None:
    old, new = sorted((one, two))
    tiles = MemoryTiles()
    tiles.append(LEAVES[:new])
    proof = consistency_proof(old, new, tiles)
    verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)

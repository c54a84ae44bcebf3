"""Law: a proof verifies for its leaf, place, size and root, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.audit.errors import ConsistencyProofInvalid, InclusionProofInvalid
from answerable.audit.tree.merkle import leaf_hash, root_of
from answerable.audit.tree.proofs import (
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from answerable.audit.tree.tiles import MemoryTiles

LEAVES = [leaf_hash(str(number).encode()) for number in range(600)]
TILES = MemoryTiles()
TILES.append(LEAVES)
SIZES = st.integers(1, len(LEAVES))


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@given(SIZES, st.data())
def test_an_inclusion_proof_fails_when_any_bit_is_flipped(size: int, data: st.DataObject) -> None:
    seq = data.draw(st.integers(0, size - 1))
    root = root_of(LEAVES[:size])
    values = [LEAVES[seq], root, *inclusion_proof(seq, size, TILES)]
    verify_inclusion(values[0], seq, size, values[2:], values[1])
    which = data.draw(st.integers(0, len(values) - 1))
    values[which] = flipped(values[which], data.draw(st.integers(0, 255)))
    with pytest.raises(InclusionProofInvalid):
        verify_inclusion(values[0], seq, size, values[2:], values[1])


@given(SIZES, st.data())
def test_an_inclusion_proof_fails_at_any_other_place(size: int, data: st.DataObject) -> None:
    seq = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(-1, size).filter(lambda place: place != seq))
    proof = inclusion_proof(seq, size, TILES)
    with pytest.raises(InclusionProofInvalid):
        verify_inclusion(LEAVES[seq], other, size, proof, root_of(LEAVES[:size]))


@given(SIZES, st.data())
def test_an_inclusion_proof_fails_when_shortened_or_lengthened(
    size: int, data: st.DataObject
) -> None:
    seq = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(seq, size, TILES)
    root = root_of(LEAVES[:size])
    altered = [*proof, LEAVES[0]] if not proof or data.draw(st.booleans()) else proof[:-1]
    with pytest.raises(InclusionProofInvalid):
        verify_inclusion(LEAVES[seq], seq, size, altered, root)


@given(st.integers(2, len(LEAVES)), st.data())
def test_a_consistency_proof_fails_when_any_bit_is_flipped(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    proof = consistency_proof(old, size, TILES)
    values = [root_of(LEAVES[:old]), root_of(LEAVES[:size]), *proof]
    verify_consistency(old, values[0], size, values[1], values[2:])
    which = data.draw(st.integers(0, len(values) - 1))
    values[which] = flipped(values[which], data.draw(st.integers(0, 255)))
    with pytest.raises(ConsistencyProofInvalid):
        verify_consistency(old, values[0], size, values[1], values[2:])


JUNK = st.lists(st.binary(max_size=40), max_size=12)
ANY_SIZE = st.integers(-3, 2**65)


@given(st.binary(max_size=40), ANY_SIZE, ANY_SIZE, JUNK, st.binary(max_size=40))
def test_the_inclusion_verifier_raises_nothing_but_its_own_error(
    leaf: bytes, seq: int, size: int, proof: list[bytes], root: bytes
) -> None:
    with pytest.raises(InclusionProofInvalid):
        verify_inclusion(leaf, seq, size, proof, root + b"!")


@given(ANY_SIZE, st.binary(max_size=40), ANY_SIZE, st.binary(max_size=40), JUNK)
def test_the_consistency_verifier_raises_nothing_but_its_own_error(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]
) -> None:
    with pytest.raises(ConsistencyProofInvalid):
        verify_consistency(old, b"!" + old_root, new, new_root + b"?", [*proof, b""])

"""The eight-leaf tree that Certificate Transparency implementations test themselves with.

Leaves, roots and paths are the values published with the reference implementation of RFC 6962.
"""

import hashlib

import pytest

from answerable.audit.errors import ConsistencyProofInvalid, InclusionProofInvalid
from answerable.audit.tree.merkle import EMPTY_ROOT, Frontier, leaf_hash, root_of
from answerable.audit.tree.proofs import (
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from answerable.audit.tree.tiles import MemoryTiles

LEAVES = [
    leaf_hash(bytes.fromhex(data))
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
NODE_2_3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
NODE_4_7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
NODE_4_5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
NODE_6_7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"

INCLUSION = {
    (0, 1): [],
    (0, 8): [LEAF_1, NODE_2_3, NODE_4_7],
    (5, 8): [LEAF_4, NODE_6_7, ROOTS[4]],
    (2, 3): [ROOTS[2]],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [LEAF_1, NODE_2_3, NODE_4_7],
    (6, 8): [NODE_4_5, NODE_6_7, ROOTS[4]],
}


def tiles() -> MemoryTiles:
    stored = MemoryTiles()
    stored.append(LEAVES)
    return stored


def unhex(hashes: list[str]) -> list[bytes]:
    return [bytes.fromhex(item) for item in hashes]


@pytest.mark.parametrize("size", range(9))
def test_the_root_of_each_size_is_the_published_one(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]
    assert Frontier().extend(LEAVES[:size]).root().hex() == ROOTS[size]


@pytest.mark.parametrize(("seq", "size"), INCLUSION)
def test_the_inclusion_path_is_the_published_one(seq: int, size: int) -> None:
    proof = inclusion_proof(seq, size, tiles())
    assert [item.hex() for item in proof] == INCLUSION[seq, size]
    verify_inclusion(LEAVES[seq], seq, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_the_consistency_path_is_the_published_one(old: int, new: int) -> None:
    proof = consistency_proof(old, new, tiles())
    assert [item.hex() for item in proof] == CONSISTENCY[old, new]
    verify_consistency(old, bytes.fromhex(ROOTS[old]), new, bytes.fromhex(ROOTS[new]), proof)


# RFC 9162, section 2.1.5, draws a tree of seven leaves and names the nodes of its proofs.
EXAMPLE = [leaf_hash(f"d{number}".encode()) for number in range(7)]


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


A, B, C, D, E, F, J = EXAMPLE
G, H, I = node(A, B), node(C, D), node(E, F)  # noqa: E741  # the RFC's own names
K, L = node(G, H), node(I, J)
SEVEN = MemoryTiles()
SEVEN.append(EXAMPLE)


@pytest.mark.parametrize(
    ("seq", "path"), [(0, [B, H, L]), (3, [C, G, L]), (4, [F, J, K]), (6, [I, K])]
)
def test_the_rfc_example_gives_the_inclusion_paths_it_names(seq: int, path: list[bytes]) -> None:
    assert inclusion_proof(seq, 7, SEVEN) == path


@pytest.mark.parametrize(("old", "path"), [(3, [C, D, G, L]), (4, [L]), (6, [I, J, K])])
def test_the_rfc_example_gives_the_consistency_paths_it_names(old: int, path: list[bytes]) -> None:
    assert consistency_proof(old, 7, SEVEN) == path


def test_conventions_for_the_empty_tree() -> None:
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    verify_consistency(0, EMPTY_ROOT, 7, node(K, L), [])
    with pytest.raises(ConsistencyProofInvalid):
        verify_consistency(0, A, 7, node(K, L), [])
    with pytest.raises(ConsistencyProofInvalid):
        verify_consistency(0, EMPTY_ROOT, 7, node(K, L), [A])
    with pytest.raises(InclusionProofInvalid):
        verify_inclusion(A, 0, 0, [], EMPTY_ROOT)


def test_an_inner_node_is_not_accepted_as_a_leaf() -> None:
    # G is the root over A and B; as data it hashes to something else (second preimage).
    with pytest.raises(InclusionProofInvalid):
        verify_inclusion(leaf_hash(A + B), 0, 1, [], G)


def test_a_proof_that_ends_below_the_root_is_refused() -> None:
    # G is the root over A and B, which are not all seven leaves.
    with pytest.raises(InclusionProofInvalid):
        verify_inclusion(A, 0, 7, [B], G)
    with pytest.raises(ConsistencyProofInvalid):
        verify_consistency(1, A, 7, G, [B])


def test_a_repeated_last_leaf_changes_the_root() -> None:
    assert root_of(EXAMPLE) != root_of([*EXAMPLE, J])

"""One file of vectors, three implementations: the tree, the offline verifier, the page's script.

The vectors were made by hand from the definitions of RFC 9162, sections 2.1.3.1 and 2.1.4.1, over
the eight leaves that Certificate Transparency implementations test themselves with; the roots of
those are published and compared below. The script runs in `tests/browser/test_receipt_page.py`.
A path does not bind the size of its tree where two sizes give it one shape: the checkpoint does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from answerable.audit.errors import ConsistencyProofInvalid, InclusionProofInvalid
from answerable.audit.offline.verify_pack import _path_root, _read_key, _roots
from answerable.audit.tree.notes import VerifierKey
from answerable.audit.tree.proofs import verify_consistency, verify_inclusion
from tests.conformance.test_c2sp_formats import VKEY
from tests.conformance.test_merkle_tree_rfc6962 import ROOTS

VECTORS: Final = Path(__file__).parent / "vectors" / "proofs.json"
GIVEN: Final[dict[str, list[dict[str, Any]]]] = json.loads(VECTORS.read_text(encoding="utf-8"))


def unhex(hashes: list[str]) -> list[bytes]:
    return [bytes.fromhex(item) for item in hashes]


def test_the_vectors_stand_on_the_published_roots() -> None:
    good = [item for item in GIVEN["inclusion"] if item["name"].startswith("entry ")]
    assert {item["root"] for item in good} == set(ROOTS[1:])
    assert all(item["root"] == ROOTS[item["size"]] for item in good)


@pytest.mark.parametrize("vector", GIVEN["inclusion"], ids=lambda vector: str(vector["name"]))
def test_inclusion_is_judged_alike(vector: dict[str, Any]) -> None:
    leaf, root, path = bytes.fromhex(vector["leaf"]), bytes.fromhex(vector["root"]), vector["path"]
    assert (_path_root(leaf, vector["seq"], vector["size"], unhex(path)) == root) == vector["good"]
    try:
        verify_inclusion(leaf, vector["seq"], vector["size"], unhex(path), root)
    except InclusionProofInvalid:
        assert not vector["good"]
    else:
        assert vector["good"]


@pytest.mark.parametrize("vector", GIVEN["consistency"], ids=lambda vector: str(vector["name"]))
def test_consistency_is_judged_alike(vector: dict[str, Any]) -> None:
    old, new = (bytes.fromhex(vector[name]) for name in ("old_root", "new_root"))
    path = unhex(vector["path"])
    assert (_roots(vector["old"], vector["new"], path, old) == (old, new)) == vector["good"]
    try:
        verify_consistency(vector["old"], old, vector["new"], new, path)
    except ConsistencyProofInvalid:
        assert not vector["good"]
    else:
        assert vector["good"]


def test_the_published_verifier_key_is_read_alike() -> None:
    key, read = VerifierKey.parse(VKEY), _read_key(VKEY, 1)
    assert (read.name, read.id, read.public) == (key.name, key.key_id, key.public_key)

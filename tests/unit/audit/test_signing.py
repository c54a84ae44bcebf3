"""Signatures under sign-offs and the files signers keep their keys in."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from answerable.audit.errors import Conflict, EvidenceBroken, InvalidInput, NotFound, Unavailable
from answerable.audit.records import Role, SignOff
from answerable.audit.signing import (
    create_signer_key,
    load_signer_key,
    public_key_hex,
    sign_record,
    verify_sign_off,
)
from tests.log_kit import ACTOR, SeededEntropy

STATEMENT = SignOff(
    function="sha256:" + "1" * 64,
    bundle="sha256:" + "2" * 64,
    role=Role.COMPLIANCE,
    signer=ACTOR,
    decision="approve",
    statement="sha256:" + "3" * 64,
    looks=2,
    expires_at=5,
)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


def test_a_signature_covers_the_canonical_bytes_of_the_statement() -> None:
    signed = sign_record(STATEMENT, KEY)
    assert signed.signature is not None
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key_hex(KEY)))
    public.verify(bytes.fromhex(signed.signature), STATEMENT.to_json())
    verify_sign_off(signed, public_key_hex(KEY))
    assert sign_record(signed, KEY) == signed


@pytest.mark.parametrize(
    "change",
    [{"decision": "reject"}, {"looks": 1}, {"bundle": "sha256:" + "4" * 64}, {"signature": None}],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_or_unsigned_statement_is_refused(change: dict[str, object]) -> None:
    changed = sign_record(STATEMENT, KEY).model_copy(update=change)
    with pytest.raises(EvidenceBroken, match=ACTOR):
        verify_sign_off(changed, public_key_hex(KEY))


def test_another_key_is_refused() -> None:
    other = public_key_hex(Ed25519PrivateKey.from_private_bytes(b"o" * 32))
    with pytest.raises(EvidenceBroken):
        verify_sign_off(sign_record(STATEMENT, KEY), other)


@pytest.mark.parametrize("key", ["", "xyz", "ab" * 31, "ab" * 33])
def test_what_is_no_public_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="public key"):
        verify_sign_off(sign_record(STATEMENT, KEY), key)


def test_a_key_file_gives_its_key_back_to_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "signer.key"
    made = create_signer_key(path, entropy=SeededEntropy("signer"))
    assert public_key_hex(load_signer_key(path)) == public_key_hex(made)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Conflict):
        create_signer_key(path, entropy=SeededEntropy("second"))
    path.chmod(0o604)
    with pytest.raises(Unavailable, match="chmod 600"):
        load_signer_key(path)


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_signer_key(tmp_path / "missing")
    with pytest.raises(Unavailable):
        load_signer_key(tmp_path)
    with pytest.raises(Unavailable):
        create_signer_key(tmp_path / "no" / "key", entropy=SeededEntropy("x"))
    path = tmp_path / "signer.key"
    for content in (b"", b"ab" * 31, b"ab" * 33, b"zz" * 32, b"\xff" * 64):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(InvalidInput, match="not a key file"):
            load_signer_key(path)

"""Timestamps of an OpenSSL authority, and what does not pass for one."""

from __future__ import annotations

import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from answerable.api.wiring import system_clock
from answerable.audit.anchors.timestamps import (
    TimestampAnchor,
    TrustedAuthority,
    verify_timestamp,
)
from answerable.audit.errors import (
    EngineError,
    EvidenceBroken,
    InvalidInput,
    MissingExtra,
    Unavailable,
)
from answerable.audit.tree.checkpoints import Checkpoint, sign_checkpoint
from tests.time_authority import TimeAuthority, replaying

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOTE = sign_checkpoint(Checkpoint("example.org/loans", 7, bytes([7]) * 32), KEY)
OTHER = sign_checkpoint(Checkpoint("example.org/loans", 8, bytes([8]) * 32), KEY)
SECOND = 1_000_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority.create(tmp_path_factory.mktemp("tsa") / "own", "Test Authority")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority.create(tmp_path_factory.mktemp("tsa") / "other", "Another Authority")


def anchor_at(authority: TimeAuthority) -> TimestampAnchor:
    return TimestampAnchor(authority.answer, authority.trusted, "tsa.example")


def test_a_timestamp_says_when_the_authority_saw_the_checkpoint(authority: TimeAuthority) -> None:
    before = system_clock() - SECOND
    data = anchor_at(authority).anchor(NOTE)
    proven = verify_timestamp(NOTE, data, authority.trusted)
    assert before <= proven.ts <= system_clock()
    assert proven.serial > 0


def test_openssl_itself_verifies_what_is_kept(authority: TimeAuthority) -> None:
    data = anchor_at(authority).anchor(NOTE)
    assert authority.vouches(data, NOTE)
    assert not authority.vouches(data, OTHER)


def test_a_timestamp_of_another_checkpoint_is_refused(authority: TimeAuthority) -> None:
    data = anchor_at(authority).anchor(NOTE)
    with pytest.raises(EvidenceBroken, match="another checkpoint"):
        verify_timestamp(OTHER, data, authority.trusted)


def test_an_authority_that_is_not_trusted_is_refused(
    authority: TimeAuthority, stranger: TimeAuthority
) -> None:
    with pytest.raises(EvidenceBroken, match="no trusted authority"):
        TimestampAnchor(stranger.answer, authority.trusted, "tsa.example").anchor(NOTE)


def test_an_answer_to_another_request_is_refused(authority: TimeAuthority) -> None:
    old = anchor_at(authority).anchor(NOTE)
    with pytest.raises(EvidenceBroken, match="nonce"):
        TimestampAnchor(replaying(old), authority.trusted, "tsa.example").anchor(NOTE)


@pytest.mark.parametrize("place", [40, -1, -20])
def test_a_changed_answer_is_refused(authority: TimeAuthority, place: int) -> None:
    data = bytearray(anchor_at(authority).anchor(NOTE))
    data[place] ^= 0xFF
    with pytest.raises(EvidenceBroken, match="timestamp does not hold"):
        verify_timestamp(NOTE, bytes(data), authority.trusted)


@pytest.mark.parametrize("data", [b"", b"<html>", b"\x30\x03\x02\x01\x00"])
def test_what_is_no_answer_is_refused(authority: TimeAuthority, data: bytes) -> None:
    with pytest.raises(EvidenceBroken, match=r"not the answer of a timestamp authority|refused"):
        verify_timestamp(NOTE, data, authority.trusted)


def test_a_refusal_is_told_as_the_authoritys(authority: TimeAuthority) -> None:
    # An authority that does not take the digest of the request answers with status 2.
    config = authority.folder / "config"
    text = config.read_text()
    config.write_text(text.replace("digests = sha256", "digests = sha512"))
    try:
        with pytest.raises(EngineError, match="status 2"):
            anchor_at(authority).anchor(NOTE)
        refusal = (authority.folder / "reply.tsr").read_bytes()
    finally:
        config.write_text(text)
    with pytest.raises(EvidenceBroken, match="refused"):
        verify_timestamp(NOTE, refusal, authority.trusted)


def test_an_authority_that_cannot_be_reached_is_told_as_it_is(authority: TimeAuthority) -> None:
    def unreachable(_request: bytes) -> bytes:
        raise Unavailable("the timestamp authority gave no timestamp (ConnectError)")

    with pytest.raises(Unavailable, match="ConnectError"):
        TimestampAnchor(unreachable, authority.trusted, "tsa.example").anchor(NOTE)


def test_certificates_need_a_root_among_them(authority: TimeAuthority) -> None:
    signer = (authority.folder / "signer.pem").read_bytes()
    root = (authority.folder / "root.pem").read_bytes()
    for pem in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", signer):
        with pytest.raises(InvalidInput, match="no root certificate"):
            TrustedAuthority.parse(pem)
    both = TrustedAuthority.parse(signer + root)
    assert (len(both.roots), len(both.intermediates)) == (1, 1)
    data = anchor_at(authority).anchor(NOTE)
    assert verify_timestamp(NOTE, data, both).serial > 0


def test_a_missing_library_is_named(
    authority: TimeAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = anchor_at(authority).anchor(NOTE)
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(MissingExtra, match=r"answerable\[timestamp\]"):
        verify_timestamp(NOTE, data, authority.trusted)
    with pytest.raises(MissingExtra, match=r"answerable\[timestamp\]"):
        anchor_at(authority).anchor(NOTE)

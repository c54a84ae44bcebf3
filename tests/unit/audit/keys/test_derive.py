"""The mathematics of keys, against the standard library's own formulas."""

from __future__ import annotations

import hashlib
import hmac
import uuid

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from answerable.audit.errors import RecordTampered
from answerable.audit.keys.derive import (
    BUCKETS,
    KeyAddress,
    bucket_of,
    cell_mask,
    commitment,
    day_of,
    holder_lookup,
    open_sealed,
    part_address,
    period_of,
    record_key,
    reference_hash,
    seal,
    slot_key,
    unwrap_data_key,
    wrap_data_key,
)

KEY = bytes(range(32))
ENTRY = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
RAW = uuid.UUID(ENTRY).bytes


def hmac256(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def test_record_and_slot_keys_follow_the_published_formula() -> None:
    assert record_key(KEY, ENTRY, 3) == hmac256(KEY, b"answerable/rk1\0" + RAW + b"\0\x03")
    assert slot_key(KEY, ENTRY, 258) == hmac256(KEY, b"answerable/slot1\0" + RAW + b"\x01\x02")


def test_lookups_references_commitments_and_masks_follow_the_published_formula() -> None:
    assert holder_lookup(KEY, "Zoë") == hmac256(KEY, b"subject\0" + "Zoë".encode())
    assert reference_hash(KEY, "r-1") == hmac256(KEY, b"ref\0r-1").hex()
    assert commitment(KEY, b"text") == hmac256(KEY, b"pc1\0text").hex()
    assert cell_mask(KEY, ENTRY) == int.from_bytes(hmac256(KEY, b"cell\0" + RAW)[:4], "big")


def test_a_sealed_part_is_a_nonce_and_plain_aes_gcm() -> None:
    nonce = bytes(12)
    address = part_address("example.org/log", ENTRY, "s-1")
    sealed = seal(KEY, b"text", address=address, nonce=nonce)
    assert address == b"example.org/log\0" + ENTRY.encode() + b"\0s-1"
    assert AESGCM(KEY).decrypt(sealed[:12], sealed[12:], address) == b"text"


@pytest.mark.parametrize("flipped", [0, 12, 20, -1])
def test_a_changed_bit_does_not_open(flipped: int) -> None:
    sealed = bytearray(seal(KEY, b"some text", address=b"here", nonce=bytes(12)))
    sealed[flipped] ^= 1
    with pytest.raises(RecordTampered, match="the place"):
        open_sealed(KEY, bytes(sealed), address=b"here", where="the place")


@pytest.mark.parametrize("sealed", [b"", bytes(5), bytes(12), bytes(27)])
def test_bytes_too_short_to_be_sealed_do_not_open(sealed: bytes) -> None:
    with pytest.raises(RecordTampered):
        open_sealed(KEY, sealed, address=b"", where="x")


@pytest.mark.parametrize(
    "other",
    [
        KeyAddress("another/log", "s-1", b"look", 7, 2),
        KeyAddress("example.org/log", "s-2", b"look", 7, 2),
        KeyAddress("example.org/log", "s-1", b"other", 7, 2),
        KeyAddress("example.org/log", "s-1", b"look", 8, 2),
        KeyAddress("example.org/log", "s-1", b"look", 7, 3),
    ],
)
def test_a_wrapped_key_opens_at_its_own_address_only(other: KeyAddress) -> None:
    address = KeyAddress("example.org/log", "s-1", b"look", 7, 2)
    wrapped = wrap_data_key(KEY, b"k" * 32, address, bytes(12))
    assert unwrap_data_key(KEY, wrapped, address) == b"k" * 32
    with pytest.raises(RecordTampered):
        unwrap_data_key(KEY, wrapped, other)


def test_the_bucket_is_the_first_twelve_bits_of_a_reference() -> None:
    assert bucket_of("s-000" + "f" * 29) == 0
    assert bucket_of("a-fff" + "0" * 29) == BUCKETS - 1


def test_days_and_months_change_at_midnight_utc() -> None:
    midnight = 1_798_761_600_000_000
    assert (day_of(midnight - 1), period_of(midnight - 1)) == ("2026-12-31", "2026-12")
    assert (day_of(midnight), period_of(midnight)) == ("2027-01-01", "2027-01")

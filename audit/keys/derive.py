"""The mathematics of keys: what is derived, wrapped, sealed and committed to. Pure.

A *holder* is whoever owns a data key: a data subject, a data set, an actor. Each holder has one
random 32-byte data key, stored only wrapped under the key of its bucket. Every part of every
entry has its own record key derived from the data key, so that one part can be disclosed by
giving one key away, and destroying the data key ends all of them.

AES-GCM does not commit to its key: one ciphertext can be made to open under two keys to two
texts. The header therefore also holds a keyed commitment of each plaintext.

References
----------
RFC 2104 (HMAC), NIST SP 800-38D (AES-GCM), RFC 9562 (the 16 bytes of an entry id).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from answerable.audit.errors import RecordTampered
from answerable.audit.ids import entry_id_bytes

__all__ = [
    "BUCKETS",
    "KEY_SIZE",
    "Entropy",
    "NONCE_SIZE",
    "KeyAddress",
    "alias_mac",
    "bucket_of",
    "cell_mask",
    "commitment",
    "day_of",
    "holder_lookup",
    "keyed_hash",
    "open_cell",
    "open_sealed",
    "part_address",
    "pepper_check",
    "period_of",
    "projection_mac",
    "record_key",
    "reference_hash",
    "seal",
    "slot_key",
    "unwrap_data_key",
    "wrap_data_key",
]

Entropy = Callable[[int], bytes]
"""Gives that many random bytes."""

BUCKETS: Final = 4096
"""Erasing one holder re-wraps the keys of one bucket: with a million holders about 244."""
KEY_SIZE: Final = 32
NONCE_SIZE: Final = 12
_BUCKET_DIGITS: Final = slice(2, 5)


class KeyAddress(NamedTuple):
    """Where a wrapped data key belongs: bound into it, so that rows cannot be swapped.

    `lookup` is bound in as well: swapped look-ups would lead from one person to another's file.
    """

    origin: str
    ref: str
    lookup: bytes
    bucket: int
    version: int

    def to_bytes(self) -> bytes:
        """Return the associated data of the wrapping."""
        return (
            f"answerable/wrap1\0{self.origin}\0{self.ref}\0{self.lookup.hex()}"
            f"\0{self.bucket}\0{self.version}".encode()
        )


def keyed_hash(key: bytes, label: str, data: bytes) -> bytes:
    r"""Return HMAC-SHA256(key, label || 0x00 || data): 32 bytes, separate for each label.

    Returns
    -------
    bytes
        32 bytes.

    Examples
    --------
    >>> keyed_hash(bytes(32), "a", b"x") == keyed_hash(bytes(32), "b", b"x")
    False
    """
    return hmac.digest(key, label.encode() + b"\0" + data, "sha256")


def holder_lookup(pepper: bytes, holder_id: str) -> bytes:
    """Return what the key table finds a holder by: keyed, so that ids cannot be guessed from it."""
    return keyed_hash(pepper, "subject", holder_id.encode())


def alias_mac(data_key: bytes, origin: str, lookup: bytes) -> bytes:
    """Return the seal that binds a further look-up to its holder, 32 bytes."""
    return keyed_hash(data_key, "answerable/alias1", origin.encode() + b"\0" + lookup)


def reference_hash(pepper: bytes, reference: str) -> str:
    """Return the header's keyed hash of the caller's own reference, 64 hex digits."""
    return keyed_hash(pepper, "ref", reference.encode()).hex()


def pepper_check(pepper: bytes, origin: str) -> str:
    """Return what the log stores to notice that it is opened with another pepper."""
    return keyed_hash(pepper, "check", origin.encode()).hex()


def projection_mac(pepper: bytes, name: str, size: int, root: bytes, state: bytes) -> bytes:
    """Return the seal of a cached view: nobody without the vault can make another state pass."""
    sealed = b"\0".join((name.encode(), str(size).encode(), root.hex().encode(), state))
    return keyed_hash(pepper, "projection", sealed)


def bucket_of(ref: str) -> int:
    """Return the bucket of a holder: the first 12 bits of its random reference.

    Returns
    -------
    int
        0 to 4,095.

    Examples
    --------
    >>> bucket_of("s-0ff" + "0" * 29)
    255
    """
    return int(ref[_BUCKET_DIGITS], 16)


def record_key(data_key: bytes, entry_id: str, part: int) -> bytes:
    """Return the key of one part of one entry.

    Parameters
    ----------
    data_key : bytes
        The holder's data key, 32 bytes.
    entry_id : str
        UUIDv7 of the entry.
    part : int
        Number of the part in the header's `parts`.

    Returns
    -------
    bytes
        32 bytes.
    """
    return keyed_hash(data_key, "answerable/rk1", _part_name(entry_id, part))


def slot_key(data_key: bytes, entry_id: str, part: int) -> bytes:
    """Return the key under which the case part's key is wrapped for one more subject.

    Parameters
    ----------
    data_key : bytes
        That subject's data key, 32 bytes.
    entry_id : str
        UUIDv7 of the entry.
    part : int
        Number of the slot in the header's `parts`.

    Returns
    -------
    bytes
        32 bytes.
    """
    return keyed_hash(data_key, "answerable/slot1", _part_name(entry_id, part))


def commitment(key: bytes, plaintext: bytes) -> str:
    """Return the keyed commitment to a plaintext, 64 hex digits; without the key it is noise."""
    return keyed_hash(key, "pc1", plaintext).hex()


def part_address(origin: str, entry_id: str, ref: str) -> bytes:
    """Return the associated data of a part: its log, its entry, its holder."""
    return f"{origin}\0{entry_id}\0{ref}".encode()


def seal(key: bytes, plaintext: bytes, *, address: bytes, nonce: bytes) -> bytes:
    r"""Return nonce || AES-256-GCM(key, plaintext, address).

    Parameters
    ----------
    key : bytes
        32 bytes, used for one plaintext only.
    plaintext : bytes
        What is sealed.
    address : bytes
        Associated data: where this belongs.
    nonce : bytes
        12 random bytes.

    Returns
    -------
    bytes
        28 bytes longer than the plaintext.

    Examples
    --------
    >>> sealed = seal(bytes(32), b"x", address=b"here", nonce=bytes(12))
    >>> open_sealed(bytes(32), sealed, address=b"here", where="example")
    b'x'
    """
    return nonce + AESGCM(key).encrypt(nonce, plaintext, address)


def open_sealed(key: bytes, sealed: bytes, *, address: bytes, where: str) -> bytes:
    """Return the plaintext of sealed bytes.

    Parameters
    ----------
    key : bytes
        32 bytes.
    sealed : bytes
        What :func:`seal` gave.
    address : bytes
        The same associated data.
    where : str
        What to name in the error.

    Returns
    -------
    bytes
        The plaintext.

    Raises
    ------
    RecordTampered
        If the bytes, their place or the key are not those of the sealing.
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], address)
    except (InvalidTag, ValueError):
        raise RecordTampered(
            "the stored bytes do not open under their key",
            where=where,
            remedy="They were altered or moved: verify the log and compare with a backup.",
        ) from None


def wrap_data_key(bucket_key: bytes, data_key: bytes, address: KeyAddress, nonce: bytes) -> bytes:
    """Return a data key wrapped under the key of its bucket, 60 bytes."""
    return seal(bucket_key, data_key, address=address.to_bytes(), nonce=nonce)


def unwrap_data_key(bucket_key: bytes, wrapped: bytes, address: KeyAddress) -> bytes:
    """Return a wrapped data key.

    Returns
    -------
    bytes
        32 bytes.

    Raises
    ------
    RecordTampered
        If the row was altered, swapped with another holder's, or is of another version.
    """
    return open_sealed(
        bucket_key, wrapped, address=address.to_bytes(), where=f"data key of {address.ref}"
    )


def cell_mask(period_key: bytes, entry_id: str) -> int:
    """Return the 32 bits that hide a group-cell code in the header of one entry."""
    mask = keyed_hash(period_key, "cell", entry_id_bytes(entry_id))
    return int.from_bytes(mask[:4], "big")


def open_cell(hidden: str | None, entry_id: str, key_of: Callable[[str], bytes]) -> int | None:
    """Return the group-cell code that a header hides as ``<period>:<hex>``, None without one.

    Parameters
    ----------
    hidden : str or None
        The header's `cell`.
    entry_id : str
        UUIDv7 of the entry.
    key_of : Callable[[str], bytes]
        Gives the key of a period.

    Returns
    -------
    int or None
        Below 2^32.
    """
    if hidden is None:
        return None
    period, _, masked = hidden.partition(":")
    return int(masked, 16) ^ cell_mask(key_of(period), entry_id)


def period_of(ts: int) -> str:
    """Return the month of a time in microseconds UTC: which period key hides its cell code.

    Returns
    -------
    str
        ``YYYY-MM``.

    Examples
    --------
    >>> period_of(1_795_000_000_000_000)
    '2026-11'
    """
    return day_of(ts)[:7]


@lru_cache(maxsize=64)
def day_of(ts: int) -> str:
    """Return the day (UTC) of a time in microseconds.

    Returns
    -------
    str
        ``YYYY-MM-DD``.

    Examples
    --------
    >>> day_of(0)
    '1970-01-01'
    """
    return datetime.fromtimestamp(ts // 1_000_000, UTC).date().isoformat()


def _part_name(entry_id: str, part: int) -> bytes:
    return entry_id_bytes(entry_id) + part.to_bytes(2, "big")

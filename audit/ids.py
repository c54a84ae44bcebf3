"""Identifiers from bytes that the caller drew: nothing here reads a clock or randomness.

Entry ids are UUIDv7, so that entries appended later sort later in indexes. References to people
are 128 random bits: not derived from anything, so that nothing leads back once the key table's
row is gone.

References
----------
RFC 9562, section 5.7.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from answerable.audit.errors import InvalidInput

__all__ = [
    "UUID7_RANDOM_BYTES",
    "actor_ref",
    "entry_id_bytes",
    "id_text",
    "ref_bytes",
    "subject_ref",
    "uuid7",
]

UUID7_RANDOM_BYTES: Final = 10
"""Random bytes that :func:`uuid7` takes: 74 bits are used."""

_REF_BYTES: Final = 16
_MICROS_PER_MILLI: Final = 1000
_TIME_BITS: Final = 48
_REF: Final = re.compile(r"[as]-[0-9a-f]{32}")
_UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def uuid7(ts_us: int, random_bytes: bytes) -> str:
    """Return a UUIDv7 of a time, lower case with dashes.

    Parameters
    ----------
    ts_us : int
        Microseconds since 1970 UTC; the id holds milliseconds.
    random_bytes : bytes
        Ten random bytes, of which 74 bits are used.

    Returns
    -------
    str
        36 characters; ids of later milliseconds sort later as text.

    Raises
    ------
    InvalidInput
        If the time does not fit 48 bits of milliseconds or there are not ten random bytes.

    References
    ----------
    RFC 9562, section 5.7 and appendix A.6.

    Examples
    --------
    >>> uuid7(1_645_557_742_000_000, bytes.fromhex("0cc318c4dc0c0c07398f"))
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'
    """
    millis = ts_us // _MICROS_PER_MILLI
    if not 0 <= millis < 1 << _TIME_BITS:
        raise InvalidInput("the time does not fit a UUIDv7", where="entry id")
    if len(random_bytes) != UUID7_RANDOM_BYTES:
        raise InvalidInput(
            f"a UUIDv7 takes {UUID7_RANDOM_BYTES} random bytes, not {len(random_bytes)}",
            where="entry id",
        )
    rand_a = int.from_bytes(random_bytes[:2], "big") & 0x0FFF
    rand_b = int.from_bytes(random_bytes[2:], "big") & ((1 << 62) - 1)
    value = millis << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


@lru_cache(maxsize=4096)
def entry_id_bytes(entry_id: str) -> bytes:
    """Return the 16 bytes of an entry id; those seen last are remembered.

    Parameters
    ----------
    entry_id : str
        A UUIDv7, lower case with dashes.

    Returns
    -------
    bytes
        16 bytes.

    Raises
    ------
    InvalidInput
        If it is not written exactly like that.

    Examples
    --------
    >>> entry_id_bytes("017f22e2-79b0-7cc3-98c4-dc0c0c07398f").hex()
    '017f22e279b07cc398c4dc0c0c07398f'
    """
    if not _UUID7.fullmatch(entry_id):
        raise InvalidInput(
            "the entry id is not a UUIDv7",
            where="entry id",
            remedy="Write it in lower case with dashes.",
        )
    return bytes.fromhex(entry_id.replace("-", ""))


def id_text(key: bytes) -> str:
    """Return an entry id as text.

    Parameters
    ----------
    key : bytes
        16 bytes.

    Returns
    -------
    str
        Lower case with dashes; plain hex digits when there are not 16 bytes.

    Examples
    --------
    >>> id_text(entry_id_bytes("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"))
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'
    """
    digits = key.hex()
    if len(key) != _REF_BYTES:
        return digits
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def subject_ref(random16: bytes) -> str:
    """Return the reference to a data subject made of 16 random bytes.

    Parameters
    ----------
    random16 : bytes
        16 random bytes.

    Returns
    -------
    str
        ``s-`` and 32 hex digits.

    Raises
    ------
    InvalidInput
        If there are not 16 bytes.

    Examples
    --------
    >>> subject_ref(bytes(16))
    's-00000000000000000000000000000000'
    """
    return _ref("s-", random16)


def actor_ref(random16: bytes) -> str:
    """Return the reference to a person or service that acts, made of 16 random bytes.

    Parameters
    ----------
    random16 : bytes
        16 random bytes.

    Returns
    -------
    str
        ``a-`` and 32 hex digits.

    Raises
    ------
    InvalidInput
        If there are not 16 bytes.

    Examples
    --------
    >>> actor_ref(bytes(16))
    'a-00000000000000000000000000000000'
    """
    return _ref("a-", random16)


def ref_bytes(ref: str) -> bytes:
    """Return the 16 random bytes of a reference; nothing that is none has any.

    Parameters
    ----------
    ref : str
        From :func:`subject_ref` or :func:`actor_ref`.

    Returns
    -------
    bytes
        16 bytes; empty when it is no reference.

    Examples
    --------
    >>> ref_bytes("s-" + "0f" * 16).hex()
    '0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f'
    >>> ref_bytes("nobody")
    b''
    """
    return bytes.fromhex(ref[2:]) if _REF.fullmatch(ref) else b""


def _ref(prefix: str, random16: bytes) -> str:
    if len(random16) != _REF_BYTES:
        raise InvalidInput(
            f"a reference takes {_REF_BYTES} random bytes, not {len(random16)}", where="reference"
        )
    return prefix + random16.hex()

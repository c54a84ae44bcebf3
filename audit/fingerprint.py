"""Data fingerprints that survive a lawful deletion.

A fingerprint is a Merkle root over salted row hashes. When one row must be deleted, its row hash
stays behind as a *tombstone*: the root is the same as before and the tombstones are listed, so
that whoever recomputes it sees exactly which rows are gone and that nothing else changed.

The salt is secret and belongs beside the keys. Whoever has it and guesses a deleted row can
confirm the guess against the tombstone: a fingerprint whose salt is destroyed can no longer be
recomputed, and its tombstones then say nothing.

What is hashed: row i is ``canonical JSON of its list of values``; its hash is
SHA-256(HMAC-SHA256(salt, "row" || 0x00 || i as 8 bytes) || row); the leaves of the tree are
those hashes, under RFC 6962's leaf prefix.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from answerable.audit.canonical import canonical_json, sha256_digest
from answerable.audit.errors import InvalidInput, NotFound
from answerable.audit.records import ColumnSchema
from answerable.audit.tree.merkle import Frontier, leaf_hash

__all__ = ["Fingerprint", "fingerprint_rows", "row_bytes", "schema_digest", "tombstones_of"]

_MIN_SALT: Final = 16
_PREFIX: Final = "sha256:"
_DIGEST_LENGTH: Final = len(_PREFIX) + 64


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The identity of a table's content.

    `rows` counts tombstones as well: it is the number of rows the data set was registered with.
    """

    root: str
    rows: int
    salt: bytes = field(repr=False)
    tombstones: Mapping[int, str]
    """Row hash, as ``sha256:<hex>``, by the number of a deleted row."""


def row_bytes(values: Sequence[JsonValue]) -> bytes:
    """Return the canonical bytes of one row.

    Parameters
    ----------
    values : Sequence[JsonValue], shape (columns,)
        The row's values in the order of the schema; None for a missing value.

    Returns
    -------
    bytes
        RFC 8785 of the list.

    Raises
    ------
    InvalidInput
        If a value has no canonical form (NaN is not a missing value: pass None).

    Examples
    --------
    >>> row_bytes([1.0, "x", None])
    b'[1,"x",null]'
    """
    return canonical_json(list(values))


def schema_digest(columns: Sequence[ColumnSchema]) -> str:
    """Return the digest of a table's schema: names, types and roles in order.

    Parameters
    ----------
    columns : Sequence[ColumnSchema]
        The columns.

    Returns
    -------
    str
        ``sha256:<hex>``.

    Examples
    --------
    >>> a = ColumnSchema(name="a", dtype="int64", role="feature")
    >>> b = ColumnSchema(name="b", dtype="int64", role="feature")
    >>> schema_digest([a, b]) == schema_digest([b, a])
    False
    """
    described: list[JsonValue] = [
        {"dtype": column.dtype, "name": column.name, "role": column.role} for column in columns
    ]
    return sha256_digest(canonical_json(described))


def fingerprint_rows(
    rows: Iterable[bytes], salt: bytes, tombstones: Mapping[int, str] | None = None
) -> Fingerprint:
    """Return the fingerprint of a table.

    Parameters
    ----------
    rows : Iterable[bytes]
        Canonical bytes of the rows that still exist, in their original order.
    salt : bytes
        At least 16 secret bytes, the same for every fingerprint of this data set.
    tombstones : Mapping[int, str], optional
        Row hashes of deleted rows by original row number, from :func:`tombstones_of`.

    Returns
    -------
    Fingerprint
        Its root does not depend on which rows are present and which are tombstones.

    Raises
    ------
    InvalidInput
        If the salt is too short, or a tombstone is malformed or beyond the end of the table.

    Examples
    --------
    >>> salt = bytes(16)
    >>> whole = fingerprint_rows([b"[1]", b"[2]", b"[3]"], salt)
    >>> gone = tombstones_of([b"[1]", b"[2]", b"[3]"], salt, [1])
    >>> fingerprint_rows([b"[1]", b"[3]"], salt, gone).root == whole.root
    True
    """
    _require_salt(salt)
    remembered = {number: _hash_of(text) for number, text in (tombstones or {}).items()}
    frontier = Frontier().extend(_leaves(rows, salt, remembered))
    if any(not 0 <= number < frontier.size for number in remembered):
        raise InvalidInput(
            f"a tombstone lies beyond the {frontier.size} rows of the table",
            where="tombstones",
            remedy="Pass all remaining rows, in their original order.",
        )
    root = _PREFIX + frontier.root().hex()
    return Fingerprint(root, frontier.size, salt, dict(tombstones or {}))


def tombstones_of(rows: Iterable[bytes], salt: bytes, erased: Collection[int]) -> dict[int, str]:
    """Return the row hashes to keep of rows that are about to be deleted.

    Parameters
    ----------
    rows : Iterable[bytes]
        Canonical bytes of all rows of the table as registered.
    salt : bytes
        The data set's salt.
    erased : Collection[int]
        Numbers of the rows to delete, from 0.

    Returns
    -------
    dict
        Row hash, as ``sha256:<hex>``, by row number.

    Raises
    ------
    InvalidInput
        If the salt is too short.
    NotFound
        If a number is not that of a row.
    """
    _require_salt(salt)
    wanted = set(erased)
    kept = {
        number: _PREFIX + _row_hash(row, salt, number).hex()
        for number, row in enumerate(rows)
        if number in wanted
    }
    if len(kept) != len(wanted):
        raise NotFound(
            "a row to be deleted does not exist",
            where="row numbers",
            remedy="Count rows from 0, over all rows as registered.",
        )
    return kept


def _leaves(rows: Iterable[bytes], salt: bytes, remembered: Mapping[int, bytes]) -> Iterable[bytes]:
    number = 0
    for row in rows:
        while number in remembered:
            yield leaf_hash(remembered[number])
            number += 1
        yield leaf_hash(_row_hash(row, salt, number))
        number += 1
    while number in remembered:
        yield leaf_hash(remembered[number])
        number += 1


def _row_hash(row: bytes, salt: bytes, number: int) -> bytes:
    row_salt = hmac.digest(salt, b"row\x00" + number.to_bytes(8, "big"), "sha256")
    return hashlib.sha256(row_salt + row).digest()


def _require_salt(salt: bytes) -> None:
    if len(salt) < _MIN_SALT:
        raise InvalidInput(
            f"a salt of {len(salt)} bytes",
            where="fingerprint",
            remedy=f"Use at least {_MIN_SALT} random bytes.",
        )


def _hash_of(text: str) -> bytes:
    digits = text.removeprefix(_PREFIX)
    if len(text) != _DIGEST_LENGTH or any(c not in "0123456789abcdef" for c in digits):
        raise InvalidInput("a tombstone is not sha256: and 64 hex digits", where="tombstones")
    return bytes.fromhex(digits)

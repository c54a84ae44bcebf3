"""Rows that must be able to go: wrapped data keys, bucket versions, legal holds.

They are written only in a transaction that claimed the head, so an erasure and an append never
interleave. What is in them opens nothing without the vault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from answerable.audit.errors import Unavailable
from answerable.audit.records import LegalHold
from answerable.audit.store.bulk import insert_rows
from answerable.audit.store.raw_rows import raw_key_rows
from answerable.audit.store.tables import Row, hold, key_bucket, subject_alias, subject_key

__all__ = [
    "AliasRow",
    "KeyRow",
    "advance_bucket",
    "aliases_by_lookup",
    "aliases_by_ref",
    "all_holds",
    "all_refs",
    "bucket_versions",
    "delete_aliases",
    "delete_hold",
    "delete_key",
    "holds_of",
    "insert_alias",
    "insert_hold",
    "insert_keys",
    "key_table_rows",
    "keys_by_lookup",
    "keys_by_ref",
    "keys_in_bucket",
    "rewrap_keys",
]

_CHUNK = 500
_KEY_COLUMNS = (
    subject_key.c.ref,
    subject_key.c.lookup,
    subject_key.c.bucket,
    subject_key.c.version,
    subject_key.c.wrapped,
    subject_key.c.sealed,
)


class KeyRow(NamedTuple):
    """A holder's wrapped data key; `sealed` is an actor's name under that key."""

    ref: str
    lookup: bytes
    bucket: int
    version: int
    wrapped: bytes
    sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class AliasRow:
    """A further look-up of a holder, with a seal under the holder's own data key."""

    lookup: bytes
    ref: str
    mac: bytes


def keys_by_lookup(connection: Connection, lookups: Iterable[bytes]) -> list[KeyRow]:
    """Return the key rows found by keyed lookup, their own or a further one of the holder."""
    wanted = list(lookups)
    found: dict[str, KeyRow] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = raw_key_rows(connection, wanted[start : start + _CHUNK])
        found |= {row[0]: KeyRow(*row) for row in rows}
    return list(found.values())


def keys_by_ref(connection: Connection, refs: Iterable[str]) -> list[KeyRow]:
    """Return the key rows of holders."""
    wanted = list(refs)
    return [
        row
        for start in range(0, len(wanted), _CHUNK)
        for row in _rows(connection, subject_key.c.ref.in_(wanted[start : start + _CHUNK]))
    ]


def keys_in_bucket(connection: Connection, bucket: int) -> list[KeyRow]:
    """Return all key rows of a bucket."""
    return _rows(connection, subject_key.c.bucket == bucket)


def all_refs(connection: Connection) -> set[str]:
    """Return the references of all holders whose key row is there."""
    return set(connection.execute(select(subject_key.c.ref)).scalars())


def aliases_by_lookup(connection: Connection, lookups: Iterable[bytes]) -> list[AliasRow]:
    """Return the further look-ups found by keyed lookup; unchecked."""
    wanted = list(lookups)
    return [
        row
        for start in range(0, len(wanted), _CHUNK)
        for row in _aliases(connection, subject_alias.c.lookup.in_(wanted[start : start + _CHUNK]))
    ]


def aliases_by_ref(connection: Connection) -> dict[str, int]:
    """Return how many further look-ups each holder has."""
    query = select(subject_alias.c.ref, func.count()).group_by(subject_alias.c.ref)
    return dict(connection.execute(query).all())


def insert_alias(connection: Connection, row: AliasRow) -> None:
    """Store a further look-up of a holder."""
    values = {"lookup": row.lookup, "ref": row.ref, "mac": row.mac}
    connection.execute(insert(subject_alias), [values])


def delete_aliases(connection: Connection, ref: str) -> None:
    """Delete all further look-ups of a holder."""
    connection.execute(delete(subject_alias).where(subject_alias.c.ref == ref))


def insert_keys(connection: Connection, rows: Sequence[KeyRow], buckets: Mapping[int, int]) -> None:
    """Store the key rows of new holders, and the versions of new buckets.

    Raises
    ------
    Unavailable
        If the database silently stored fewer rows than it was given.
    """
    for table, held in key_table_rows(rows, buckets).items():
        insert_rows(connection, table, held)


def key_table_rows(rows: Sequence[KeyRow], buckets: Mapping[int, int]) -> dict[Table, list[Row]]:
    """Return the rows of new holders and buckets, by table."""
    return {
        subject_key: [
            (row.ref, row.lookup, row.bucket, row.version, row.wrapped, row.sealed) for row in rows
        ],
        key_bucket: list(buckets.items()),
    }


def delete_key(connection: Connection, ref: str) -> None:
    """Delete a holder's key row.

    Raises
    ------
    Unavailable
        If there was none, or the database kept it.
    """
    if connection.execute(delete(subject_key).where(subject_key.c.ref == ref)).rowcount != 1:
        raise Unavailable("the key row was not deleted", where=f"data key of {ref}")


def rewrap_keys(connection: Connection, rows: Sequence[KeyRow]) -> None:
    """Replace the wrapping of key rows.

    Raises
    ------
    Unavailable
        If the database changed fewer rows than it was given.
    """
    if not rows:
        return
    statement = (
        update(subject_key)
        .where(subject_key.c.ref == bindparam("of"))
        .values(version=bindparam("to"), wrapped=bindparam("under"))
    )
    changed = connection.execute(
        statement, [{"of": row.ref, "to": row.version, "under": row.wrapped} for row in rows]
    )
    if changed.rowcount != len(rows):
        raise Unavailable(
            "not every key of the bucket was wrapped anew", where=f"bucket {rows[0].bucket}"
        )


def bucket_versions(connection: Connection, buckets: Iterable[int] | None = None) -> dict[int, int]:
    """Return the version in force of buckets (of all without an argument)."""
    query = select(key_bucket.c.bucket, key_bucket.c.version)
    if buckets is not None:
        query = query.where(key_bucket.c.bucket.in_(list(buckets)))
    return dict(connection.execute(query).all())


def advance_bucket(connection: Connection, bucket: int, old: int, new: int) -> None:
    """Move a bucket to a new version of its key.

    Raises
    ------
    Unavailable
        If it is not at the old version.
    """
    moved = connection.execute(
        update(key_bucket)
        .where(key_bucket.c.bucket == bucket, key_bucket.c.version == old)
        .values(version=new)
    )
    if moved.rowcount != 1:
        raise Unavailable(
            "the bucket's version changed underneath", where=f"bucket {bucket}", remedy="Try again."
        )


def insert_hold(connection: Connection, placed: LegalHold) -> None:
    """Record a hold."""
    connection.execute(
        insert(hold),
        [
            {
                "ref": placed.subject,
                "ground": placed.ground,
                "reference": placed.reference,
                "until": placed.until,
            }
        ],
    )


def delete_hold(connection: Connection, lifted: LegalHold) -> bool:
    """Remove a hold; return whether it was there."""
    removed = connection.execute(
        delete(hold).where(
            hold.c.ref == lifted.subject,
            hold.c.ground == lifted.ground,
            hold.c.reference == lifted.reference,
        )
    )
    return removed.rowcount == 1


def holds_of(connection: Connection, ref: str) -> list[LegalHold]:
    """Return all holds recorded for a holder, expired ones too."""
    query = select(hold.c.ground, hold.c.reference, hold.c.until).where(hold.c.ref == ref)
    return [
        LegalHold(subject=ref, ground=ground, reference=reference, until=until)
        for ground, reference, until in connection.execute(
            query.order_by(hold.c.ground, hold.c.reference)
        )
    ]


def all_holds(connection: Connection) -> dict[tuple[str, str, str], int | None]:
    """Return the end of every recorded hold by holder, ground and reference."""
    query = select(hold.c.ref, hold.c.ground, hold.c.reference, hold.c.until)
    return {(ref, ground, named): until for ref, ground, named, until in connection.execute(query)}


def _rows(connection: Connection, condition: ColumnElement[bool]) -> list[KeyRow]:
    query = select(*_KEY_COLUMNS).where(condition)
    return [KeyRow(*row) for row in connection.execute(query.order_by(subject_key.c.ref))]


def _aliases(connection: Connection, condition: ColumnElement[bool]) -> list[AliasRow]:
    query = select(subject_alias.c.lookup, subject_alias.c.ref, subject_alias.c.mac)
    return [
        AliasRow(bytes(at), ref, bytes(mac))
        for at, ref, mac in connection.execute(query.where(condition))
    ]

"""Erasing: the holder's key row goes, and with it every older copy of that row.

Deleting a row is not enough: its bytes stay in dead pages, in the write-ahead log and in
backups. They are worthless only once the bucket key that wrapped them is destroyed. So:

1. a new bucket key is written to the vault and waited for (under the claimed head);
2. in the same transaction as the erasure's entry, the holder's row is deleted, every other row
   of the bucket is wrapped under the new key, and the bucket moves to the new version;
3. after the commit, every older version of the bucket's key is destroyed.

Killed before the commit, nothing has happened: the unused key stays in the vault, its version is
never used again, and the next rotation of the bucket destroys it. Killed after the commit, step 3
is finished when the log is next opened. A version at or above the one in the database is never
destroyed, so opening an old copy of the database destroys nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from answerable.audit.keys.derive import (
    KEY_SIZE,
    NONCE_SIZE,
    KeyAddress,
    unwrap_data_key,
    wrap_data_key,
)
from answerable.audit.keys.vault import Entropy, KeyVault, new_bucket_key
from answerable.audit.store.database import Connection
from answerable.audit.store.head_rows import bump_key_epoch
from answerable.audit.store.key_rows import (
    KeyRow,
    advance_bucket,
    bucket_versions,
    delete_aliases,
    delete_key,
    keys_in_bucket,
    rewrap_keys,
)

__all__ = [
    "ErasureStep",
    "Reached",
    "destroy_older",
    "finish_rotations",
    "rewrap_bucket",
    "rotate_out",
]


class ErasureStep(StrEnum):
    """The points between the steps of an erasure, where a crash can fall."""

    KEY_ADDED = "key-added"
    ROWS_WRAPPED = "rows-wrapped"
    COMMITTED = "committed"
    DESTROYED = "destroyed"


Reached = Callable[[ErasureStep], None]
"""Told of each step when it is done; tests end the process there."""


def rotate_out(
    connection: Connection,
    erased: KeyRow,
    *,
    vault: KeyVault,
    origin: str,
    entropy: Entropy,
    reached: Reached,
) -> int:
    """Delete one holder's key row and move the others of its bucket to a new bucket key.

    Parameters
    ----------
    connection : Connection
        A transaction that claimed the head.
    erased : KeyRow
        The row to delete.
    vault : KeyVault
        Gets the new bucket key.
    origin : str
        The log.
    entropy : Callable[[int], bytes]
        Gives the key and nonces.
    reached : Callable[[ErasureStep], None]
        Told of the steps.

    Returns
    -------
    int
        The bucket's new version.

    Raises
    ------
    NotFound
        If the vault lacks the bucket's current key.
    RecordTampered
        If a row of the bucket was altered or swapped; nothing is erased then.
    """
    delete_aliases(connection, erased.ref)
    delete_key(connection, erased.ref)
    return rewrap_bucket(
        connection, erased.bucket, vault=vault, origin=origin, entropy=entropy, reached=reached
    )


def rewrap_bucket(
    connection: Connection,
    bucket: int,
    *,
    vault: KeyVault,
    origin: str,
    entropy: Entropy,
    reached: Reached,
) -> int:
    """Move all keys of a bucket to a new bucket key.

    Parameters
    ----------
    connection : Connection
        A transaction that claimed the head.
    bucket : int
        0 to 4,095.
    vault, origin, entropy, reached
        As for :func:`rotate_out`.

    Returns
    -------
    int
        The bucket's new version; 0 when it was never used.

    Raises
    ------
    NotFound
        If the vault lacks the bucket's current key.
    RecordTampered
        If a row of the bucket was altered or swapped; nothing is changed then.
    """
    old = bucket_versions(connection, (bucket,)).get(bucket)
    if old is None:
        return 0
    new_key = entropy(KEY_SIZE)
    new = new_bucket_key(vault, bucket, old + 1, new_key)
    reached(ErasureStep.KEY_ADDED)
    rewrapped = []
    for row in keys_in_bucket(connection, bucket):
        old_key = vault.bucket_key(bucket, row.version)
        data_key = unwrap_data_key(old_key, row.wrapped, _address(origin, row, row.version))
        wrapped = wrap_data_key(new_key, data_key, _address(origin, row, new), entropy(NONCE_SIZE))
        rewrapped.append(row._replace(version=new, wrapped=wrapped))
    rewrap_keys(connection, rewrapped)
    bump_key_epoch(connection)
    advance_bucket(connection, bucket, old, new)
    reached(ErasureStep.ROWS_WRAPPED)
    return new


def destroy_older(vault: KeyVault, bucket: int, version: int) -> None:
    """Destroy every version of a bucket's key below the one in force."""
    for older in vault.bucket_versions().get(bucket, ()):
        if older < version:
            vault.destroy_bucket_key(bucket, older)


def finish_rotations(connection: Connection, vault: KeyVault) -> int:
    """Destroy bucket keys that committed erasures left behind.

    Returns
    -------
    int
        How many buckets were finished.
    """
    finished = 0
    in_force = bucket_versions(connection)
    for bucket, held in vault.bucket_versions().items():
        version = in_force.get(bucket, 0)
        # A vault that lacks the version in force is of another time: leave it alone.
        if version in held and held[0] < version:
            destroy_older(vault, bucket, version)
            finished += 1
    return finished


def _address(origin: str, row: KeyRow, version: int) -> KeyAddress:
    return KeyAddress(origin, row.ref, row.lookup, row.bucket, version)

"""The vault: secrets that must not lie in the database or its backups.

It holds the pepper, the log's signing keys, one key per bucket and version, and one key per month
for group-cell codes. One vault belongs to one log. Three promises, tested on every
implementation: what `add_*` returned from is durable; nothing is ever overwritten (`Conflict`);
what `destroy_*` returned from cannot be read back through the vault.
"""

from __future__ import annotations

from typing import Protocol, Self

from answerable.audit.errors import Conflict
from answerable.audit.keys.at_rest import Plain
from answerable.audit.keys.derive import KEY_SIZE, Entropy
from answerable.audit.keys.file_vault import FileVault
from answerable.audit.keys.secrets import MemorySecrets
from answerable.audit.keys.stored_vault import PEPPER, StoredVault

__all__ = ["Entropy", "FileVault", "KeyVault", "MemoryVault", "new_bucket_key"]


class KeyVault(Protocol):
    """Where secrets are kept outside the database."""

    def pepper(self) -> bytes:
        """Return the secret that keys lookups and references, 32 bytes; it never changes."""
        ...

    def signing_key(self, origin: str, number: int = 1) -> bytes:
        """Return the seed of one of the Ed25519 keys that sign the log's checkpoints, 32 bytes."""
        ...

    def add_signing_key(self, origin: str, seed: bytes, number: int = 1) -> None:
        """Keep one of the log's signing keys; durable when this returns."""
        ...

    def signing_numbers(self, origin: str) -> tuple[int, ...]:
        """Return which of the log's signing keys are held, ascending."""
        ...

    def destroy_signing_key(self, origin: str, number: int) -> None:
        """Destroy one of the log's signing keys; no error when it is gone already."""
        ...

    def bucket_key(self, bucket: int, version: int) -> bytes:
        """Return one version of a bucket's key, 32 bytes; NotFound when it was destroyed."""
        ...

    def first_bucket_key(self, bucket: int) -> bytes | None:
        """Return version 1 of a bucket's key if the vault holds it (prepared ones too)."""
        ...

    def add_bucket_key(self, bucket: int, version: int, key: bytes) -> None:
        """Keep a new version of a bucket's key; durable when this returns."""
        ...

    def destroy_bucket_key(self, bucket: int, version: int) -> None:
        """Destroy one version of a bucket's key; no error when it is gone already."""
        ...

    def bucket_versions(self) -> dict[int, tuple[int, ...]]:
        """Return the versions held of each bucket, ascending; prepared ones too."""
        ...

    def period_key(self, period: str) -> bytes:
        """Return the key of one month's group-cell codes, 32 bytes."""
        ...

    def add_period_key(self, period: str, key: bytes) -> None:
        """Keep the key of one month's group-cell codes."""
        ...


class MemoryVault(StoredVault):
    """A vault that ends with its process: for notebooks and tests."""

    def __init__(self, pepper: bytes) -> None:
        store = MemorySecrets()
        store.add(PEPPER, pepper)
        super().__init__(store, Plain(store.where))

    @classmethod
    def create(cls, *, entropy: Entropy) -> Self:
        """Return an empty vault with a fresh pepper."""
        return cls(entropy(KEY_SIZE))


def new_bucket_key(vault: KeyVault, bucket: int, first: int, key: bytes) -> int:
    """Put a key into the vault under the first free version from `first`; return the version.

    Of a bucket that was never used the vault's prepared first key is taken. A version left behind
    by a transaction that never committed is not used again: rows wrapped under it may lie in the
    database's dead pages.

    Returns
    -------
    int
        At least `first`.
    """
    if first == 1 and vault.first_bucket_key(bucket) is not None:
        return first
    version = first
    while True:
        try:
            vault.add_bucket_key(bucket, version, key)
        except Conflict:
            version += 1
        else:
            return version

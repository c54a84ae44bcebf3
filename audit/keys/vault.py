"""The vault: secrets that must not lie in the database or its backups.

It holds the pepper, the log's signing key, one key per bucket and version, and one key per month
for group-cell codes. One vault belongs to one log. Three promises, tested on every
implementation: what `add_*` returned from is durable; nothing is ever overwritten (`Conflict`);
what `destroy_bucket_key` returned from cannot be read back through the vault.
"""

from __future__ import annotations

from typing import Protocol, Self

from answerable.audit.keys.derive import KEY_SIZE, Entropy
from answerable.audit.keys.file_vault import (
    PEPPER,
    FileVault,
    missing_key,
    signing_name,
    taken_key,
    versions_by_bucket,
)

__all__ = ["Entropy", "FileVault", "KeyVault", "MemoryVault"]


class KeyVault(Protocol):
    """Where secrets are kept outside the database."""

    def pepper(self) -> bytes:
        """Return the secret that keys lookups and references, 32 bytes; it never changes."""
        ...

    def signing_key(self, origin: str) -> bytes:
        """Return the seed of the Ed25519 key that signs the log's checkpoints, 32 bytes."""
        ...

    def add_signing_key(self, origin: str, seed: bytes) -> None:
        """Keep the log's signing key."""
        ...

    def bucket_key(self, bucket: int, version: int) -> bytes:
        """Return one version of a bucket's key, 32 bytes; NotFound when it was destroyed."""
        ...

    def add_bucket_key(self, bucket: int, version: int, key: bytes) -> None:
        """Keep a new version of a bucket's key; durable when this returns."""
        ...

    def destroy_bucket_key(self, bucket: int, version: int) -> None:
        """Destroy one version of a bucket's key; no error when it is gone already."""
        ...

    def bucket_versions(self) -> dict[int, tuple[int, ...]]:
        """Return the versions held of each bucket, ascending."""
        ...

    def period_key(self, period: str) -> bytes:
        """Return the key of one month's group-cell codes, 32 bytes."""
        ...

    def add_period_key(self, period: str, key: bytes) -> None:
        """Keep the key of one month's group-cell codes."""
        ...


class MemoryVault:
    """A vault that ends with its process: for notebooks and tests."""

    def __init__(self, pepper: bytes) -> None:
        self._named: dict[str, bytes] = {PEPPER: pepper}
        self._buckets: dict[tuple[int, int], bytes] = {}

    @classmethod
    def create(cls, *, entropy: Entropy) -> Self:
        """Return an empty vault with a fresh pepper."""
        return cls(entropy(KEY_SIZE))

    def pepper(self) -> bytes:
        """Return the secret that keys lookups and references, 32 bytes."""
        return self._named[PEPPER]

    def signing_key(self, origin: str) -> bytes:
        """Return the seed of the log's signing key, 32 bytes."""
        return self._find(signing_name(origin), "signing key of this log")

    def add_signing_key(self, origin: str, seed: bytes) -> None:
        """Keep the log's signing key.

        Raises
        ------
        Conflict
            If the vault belongs to a log already.
        """
        if any(name.startswith("signing-") for name in self._named):
            raise taken_key("signing key", "memory")
        self._named[signing_name(origin)] = seed

    def bucket_key(self, bucket: int, version: int) -> bytes:
        """Return one version of a bucket's key.

        Returns
        -------
        bytes
            32 bytes.

        Raises
        ------
        NotFound
            If it was never made, or was destroyed.
        """
        key = self._buckets.get((bucket, version))
        if key is None:
            raise missing_key(f"key {version} of bucket {bucket}", "memory")
        return key

    def add_bucket_key(self, bucket: int, version: int, key: bytes) -> None:
        """Keep a new version of a bucket's key.

        Raises
        ------
        Conflict
            If that version exists.
        """
        if (bucket, version) in self._buckets:
            raise taken_key(f"key {version} of bucket {bucket}", "memory")
        self._buckets[bucket, version] = key

    def destroy_bucket_key(self, bucket: int, version: int) -> None:
        """Forget one version of a bucket's key."""
        self._buckets.pop((bucket, version), None)

    def bucket_versions(self) -> dict[int, tuple[int, ...]]:
        """Return the versions held of each bucket, ascending."""
        return versions_by_bucket(self._buckets)

    def period_key(self, period: str) -> bytes:
        """Return the key of one month's group-cell codes."""
        return self._find(f"period-{period}", f"key of the month {period}")

    def add_period_key(self, period: str, key: bytes) -> None:
        """Keep the key of one month's group-cell codes.

        Raises
        ------
        Conflict
            If that month has one.
        """
        if f"period-{period}" in self._named:
            raise taken_key(f"key of the month {period}", "memory")
        self._named[f"period-{period}"] = key

    def _find(self, name: str, what: str) -> bytes:
        key = self._named.get(name)
        if key is None:
            raise missing_key(what, "memory")
        return key

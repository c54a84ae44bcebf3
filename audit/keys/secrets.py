"""Where a vault's secrets lie: names and bytes, added once, destroyed for good.

A store knows nothing of what the secrets are for, nor whether their bytes are sealed; `vault`
says the first, `at_rest` the second. Three promises, tested on every store: what `add` returned
from is durable; nothing is overwritten but by `replace_all`, under one turn; what `destroy`
returned from cannot be read back through the store.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol

from answerable.audit.keys.derive import BUCKETS
from answerable.audit.keys.key_files import taken_key

__all__ = [
    "BUCKET_PREFIX",
    "MemorySecrets",
    "SecretReader",
    "SecretStore",
    "SecretTurn",
    "bucket_name",
]

BUCKET_PREFIX: Final = "buckets/"


def bucket_name(bucket: int, version: int) -> str:
    """Return the name of one version of a bucket's key.

    Returns
    -------
    str
        For example ``buckets/0ff.2``.
    """
    return f"{BUCKET_PREFIX}{bucket:03x}.{version}"


class SecretReader(Protocol):
    """What can be read of a store."""

    def read(self, name: str) -> bytes | None:
        """Return a secret's bytes; None when it was never there, or was destroyed."""
        ...

    def names(self, prefix: str) -> list[str]:
        """Return the names held that begin with a prefix."""
        ...


class SecretTurn(SecretReader, Protocol):
    """One change of a store: no other process changes it meanwhile."""

    def add(self, name: str, data: bytes) -> None:
        """Keep a secret; Conflict when the name is taken. Durable when the turn is over."""
        ...

    def prepare(self, first: Sequence[bytes]) -> None:
        """Keep version 1 of every bucket's key at once; they have one length."""
        ...

    def replace_all(self, secrets: Mapping[str, bytes]) -> None:
        """Put other bytes of the same length in the place of secrets."""
        ...

    def destroy(self, name: str) -> None:
        """Destroy a secret; no error when it is gone already."""
        ...


class SecretStore(SecretReader, Protocol):
    """A place for secrets outside the log's database."""

    @property
    def where(self) -> str:
        """What errors call this store; holds no credentials."""
        ...

    def turn(self) -> AbstractContextManager[SecretTurn]:
        """Begin a change."""
        ...


class MemorySecrets:
    """Secrets that end with their process."""

    where = "memory"

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}
        self._lock = threading.RLock()

    @contextmanager
    def turn(self) -> Iterator[SecretTurn]:
        """Begin a change; other threads wait.

        Yields
        ------
        SecretTurn
            This store.
        """
        with self._lock:
            yield self

    def read(self, name: str) -> bytes | None:
        """Return a secret's bytes, None when it is not there."""
        return self._held.get(name)

    def names(self, prefix: str) -> list[str]:
        """Return the names held that begin with a prefix."""
        with self._lock:
            return [name for name in self._held if name.startswith(prefix)]

    def add(self, name: str, data: bytes) -> None:
        """Keep a secret.

        Raises
        ------
        Conflict
            If the name is taken.
        """
        if name in self._held:
            raise taken_key(f"secret {name}", self.where)
        self._held[name] = data

    def prepare(self, first: Sequence[bytes]) -> None:
        """Keep version 1 of every bucket's key."""
        for bucket, data in zip(range(BUCKETS), first, strict=True):
            self.add(bucket_name(bucket, 1), data)

    def replace_all(self, secrets: Mapping[str, bytes]) -> None:
        """Put other bytes in the place of secrets."""
        self._held.update(secrets)

    def destroy(self, name: str) -> None:
        """Forget a secret."""
        self._held.pop(name, None)

"""A vault over any store of secrets: what each secret is called and what it is for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from answerable.audit.keys.at_rest import AtRest, find_secret
from answerable.audit.keys.key_files import taken_key
from answerable.audit.keys.secrets import BUCKET_PREFIX, SecretStore, bucket_name

__all__ = ["PEPPER", "StoredVault", "signing_name", "versions_by_bucket"]

PEPPER: Final = "pepper"
_SIGNING: Final = "signing-"
_BUCKET_KEY: Final = re.compile(rf"{BUCKET_PREFIX}([0-9a-f]{{3}})\.([1-9][0-9]{{0,9}})")


class StoredVault:
    """A vault over a store of secrets.

    Parameters
    ----------
    store : SecretStore
        Where they lie.
    at_rest : AtRest
        In which form.

    Raises
    ------
    NotFound
        If the store holds no vault.
    Unavailable
        If it cannot be read or opened.
    """

    def __init__(self, store: SecretStore, at_rest: AtRest) -> None:
        self._store = store
        self._at_rest = at_rest
        self._newest: dict[int, tuple[int, bytes]] = {}
        self._pepper = self._find(PEPPER, "pepper")

    def pepper(self) -> bytes:
        """Return the secret that keys lookups and references, 32 bytes."""
        return self._pepper

    def signing_key(self, origin: str, number: int = 1) -> bytes:
        """Return the seed of one of the log's signing keys, 32 bytes.

        Parameters
        ----------
        origin : str
            The log.
        number : int
            1 for the key the log was made with, then one more for each rotation.

        Returns
        -------
        bytes
            32 bytes.
        """
        return self._find(signing_name(origin, number), "signing key of this log")

    def add_signing_key(self, origin: str, seed: bytes, number: int = 1) -> None:
        """Keep one of the log's signing keys.

        Parameters
        ----------
        origin : str
            The log.
        seed : bytes
            32 bytes.
        number : int
            1 for a log that is being made.

        Raises
        ------
        Conflict
            If the vault belongs to a log already, or holds that key.
        """
        with self._store.turn() as turn:
            own = signing_name(origin, 1)
            foreign = [name for name in turn.names(_SIGNING) if not name.startswith(own)]
            name = signing_name(origin, number)
            if foreign or turn.read(name) is not None:
                raise taken_key("signing key", self._store.where)
            turn.add(name, self._at_rest.close(turn, name, seed))

    def signing_numbers(self, origin: str) -> tuple[int, ...]:
        """Return which of the log's signing keys are held, ascending.

        Returns
        -------
        tuple of int
            Empty when the vault belongs to no log, or to another.
        """
        own = signing_name(origin, 1)
        named = (name.removeprefix(own).removeprefix(".") for name in self._store.names(own))
        return tuple(sorted(int(number or "1") for number in named))

    def destroy_signing_key(self, origin: str, number: int) -> None:
        """Destroy one of the log's signing keys; no error when it is gone already."""
        with self._store.turn() as turn:
            turn.destroy(signing_name(origin, number))

    def bucket_key(self, bucket: int, version: int) -> bytes:
        """Return one version of a bucket's key, 32 bytes.

        Only the newest version asked for stays in memory, so that a key destroyed by another
        process is forgotten here as soon as its successor is used.

        Returns
        -------
        bytes
            32 bytes.
        """
        known = self._newest.get(bucket)
        if known is not None and known[0] == version:
            return known[1]
        key = self._find(bucket_name(bucket, version), f"key {version} of bucket {bucket}")
        if known is None or known[0] < version:
            self._newest[bucket] = (version, key)
        return key

    def first_bucket_key(self, bucket: int) -> bytes | None:
        """Return version 1 of a bucket's key if it is there, prepared or used; else None."""
        name = bucket_name(bucket, 1)
        if self._store.read(name) is None:
            return None
        return self.bucket_key(bucket, 1)

    def add_bucket_key(self, bucket: int, version: int, key: bytes) -> None:
        """Keep a new version of a bucket's key; durable when this returns.

        Raises
        ------
        Conflict
            If that version exists.
        """
        name = bucket_name(bucket, version)
        with self._store.turn() as turn:
            if turn.read(name) is not None:
                raise taken_key(f"key {version} of bucket {bucket}", self._store.where)
            turn.add(name, self._at_rest.close(turn, name, key))

    def destroy_bucket_key(self, bucket: int, version: int) -> None:
        """Destroy one version of a bucket's key; no error when it is gone already."""
        if self._newest.get(bucket, (0, b""))[0] == version:
            del self._newest[bucket]
        with self._store.turn() as turn:
            turn.destroy(bucket_name(bucket, version))

    def bucket_versions(self) -> dict[int, tuple[int, ...]]:
        """Return the versions held of each bucket, ascending.

        Returns
        -------
        dict
            Of buckets that have any, prepared ones too.
        """
        names = self._store.names(BUCKET_PREFIX)
        found = [match for name in names if (match := _BUCKET_KEY.fullmatch(name))]
        return versions_by_bucket((int(item[1], 16), int(item[2])) for item in found)

    def period_key(self, period: str) -> bytes:
        """Return the key of one month's group-cell codes, 32 bytes."""
        return self._find(f"period-{period}", f"key of the month {period}")

    def add_period_key(self, period: str, key: bytes) -> None:
        """Keep the key of one month's group-cell codes.

        Raises
        ------
        Conflict
            If that month has one.
        """
        name = f"period-{period}"
        with self._store.turn() as turn:
            if turn.read(name) is not None:
                raise taken_key(f"key of the month {period}", self._store.where)
            turn.add(name, self._at_rest.close(turn, name, key))

    def _find(self, name: str, what: str) -> bytes:
        return find_secret(self._store, self._at_rest, name, what)


def signing_name(origin: str, number: int = 1) -> str:
    """Return the name one of a log's signing keys is kept under.

    Returns
    -------
    str
        The first key's name has no number.
    """
    name = f"{_SIGNING}{hashlib.sha256(origin.encode()).hexdigest()[:32]}"
    return name if number == 1 else f"{name}.{number}"


def versions_by_bucket(keys: Iterable[tuple[int, int]]) -> dict[int, tuple[int, ...]]:
    """Return ascending versions by bucket."""
    versions: dict[int, tuple[int, ...]] = {}
    for bucket, version in sorted(keys):
        versions[bucket] = (*versions.get(bucket, ()), version)
    return versions

"""Secrets in a second database, shared by several workers or pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self

from answerable.audit.keys.derive import BUCKETS
from answerable.audit.keys.key_files import taken_key
from answerable.audit.keys.secrets import SecretTurn, bucket_name
from answerable.audit.store import vault_rows
from answerable.audit.store.database import Connection, Database

__all__ = ["DatabaseSecrets"]


class DatabaseSecrets:
    """Secrets as rows of a database that holds no log.

    Parameters
    ----------
    database : Database
        With the tables of a key store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a key store.

        Parameters
        ----------
        url : str
            SQLAlchemy address.

        Returns
        -------
        DatabaseSecrets
            To be closed after use.

        Raises
        ------
        NotFound
            If there is no key store at this address.
        Unavailable
            If it cannot be read, or is of another version.
        """
        database = Database(url, must_exist=True)
        try:
            vault_rows.require_tables(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    @classmethod
    def create(cls, url: str) -> Self:
        """Make the tables of a key store, or take those of an earlier try.

        Returns
        -------
        DatabaseSecrets
            To be closed after use.

        Raises
        ------
        Conflict
            If the database holds a log.
        Unavailable
            If it cannot be written.
        """
        database = Database(url, must_exist=False)
        try:
            vault_rows.make_tables(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    @property
    def where(self) -> str:
        """The database's address without credentials."""
        return self._database.where

    @contextmanager
    def turn(self) -> Iterator[SecretTurn]:
        """Begin a change: one transaction; other processes wait.

        Yields
        ------
        SecretTurn
            Committed when the change is over, nothing of it when it fails.
        """
        with vault_rows.writing(self._database) as connection:
            vault_rows.claim(connection)
            yield _DatabaseTurn(connection, self.where)

    def read(self, name: str) -> bytes | None:
        """Return a secret's bytes, None when it is not there."""
        with vault_rows.reading(self._database) as connection:
            return vault_rows.read_secret(connection, name)

    def names(self, prefix: str) -> list[str]:
        """Return the names held that begin with a prefix."""
        with vault_rows.reading(self._database) as connection:
            return vault_rows.secret_names(connection, prefix)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()


class _DatabaseTurn:
    """One transaction on a key store."""

    def __init__(self, connection: Connection, where: str) -> None:
        self._connection = connection
        self._where = where

    def read(self, name: str) -> bytes | None:
        return vault_rows.read_secret(self._connection, name)

    def names(self, prefix: str) -> list[str]:
        return vault_rows.secret_names(self._connection, prefix)

    def add(self, name: str, data: bytes) -> None:
        if self.read(name) is not None:
            raise taken_key("key", self._where)
        vault_rows.insert_secrets(self._connection, {name: data})

    def prepare(self, first: Sequence[bytes]) -> None:
        names = (bucket_name(bucket, 1) for bucket in range(BUCKETS))
        vault_rows.insert_secrets(self._connection, dict(zip(names, first, strict=True)))

    def replace_all(self, secrets: Mapping[str, bytes]) -> None:
        vault_rows.update_secrets(self._connection, secrets)

    def destroy(self, name: str) -> None:
        vault_rows.delete_secret(self._connection, name)

"""A vault whose secrets lie sealed in their store, under keys that a service wraps.

Over a folder, or over a second database (:class:`DatabaseVault`) that several workers or pods
share. A copy of the store, its write-ahead log or its backups opens nothing without the service.
"""

from __future__ import annotations

from typing import Self

from answerable.audit.errors import Conflict
from answerable.audit.keys.at_rest import VaultKeys, rotate_vault_key
from answerable.audit.keys.database_secrets import DatabaseSecrets
from answerable.audit.keys.derive import BUCKETS, KEY_SIZE, Entropy
from answerable.audit.keys.kms import KeyManagementService
from answerable.audit.keys.secrets import SecretStore, bucket_name
from answerable.audit.keys.stored_vault import PEPPER, StoredVault

__all__ = ["DatabaseVault", "KmsVault"]


class KmsVault(StoredVault):
    """A vault over any store, sealed for a key management service.

    Parameters
    ----------
    store : SecretStore
        Where the sealed secrets lie.
    service : KeyManagementService
        Wraps the vault key.
    entropy : Callable[[int], bytes]
        Gives keys and nonces.

    Raises
    ------
    NotFound
        If the store holds no vault.
    Unavailable
        If it cannot be read, or the service is not the one it was made with.
    """

    def __init__(
        self, store: SecretStore, *, service: KeyManagementService, entropy: Entropy
    ) -> None:
        self._vault_keys = VaultKeys(service, entropy=entropy)
        super().__init__(store, self._vault_keys)

    @classmethod
    def fill(cls, store: SecretStore, *, service: KeyManagementService, entropy: Entropy) -> Self:
        """Make a vault in an empty store.

        Parameters
        ----------
        store : SecretStore
            Holds nothing yet.
        service : KeyManagementService
            Wraps the vault key.
        entropy : Callable[[int], bytes]
            Gives keys and nonces.

        Returns
        -------
        KmsVault
            Holding a fresh pepper and the first key of every bucket, all sealed.

        Raises
        ------
        Conflict
            If the store holds anything.
        Unavailable
            If the store or the service cannot be used.
        """
        keys = VaultKeys(service, entropy=entropy)
        with store.turn() as turn:
            if turn.names(""):
                raise Conflict(
                    "the key store is not empty",
                    where=store.where,
                    remedy="Open it instead, or name a new one.",
                )
            keys.add_version(turn)
            turn.add(PEPPER, keys.close(turn, PEPPER, entropy(KEY_SIZE)))
            names = (bucket_name(bucket, 1) for bucket in range(BUCKETS))
            turn.prepare([keys.close_under(1, turn, name, entropy(KEY_SIZE)) for name in names])
        return cls(store, service=service, entropy=entropy)

    def rotate_vault_key(self) -> bool:
        """Seal all secrets under a new vault key and destroy the older ones.

        Older copies of the store are then worth nothing, if the service could destroy the master
        key they were wrapped under. Killed at any point, it is finished by calling it again.

        Returns
        -------
        bool
            Whether the service destroyed its older master keys.

        Raises
        ------
        Unavailable
            If the store or the service cannot be used.
        """
        return rotate_vault_key(self._store, self._vault_keys)


class DatabaseVault(KmsVault):
    """A vault in a second database, for several workers or pods.

    Its tables lie in a schema of their own, under other credentials than the log's. They must
    never be in the log's database: whoever copies or restores that must not get the keys.

    Parameters
    ----------
    url : str
        SQLAlchemy address of the second database.
    service : KeyManagementService
        Wraps the vault key.
    entropy : Callable[[int], bytes]
        Gives keys and nonces.

    Raises
    ------
    NotFound
        If there is no key store at this address.
    Unavailable
        If it cannot be read, is of a newer schema, or the service is not its own.
    """

    def __init__(self, url: str, *, service: KeyManagementService, entropy: Entropy) -> None:
        self._secrets = DatabaseSecrets.open(url)
        super().__init__(self._secrets, service=service, entropy=entropy)

    @classmethod
    def create(cls, url: str, *, service: KeyManagementService, entropy: Entropy) -> Self:
        """Make a vault in a database that holds none.

        Parameters
        ----------
        url : str
            SQLAlchemy address; not the log's.
        service : KeyManagementService
            Wraps the vault key.
        entropy : Callable[[int], bytes]
            Gives keys and nonces.

        Returns
        -------
        DatabaseVault
            Holding a fresh pepper and the first key of every bucket, all sealed.

        Raises
        ------
        Conflict
            If the database holds a key store with a vault, or a log.
        Unavailable
            If it cannot be written, or the service cannot be used.
        """
        store = DatabaseSecrets.create(url)
        try:
            KmsVault.fill(store, service=service, entropy=entropy)
        finally:
            store.close()
        return cls(url, service=service, entropy=entropy)

    def close(self) -> None:
        """Give all connections back."""
        self._secrets.close()

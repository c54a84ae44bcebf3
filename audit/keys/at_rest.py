"""How a vault's secrets lie in their store: plain, or sealed under vault keys that a KMS wraps.

A *vault key* seals every secret of a vault; it lies beside them, wrapped by the key management
service. Each sealed secret names the version of its vault key and is bound to its own name, so
that secrets cannot be swapped::

    secret      version, 4 bytes || nonce, 12 || AES-256-GCM(vault key, secret, its name)
    vault key   what KeyManagementService.wrap gave, under the name vault-key-<version>

Whoever copies the store has nothing without the service. Destroying a secret still leaves its
sealed bytes in write-ahead logs, dead pages and old backups of the store. They end with
:func:`rotate_vault_key`: all that lives is sealed anew, then the old vault key and, if the
service can do it, the old master key are destroyed.
"""

from __future__ import annotations

from typing import Final, Protocol

from answerable.audit.errors import Unavailable
from answerable.audit.keys.derive import KEY_SIZE, NONCE_SIZE, Entropy, open_sealed, seal
from answerable.audit.keys.key_files import missing_key
from answerable.audit.keys.kms import DestroyingService, KeyManagementService
from answerable.audit.keys.secrets import SecretReader, SecretStore, SecretTurn

__all__ = ["AtRest", "Plain", "VaultKeyMissing", "VaultKeys", "rotate_vault_key"]

VAULT_KEY: Final = "vault-key-"
_VERSION_SIZE: Final = 4


class VaultKeyMissing(Unavailable):
    """A secret is sealed under a vault key that is gone: rotated meanwhile, or lost."""


class AtRest(Protocol):
    """The form of secrets in their store."""

    def close(self, store: SecretReader, name: str, key: bytes) -> bytes:
        """Return what is stored of a secret."""
        ...

    def open(self, store: SecretReader, name: str, data: bytes) -> bytes:
        """Return the secret, 32 bytes."""
        ...


class Plain:
    """Secrets as they are: the store's own protection is all there is."""

    def __init__(self, where: str) -> None:
        self._where = where

    def close(self, store: SecretReader, name: str, key: bytes) -> bytes:  # noqa: ARG002
        """Return the secret."""
        return key

    def open(self, store: SecretReader, name: str, data: bytes) -> bytes:
        """Return the secret.

        Returns
        -------
        bytes
            32 bytes.

        Raises
        ------
        Unavailable
            If it is damaged, or sealed for a key management service.
        """
        if len(data) != KEY_SIZE:
            sealed = bool(store.names(VAULT_KEY))
            raise Unavailable(
                "the vault is sealed" if sealed else "the key file is damaged",
                where=f"{self._where}/{name}",
                remedy="Open it with its key management service (ANSWERABLE_KMS_DIR)."
                if sealed
                else "Check the key directory, or restore it from its backup.",
            )
        return data


class VaultKeys:
    """Secrets sealed under vault keys that a key management service wraps.

    Parameters
    ----------
    service : KeyManagementService
        Wraps the vault keys.
    entropy : Callable[[int], bytes]
        Gives keys and nonces.
    """

    def __init__(self, service: KeyManagementService, *, entropy: Entropy) -> None:
        self.service = service
        self._entropy = entropy
        self._keys: dict[int, bytes] = {}

    def add_version(self, turn: SecretTurn) -> int:
        """Keep a new vault key; return its version."""
        version = max(self.versions(turn), default=0) + 1
        key = self._entropy(KEY_SIZE)
        turn.add(f"{VAULT_KEY}{version}", self.service.wrap(key, _context(version)))
        self._keys[version] = key
        return version

    def versions(self, store: SecretReader) -> list[int]:
        """Return the versions of the vault key that are held, ascending."""
        return sorted(int(name.removeprefix(VAULT_KEY)) for name in store.names(VAULT_KEY))

    def forget(self, version: int) -> None:
        """Keep a vault key in memory no longer."""
        self._keys.pop(version, None)

    def close(self, store: SecretReader, name: str, key: bytes) -> bytes:
        """Return a secret sealed under the newest vault key, 32 bytes longer.

        Returns
        -------
        bytes
            Version, nonce, ciphertext.

        Raises
        ------
        VaultKeyMissing
            If the vault holds no vault key.
        Unavailable
            If the service cannot unwrap it.
        """
        versions = self.versions(store)
        if not versions:
            raise VaultKeyMissing("the vault holds no vault key", where="key vault")
        return self.close_under(versions[-1], store, name, key)

    def close_under(self, version: int, store: SecretReader, name: str, key: bytes) -> bytes:
        """Return a secret sealed under one version of the vault key."""
        nonce = self._entropy(NONCE_SIZE)
        sealed = seal(self._key(store, version), key, address=_address(name), nonce=nonce)
        return version.to_bytes(_VERSION_SIZE, "big") + sealed

    def open(self, store: SecretReader, name: str, data: bytes) -> bytes:
        """Return a sealed secret.

        Returns
        -------
        bytes
            32 bytes.

        Raises
        ------
        VaultKeyMissing
            If the vault key was destroyed.
        Unavailable
            If the service cannot unwrap the vault key.
        RecordTampered
            If the sealed bytes were altered or moved.
        """
        key = self._key(store, version_of(data))
        return open_sealed(key, data[_VERSION_SIZE:], address=_address(name), where=f"key {name}")

    def _key(self, store: SecretReader, version: int) -> bytes:
        key = self._keys.get(version)
        if key is None:
            wrapped = store.read(f"{VAULT_KEY}{version}")
            if wrapped is None:
                raise VaultKeyMissing(
                    f"the vault lacks its vault key {version}",
                    where="key vault",
                    remedy="It is an older copy, or damaged: use the vault of its own time.",
                )
            key = self.service.unwrap(wrapped, _context(version))
            self._keys[version] = key
        return key


def version_of(data: bytes) -> int:
    """Return the version of the vault key that sealed these bytes."""
    return int.from_bytes(data[:_VERSION_SIZE], "big")


def rotate_vault_key(store: SecretStore, keys: VaultKeys) -> bool:
    """Seal every secret under a new vault key and destroy the older ones.

    Killed at any point, it is finished by calling it again: while two vault keys are held, the
    newer one is taken as the one to move to.

    Parameters
    ----------
    store : SecretStore
        The vault's store; no other process changes it meanwhile.
    keys : VaultKeys
        Of that vault.

    Returns
    -------
    bool
        Whether the service destroyed its older master keys, so that older copies of the store
        open with nothing that is left.

    Raises
    ------
    Unavailable
        If the store or the service cannot be used; call it again then.
    """
    service = keys.service
    destroys = isinstance(service, DestroyingService)
    with store.turn() as turn:
        if len(keys.versions(turn)) < 2:  # noqa: PLR2004  # the one in force and the one to come
            if isinstance(service, DestroyingService):
                service.advance()
            keys.add_version(turn)
    with store.turn() as turn:
        _reseal(turn, keys, keys.versions(turn)[-1])
        for version in keys.versions(turn)[:-1]:
            turn.destroy(f"{VAULT_KEY}{version}")
            keys.forget(version)
    if isinstance(service, DestroyingService):
        service.destroy_older()
    return destroys


def _reseal(turn: SecretTurn, keys: VaultKeys, newest: int) -> None:
    """Seal what is still under an older vault key under the newest."""
    moved: dict[str, bytes] = {}
    for name in turn.names(""):
        data = None if name.startswith(VAULT_KEY) else turn.read(name)
        if data is not None and version_of(data) < newest:
            secret = keys.open(turn, name, data)
            moved[name] = keys.close_under(newest, turn, name, secret)
    turn.replace_all(moved)


def _context(version: int) -> bytes:
    return f"answerable/vault-key1\0{version}".encode()


def _address(name: str) -> bytes:
    return f"answerable/secret1\0{name}".encode()


def find_secret(store: SecretStore, at_rest: AtRest, name: str, what: str) -> bytes:
    """Return a secret of a store.

    Returns
    -------
    bytes
        32 bytes.

    Raises
    ------
    NotFound
        If it was never there, or was destroyed.
    """
    data = store.read(name)
    if data is None:
        raise missing_key(what, store.where)
    try:
        return at_rest.open(store, name, data)
    except VaultKeyMissing:
        # Sealed anew between the two reads: once more, with what is there now.
        data = store.read(name)
        if data is None:
            raise missing_key(what, store.where) from None
        return at_rest.open(store, name, data)

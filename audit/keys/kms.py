"""A key management service: what wraps a vault's own keys, so that a copy of the vault is no key.

The service keeps its master keys to itself; we hand it 32 bytes and a context and get them back
wrapped. Amazon, Google, Azure or a hardware module can stand behind this protocol; none of their
libraries is imported here. Two services are at hand: :class:`FileKms` for single machines and
:class:`MemoryKms` for notebooks and tests.

A service that can also destroy old versions of its master key (:class:`DestroyingService`) lets
`answerable keys rotate-kek` end every older copy of a vault. One that cannot, or only after
days, leaves those copies readable for whoever may still call it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, Self, runtime_checkable

from answerable.audit.errors import NotFound, RecordTampered, Unavailable
from answerable.audit.keys.derive import KEY_SIZE, NONCE_SIZE, Entropy, open_sealed, seal
from answerable.audit.keys.folder import private_folder
from answerable.audit.keys.key_files import (
    destroy_file,
    read_private,
    require_private,
    sync_folder,
    write_private,
)

__all__ = ["DestroyingService", "FileKms", "KeyManagementService", "MemoryKms"]

_VERSION_SIZE: Final = 4
_MASTER: Final = "master."


class KeyManagementService(Protocol):
    """Wraps keys under a master key that never leaves it."""

    def wrap(self, plaintext: bytes, context: bytes) -> bytes:
        """Return a key wrapped under the newest master key, bound to a context."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Return what was wrapped in the same context; Unavailable when it cannot be."""
        ...


@runtime_checkable
class DestroyingService(KeyManagementService, Protocol):
    """A service whose master key has versions that can be destroyed."""

    def advance(self) -> None:
        """Make a new version of the master key; from now on it wraps."""
        ...

    def destroy_older(self) -> None:
        """Destroy every version but the newest; nothing they wrapped can be opened again."""
        ...


class MemoryKms:
    """A service that ends with its process."""

    def __init__(self, *, entropy: Entropy) -> None:
        self._entropy = entropy
        self._masters = {1: entropy(KEY_SIZE)}

    def wrap(self, plaintext: bytes, context: bytes) -> bytes:
        """Return a key wrapped under the newest master key."""
        version = max(self._masters)
        return _wrapped(version, self._masters[version], plaintext, context, self._entropy)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Return what was wrapped.

        Returns
        -------
        bytes
            The key.

        Raises
        ------
        Unavailable
            If its master key was destroyed or is another service's, or the context differs.
        """
        return _unwrapped(self._masters.get(_version_of(wrapped)), wrapped, context, "memory")

    def advance(self) -> None:
        """Make a new version of the master key."""
        self._masters[max(self._masters) + 1] = self._entropy(KEY_SIZE)

    def destroy_older(self) -> None:
        """Forget every version but the newest."""
        newest = max(self._masters)
        self._masters = {newest: self._masters[newest]}


class FileKms:
    """A service for single machines: master keys in a private folder.

    Keep the folder away from the vault it wraps, from the database and from the backups of both.

    Parameters
    ----------
    path : Path
        Folder made by :meth:`create`.
    entropy : Callable[[int], bytes]
        Gives keys and nonces.

    Raises
    ------
    NotFound
        If there is no master key in it.
    Unavailable
        If other users may read it.
    """

    def __init__(self, path: Path | str, *, entropy: Entropy) -> None:
        self._path = Path(path)
        self._entropy = entropy
        if not self._path.is_dir() or not self._versions():
            raise NotFound(
                "no master key here",
                where=str(self._path),
                remedy="Name the directory that was made with the vault (ANSWERABLE_KMS_DIR).",
            )
        require_private(self._path.stat(), self._path, "700")
        self._read(self._versions()[-1])

    @classmethod
    def create(cls, path: Path | str, *, entropy: Entropy) -> Self:
        """Make a service in a new or empty folder.

        Parameters
        ----------
        path : Path
            The folder; its parent must exist.
        entropy : Callable[[int], bytes]
            Gives keys and nonces.

        Returns
        -------
        FileKms
            With one master key.

        Raises
        ------
        Conflict
            If the folder holds anything.
        Unavailable
            If it cannot be made.
        """
        folder = private_folder(Path(path))
        write_private(folder / f"{_MASTER}1", entropy(KEY_SIZE))
        sync_folder(folder.parent)
        return cls(folder, entropy=entropy)

    def wrap(self, plaintext: bytes, context: bytes) -> bytes:
        """Return a key wrapped under the newest master key."""
        version = self._versions()[-1]
        master = self._read(version)
        if master is None:
            raise _unopened(str(self._path))
        return _wrapped(version, master, plaintext, context, self._entropy)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Return what was wrapped.

        Returns
        -------
        bytes
            The key.

        Raises
        ------
        Unavailable
            If its master key was destroyed or is another service's, or the context differs.
        """
        return _unwrapped(self._read(_version_of(wrapped)), wrapped, context, str(self._path))

    def advance(self) -> None:
        """Write a new version of the master key and wait until it is on the disk."""
        version = self._versions()[-1] + 1
        write_private(self._path / f"{_MASTER}{version}", self._entropy(KEY_SIZE))

    def destroy_older(self) -> None:
        """Overwrite and remove every version but the newest."""
        for version in self._versions()[:-1]:
            destroy_file(self._path / f"{_MASTER}{version}")

    def _versions(self) -> Sequence[int]:
        found = (path.name.removeprefix(_MASTER) for path in self._path.glob(f"{_MASTER}*"))
        return sorted(int(name) for name in found if name.isascii() and name.isdigit())

    def _read(self, version: int) -> bytes | None:
        path = self._path / f"{_MASTER}{version}"
        data = read_private(path, KEY_SIZE + 1)
        if data is not None and len(data) != KEY_SIZE:
            raise Unavailable(
                "the master key file is damaged",
                where=str(path),
                remedy="Restore it from its backup.",
            )
        return data


def _wrapped(
    version: int, master: bytes, plaintext: bytes, context: bytes, entropy: Entropy
) -> bytes:
    sealed = seal(master, plaintext, address=context, nonce=entropy(NONCE_SIZE))
    return version.to_bytes(_VERSION_SIZE, "big") + sealed


def _version_of(wrapped: bytes) -> int:
    return int.from_bytes(wrapped[:_VERSION_SIZE], "big")


def _unwrapped(master: bytes | None, wrapped: bytes, context: bytes, where: str) -> bytes:
    if master is None:
        raise _unopened(where)
    try:
        return open_sealed(master, wrapped[_VERSION_SIZE:], address=context, where=where)
    except RecordTampered:
        raise _unopened(where) from None


def _unopened(where: str) -> Unavailable:
    return Unavailable(
        "the key management service cannot unwrap the key of this vault",
        where=where,
        remedy="It is another service's, its master key was destroyed, or it was altered: use"
        " the service the vault was made with.",
    )

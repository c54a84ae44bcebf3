"""A vault of files in a folder that only its owner may read; the secrets lie in it as they are.

A copy-on-write or flash storage, a snapshot or a backup of the folder may hold destroyed keys,
and undoes erasures for as long as it is kept. :class:`~answerable.audit.keys.kms_vault.KmsVault`
over a folder seals them for a key management service.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from answerable.audit.keys.at_rest import Plain
from answerable.audit.keys.derive import BUCKETS, KEY_SIZE, Entropy
from answerable.audit.keys.folder import FolderSecrets
from answerable.audit.keys.stored_vault import PEPPER, StoredVault

__all__ = ["FileVault"]


class FileVault(StoredVault):
    """A vault of files: the folder and all in it readable by its owner alone.

    Parameters
    ----------
    path : Path
        Folder made by :meth:`create`.

    Raises
    ------
    NotFound
        If there is no vault at `path`.
    Unavailable
        If other users may read it, a key file is damaged, or it is sealed for a service.
    """

    def __init__(self, path: Path | str) -> None:
        store = FolderSecrets(path)
        super().__init__(store, Plain(store.where))

    @classmethod
    def create(cls, path: Path | str, *, entropy: Entropy) -> Self:
        """Make a vault in a new or empty folder.

        Parameters
        ----------
        path : Path
            The folder; its parent must exist. Keep it apart from the database and from the
            database's backups.
        entropy : Callable[[int], bytes]
            Gives that many random bytes.

        Returns
        -------
        FileVault
            Holding a fresh pepper and the first key of every bucket.

        Raises
        ------
        Conflict
            If the folder holds anything.
        Unavailable
            If it cannot be made.
        """
        store = FolderSecrets.create(path)
        with store.turn() as turn:
            turn.add(PEPPER, entropy(KEY_SIZE))
            drawn = entropy(BUCKETS * KEY_SIZE)
            turn.prepare([drawn[at : at + KEY_SIZE] for at in range(0, len(drawn), KEY_SIZE)])
        return cls(path)

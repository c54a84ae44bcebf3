"""Which vault the settings name: a folder, a folder sealed for a service, a second database."""

from __future__ import annotations

from answerable.api.settings import Settings
from answerable.audit.errors import NotFound, Unavailable
from answerable.audit.keys.folder import FolderSecrets
from answerable.audit.keys.kms import FileKms
from answerable.audit.keys.kms_vault import DatabaseVault, KmsVault
from answerable.audit.keys.vault import Entropy, FileVault, KeyVault

__all__ = ["make_vault", "open_vault"]


def open_vault(settings: Settings, *, entropy: Entropy) -> KeyVault:
    """Open the vault of a log.

    Parameters
    ----------
    settings : Settings
        ``key_url`` names a second database, ``key_dir`` a folder; ``kms_dir`` what seals either.
    entropy : Callable[[int], bytes]
        Gives keys and nonces.

    Returns
    -------
    KeyVault
        Open.

    Raises
    ------
    NotFound
        If there is no vault, or no master key for it.
    Unavailable
        If others may read it, it is damaged, or sealed for another service.
    """
    if settings.kms_dir is None:
        return FileVault(settings.key_dir)
    service = FileKms(settings.kms_dir, entropy=entropy)
    if settings.key_url:
        return DatabaseVault(settings.key_url, service=service, entropy=entropy)
    return KmsVault(FolderSecrets(settings.key_dir), service=service, entropy=entropy)


def make_vault(settings: Settings, *, entropy: Entropy) -> KeyVault:
    """Make the vault, or take the one a creation that was interrupted left behind.

    Returns
    -------
    KeyVault
        Open.

    Raises
    ------
    Conflict
        If something else lies where it belongs.
    Unavailable
        If it cannot be made.
    """
    _make_parents(settings)
    try:
        return open_vault(settings, entropy=entropy)
    except NotFound:
        return _new_vault(settings, entropy)


def _new_vault(settings: Settings, entropy: Entropy) -> KeyVault:
    if settings.kms_dir is None:
        return FileVault.create(settings.key_dir, entropy=entropy)
    try:
        service = FileKms(settings.kms_dir, entropy=entropy)
    except NotFound:
        service = FileKms.create(settings.kms_dir, entropy=entropy)
    if settings.key_url:
        return DatabaseVault.create(settings.key_url, service=service, entropy=entropy)
    store = FolderSecrets.create(settings.key_dir)
    return KmsVault.fill(store, service=service, entropy=entropy)


def _make_parents(settings: Settings) -> None:
    folders = [settings.key_dir.parent]
    if settings.kms_dir is not None:
        folders.append(settings.kms_dir.parent)
    if settings.database_file is not None:
        folders.append(settings.database_file.parent)
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"a folder cannot be made ({type(error).__name__})",
            where="key_dir, kms_dir, database_url",
            remedy="Choose folders that can be written.",
        ) from None

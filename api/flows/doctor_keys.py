"""Where an installation's keys lie, and which risk it runs with them. Changes nothing."""

from __future__ import annotations

from typing import Literal, NamedTuple

from answerable.api.settings import Settings
from answerable.api.vaults import open_vault
from answerable.audit.errors import AnswerableError
from answerable.audit.keys.vault import Entropy

__all__ = ["KeyCheck", "key_checks"]


class KeyCheck(NamedTuple):
    """One thing that was looked at."""

    name: str
    state: Literal["good", "warning", "bad"]
    advice: str


def key_checks(settings: Settings, *, entropy: Entropy) -> list[KeyCheck]:
    """Return what was found about the vault, its sealing and its backups.

    Parameters
    ----------
    settings : Settings
        Names them.
    entropy : Callable[[int], bytes]
        For opening a sealed vault; nothing is written.

    Returns
    -------
    list of KeyCheck
        Three, in this order.
    """
    return [_vault(settings, entropy), _sealing(settings), _backups(settings)]


def _vault(settings: Settings, entropy: Entropy) -> KeyCheck:
    name = "key database" if settings.key_url else "key folder"
    try:
        vault = open_vault(settings, entropy=entropy)
        # Folders from before the first keys were prepared make one as each bucket is used.
        held = len(vault.bucket_versions())
    except AnswerableError as error:
        return KeyCheck(name, "bad", str(error))
    kept = "under its own credentials" if settings.key_url else "readable by its owner alone"
    return KeyCheck(name, "good", f"present, and {kept}; keys of {held} buckets")


def _sealing(settings: Settings) -> KeyCheck:
    name = "keys at rest"
    if settings.kms_dir is None:
        return KeyCheck(
            name,
            "warning",
            "Plain: whoever copies the key folder has every key. ANSWERABLE_KMS_DIR seals a new "
            "vault under a master key kept elsewhere.",
        )
    return KeyCheck(
        name,
        "good",
        "sealed; a copy opens nothing without the master key. After an erasure or a leak: "
        "answerable keys rotate-kek",
    )


def _backups(settings: Settings) -> KeyCheck:
    name = "backups of the keys"
    days = settings.key_backup_days
    if days is None:
        return KeyCheck(
            name,
            "warning",
            "Not stated for how long they are kept (ANSWERABLE_KEY_BACKUP_DAYS). Without one, "
            "losing the keys loses every body; each one undoes erasures until it expires.",
        )
    if days == 0:
        return KeyCheck(
            name,
            "warning",
            "Stated: none. Erasures are final at once; losing the keys loses every body.",
        )
    return KeyCheck(
        name,
        "good",
        f"Stated: kept for {days} days. An erasure can be undone for as long; a backup older "
        "than the last erasure of a bucket lacks that bucket's key. Whether it is so cannot be "
        "seen from here.",
    )

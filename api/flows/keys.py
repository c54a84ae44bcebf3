"""Keys of a log: what is held, and rotating bucket keys, the signing key and the vault key.

The operator of the key store does this; nothing personal is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from answerable.api.actor import ActorContext
from answerable.api.wiring import Workspace
from answerable.audit.entries import Receipt
from answerable.audit.errors import InvalidInput
from answerable.audit.keys.derive import BUCKETS
from answerable.audit.keys.kms_vault import DatabaseVault, KmsVault
from answerable.audit.records import Role

__all__ = [
    "KeyStatus",
    "RotatedSigningKey",
    "key_status",
    "rotate_buckets",
    "rotate_signing_key",
    "rotate_vault_key",
]

Progress = Callable[[int], None]


@dataclass(frozen=True)
class KeyStatus:
    """What a log's vault holds, without any key."""

    store: str
    sealed: bool
    buckets_used: int
    rotated_most: int
    """Highest version of any bucket's key."""
    vkeys: tuple[str, ...]
    """Verifier keys of the log, oldest first; the last one signs."""
    seeds_held: tuple[int, ...]
    """Numbers of the signing keys whose seeds are in the vault."""
    key_backup_days: int | None

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {
            "store": self.store,
            "sealed": self.sealed,
            "buckets_used": self.buckets_used,
            "rotated_most": self.rotated_most,
            "verification_keys": cast("list[JsonValue]", list(self.vkeys)),
            "signing_seeds_held": cast("list[JsonValue]", list(self.seeds_held)),
            "key_backup_days": self.key_backup_days,
        }


@dataclass(frozen=True)
class RotatedSigningKey:
    """A new signing key in force."""

    receipt: Receipt
    old_vkey: str
    new_vkey: str
    old_seed_destroyed: bool


def key_status(workspace: Workspace, *, actor: ActorContext) -> KeyStatus:
    """Return what the vault holds.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    actor : ActorContext
        An administrator or auditor.

    Returns
    -------
    KeyStatus
        No key is in it.

    Raises
    ------
    NotAllowed
        If the actor is neither.
    """
    actor.acting_as(Role.ADMIN, Role.AUDITOR)
    vault, log = workspace.vault, workspace.log
    used = log.bucket_versions()
    sealed = isinstance(vault, KmsVault)
    return KeyStatus(
        store="database" if isinstance(vault, DatabaseVault) else "folder",
        sealed=sealed,
        buckets_used=len(used),
        rotated_most=max(used.values(), default=0),
        vkeys=log.key_chain().vkeys,
        seeds_held=vault.signing_numbers(log.origin),
        key_backup_days=workspace.settings.key_backup_days,
    )


def rotate_buckets(
    workspace: Workspace,
    buckets: Sequence[int] | None = None,
    *,
    actor: ActorContext,
    progress: Progress = lambda _done: None,
) -> int:
    """Give buckets new keys, each in a short turn of its own between appends.

    Killed half way, it is begun again: the bucket under way is finished when the log is next
    opened, and a bucket that is rotated twice is none the worse for it.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    buckets : Sequence[int], optional
        Which, 0 to 4,095; all that were ever used when left out.
    actor : ActorContext
        An administrator.
    progress : Callable[[int], None]
        Told how many are done.

    Returns
    -------
    int
        How many were rotated; those never used are left alone.

    Raises
    ------
    NotAllowed
        If the actor is no administrator.
    InvalidInput
        If a bucket is none.
    Unavailable
        If database or vault cannot be used.
    """
    actor.acting_as(Role.ADMIN)
    chosen = sorted(workspace.log.bucket_versions()) if buckets is None else list(buckets)
    if any(not 0 <= bucket < BUCKETS for bucket in chosen):
        raise InvalidInput(f"a bucket is a number from 0 to {BUCKETS - 1}", where="bucket")
    rotated = 0
    for done, bucket in enumerate(chosen, start=1):
        rotated += workspace.log.rotate_bucket(bucket) > 0
        progress(done)
    return rotated


def rotate_signing_key(
    workspace: Workspace, *, destroy_old: bool = False, actor: ActorContext
) -> RotatedSigningKey:
    """Sign checkpoints with a new key from now on, and record it.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    destroy_old : bool
        Whether to destroy the seeds of all replaced keys: nobody can sign with them again.
    actor : ActorContext
        An administrator.

    Returns
    -------
    RotatedSigningKey
        Publish the new verification key beside the old one; either verifies the log.

    Raises
    ------
    NotAllowed
        If the actor is no administrator.
    Unavailable
        If database or vault cannot be used.
    """
    role = actor.acting_as(Role.ADMIN)
    old = workspace.log.key_chain().vkeys[-1]
    receipt = workspace.log.rotate_signing_key(actor.actor, role)
    if destroy_old:
        workspace.log.destroy_old_signing_keys()
    new = workspace.log.key_chain().vkeys[-1]
    return RotatedSigningKey(receipt, old, new, destroy_old)


def rotate_vault_key(workspace: Workspace, *, actor: ActorContext) -> bool:
    """Seal the vault under a new key; older copies of it are then worth nothing.

    Parameters
    ----------
    workspace : Workspace
        With a sealed vault.
    actor : ActorContext
        An administrator.

    Returns
    -------
    bool
        Whether the service destroyed its older master keys. If not, older copies of the vault
        still open for whoever may call the service.

    Raises
    ------
    NotAllowed
        If the actor is no administrator.
    InvalidInput
        If the vault is not sealed.
    Unavailable
        If the vault or its service cannot be used; call it again then.
    """
    actor.acting_as(Role.ADMIN)
    if not isinstance(workspace.vault, KmsVault):
        raise InvalidInput(
            "this vault is not sealed, so it has no key of its own",
            where="key vault",
            remedy="Backups of a plain key folder end only when they are deleted.",
        )
    return workspace.vault.rotate_vault_key()

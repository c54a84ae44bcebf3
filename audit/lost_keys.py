"""Keys that an old database brought back and that nothing opens any more.

Each erasure moves its bucket to a new key and destroys the old one. A database restored from
before that holds wrappings under the old key: of the person who was erased, and of everybody
else in that bucket. Nobody can open them. They are told as what they are, one entry for each
holder, and the bucket moves to the key the vault has, so that the log can go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from answerable.audit.entries import Draft, HeaderSubject
from answerable.audit.identity import Scribe
from answerable.audit.ids import UUID7_RANDOM_BYTES, uuid7
from answerable.audit.keys.vault import KeyVault
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Role, SubjectErased
from answerable.audit.store import entry_rows, key_rows
from answerable.audit.store.database import Connection
from answerable.audit.store.head_rows import bump_key_epoch
from answerable.audit.turn import Turn

__all__ = ["KEYS_LOST", "DeadBucket", "dead_buckets", "give_up_bucket"]

KEYS_LOST: Final = "keys-lost"
"""Ground of the entries: no erasure was asked for now, an older database lacks the keys."""
_NAMED: Final = "data-subject"
_PERSON: Final = "s-"


@dataclass(frozen=True, slots=True)
class DeadBucket:
    """A bucket whose key in force, by the database, the vault destroyed before."""

    bucket: int
    in_force: int
    newest: int
    """The version the vault has."""


def dead_buckets(connection: Connection, vault: KeyVault) -> list[DeadBucket]:
    """Return the buckets whose key the vault has in newer versions only."""
    held = vault.bucket_versions()
    found = []
    for bucket, version in sorted(key_rows.bucket_versions(connection).items()):
        versions = held.get(bucket, ())
        if versions and version not in versions and version < versions[-1]:
            found.append(DeadBucket(bucket, version, versions[-1]))
    return found


def give_up_bucket(turn: Turn, dead: DeadBucket, scribe: Scribe) -> int:
    """Record the holders of a dead bucket as lost, remove their rows, move the bucket on.

    Parameters
    ----------
    turn : Turn
        Under a claimed head.
    dead : DeadBucket
        From :func:`dead_buckets`.
    scribe : Scribe
        Who writes: the log itself says it.

    Returns
    -------
    int
        How many holders' keys were given up.
    """
    rows = key_rows.keys_in_bucket(turn.connection, dead.bucket)
    for row in rows:
        # An actor's key opens a name only: it is missing from then on, and nothing else is.
        if row.ref.startswith(_PERSON):
            turn.place(_lost(turn, row.ref, scribe), (HeaderSubject(ref=row.ref, role=_NAMED),))
        key_rows.delete_key(turn.connection, row.ref)
    key_rows.advance_bucket(turn.connection, dead.bucket, dead.in_force, dead.newest)
    bump_key_epoch(turn.connection)
    return len(rows)


def _lost(turn: Turn, ref: str, scribe: Scribe) -> Draft:
    entries = entry_rows.count_sealed(turn.connection, ref)
    return Draft(
        kind=EntryKind.SUBJECT_ERASED,
        entry_id=uuid7(turn.ts, scribe.entropy(UUID7_RANDOM_BYTES)),
        record=SubjectErased(ground=KEYS_LOST, entries=entries),
        actor=scribe.actor,
        role=Role.SERVICE,
    )

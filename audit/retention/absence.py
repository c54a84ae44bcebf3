"""Why something an entry speaks of is not there: erased, removed by a run, or tampered with."""

from __future__ import annotations

from typing import Final

from answerable.audit.entries import Entry
from answerable.audit.errors import EvidenceBroken
from answerable.audit.kinds import EntryKind
from answerable.audit.retention.facts import without_body
from answerable.audit.retention.scope import REMOVABLE
from answerable.audit.store import entry_rows
from answerable.audit.store.database import Connection
from answerable.audit.store.retention_rows import read_floors

__all__ = ["ERASING_KINDS", "body_went", "require_erasure"]

ERASING_KINDS: Final = (
    EntryKind.SUBJECT_ERASED,
    EntryKind.DATASET_ROWS_ERASED,
    EntryKind.ACTOR_RETIRED,
)
"""Kinds of the entry that records why a key was destroyed."""


def body_went(connection: Connection, entry: Entry) -> bool:
    """Return whether an entry lies where retention runs have removed bodies of its kind."""
    return entry.kind in REMOVABLE and entry.seq < read_floors(connection).body


def require_erasure(connection: Connection, ref: str) -> None:
    """Check that something says why the key of a holder is gone.

    Raises
    ------
    EvidenceBroken
        If no entry records an erasure, and retention did not leave the holder without a body.
    """
    kinds = {item.kind for item in entry_rows.entries_of_subject(connection, ref)}
    if kinds.isdisjoint(ERASING_KINDS) and not without_body(
        connection, (ref,), read_floors(connection).body
    ):
        raise EvidenceBroken(
            "the key of a data subject is gone and no entry records an erasure",
            where=ref,
            remedy="The key table was changed: restore it from a backup with its vault.",
        )

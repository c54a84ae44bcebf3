"""Giving away the key of one part of one entry, and saying so in the log first."""

from __future__ import annotations

import base64

from answerable.audit.disclosure import Disclosure
from answerable.audit.entries import Draft, Receipt
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.records import RecordDisclosed

__all__ = ["disclose"]


def disclose(log: Log, draft: Draft) -> tuple[Disclosure, Receipt]:
    """Return what opens one part of one entry; the log says to whom and why before it is given.

    Parameters
    ----------
    log : Log
        The log.
    draft : Draft
        Kind ``record.disclosed`` with a :class:`RecordDisclosed`; naming the data subjects of the
        part by reference lets their own access package show it.

    Returns
    -------
    disclosure : Disclosure
        For the recipient; treat it like the data itself.
    receipt : Receipt
        Of the entry that records it.

    Raises
    ------
    NotFound
        If there is no such entry.
    Erased
        If the key of the part was destroyed.
    InvalidInput
        If the draft is not of that kind and record, or the part has no key of its own.
    RecordTampered
        If the stored bytes do not match the header; nothing is disclosed then.
    """
    record = draft.record
    if draft.kind is not EntryKind.RECORD_DISCLOSED or not isinstance(record, RecordDisclosed):
        raise InvalidInput(
            "not an entry that records a disclosure",
            where=f"entry {draft.entry_id}",
            remedy="Use record.disclosed with a RecordDisclosed.",
        )
    key, stored = log.part_key(log.entry(record.entry), record.part)
    receipt = log.append(draft)
    disclosure = Disclosure(
        entry=record.entry,
        part=record.part,
        key=key.hex(),
        ciphertext=base64.b64encode(stored).decode("ascii"),
        proof=log.proof(record.entry),
        rotations=log.key_rotations(),
    )
    return disclosure, receipt

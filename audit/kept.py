"""What is kept of an entry's body: stored parts, and the record keys that still exist.

A record key opens its part to anybody who holds it, and no other part: it is what is given away
when one record is disclosed.
"""

from __future__ import annotations

from dataclasses import dataclass

from answerable.audit.entries import Entry
from answerable.audit.keys.opening import record_keys
from answerable.audit.keys.subjects import Keyring
from answerable.audit.store import entry_rows
from answerable.audit.store.database import Connection

__all__ = ["KeptBody", "kept_body"]


@dataclass(frozen=True, slots=True)
class KeptBody:
    """Parts and record keys, both by the part's number in the header."""

    parts: dict[int, bytes]
    keys: dict[int, bytes]


def kept_body(connection: Connection, keyring: Keyring, entry: Entry) -> KeptBody:
    """Return what is kept of an entry's body.

    Parameters
    ----------
    connection : Connection
        A snapshot.
    keyring : Keyring
        On the same snapshot.
    entry : Entry
        Whose body.

    Returns
    -------
    KeptBody
        Without the parts that retention removed, and without keys that were destroyed.

    Raises
    ------
    RecordTampered
        If a slot that is needed does not match the header.
    """
    refs = [item.ref for item in entry.header.subjects]
    data_keys = {ref: key for ref in refs if (key := keyring.data_key(ref)) is not None}
    parts = entry_rows.body_parts(connection, entry.seq)
    return KeptBody(parts, record_keys(entry, parts, data_keys))

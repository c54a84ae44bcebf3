"""What is kept of entries, for evidence: stored parts, record keys that still exist, proofs.

A record key opens its part to anybody who holds it, and no other part: it is what is given away
when one record is disclosed.
"""

from __future__ import annotations

from collections.abc import Sequence

from answerable.audit.entries import Entry
from answerable.audit.keys.opening import record_keys
from answerable.audit.keys.subjects import Keyring
from answerable.audit.pack import PackedEntry
from answerable.audit.store import entry_rows
from answerable.audit.store.database import Connection
from answerable.audit.store.tile_rows import StoredTiles
from answerable.audit.tree.proofs import inclusion_proofs

__all__ = ["kept_entries"]


def kept_entries(
    connection: Connection, keyring: Keyring, entries: Sequence[Entry], size: int
) -> list[PackedEntry]:
    """Return what is kept of some entries, with their proofs in the tree of a size.

    Parameters
    ----------
    connection : Connection
        A snapshot.
    keyring : Keyring
        On the same snapshot.
    entries : Sequence[Entry]
        Which entries.
    size : int
        Number of leaves of the tree to prove against.

    Returns
    -------
    list of PackedEntry
        In the order of the entries; without the parts that retention removed, and without keys
        that were destroyed.

    Raises
    ------
    InvalidInput
        If an entry is not in the tree of that size.
    RecordTampered
        If a slot that is needed does not match the header.
    """
    refs = {item.ref for entry in entries for item in entry.header.subjects}
    keyring.expect((), refs)
    data_keys = {ref: key for ref in sorted(refs) if (key := keyring.data_key(ref)) is not None}
    tiles, seqs = StoredTiles(connection), [entry.seq for entry in entries]
    tiles.expect(seqs)
    proofs = inclusion_proofs(seqs, size, tiles)
    kept = []
    for entry, proof in zip(entries, proofs, strict=True):
        parts = entry_rows.body_parts(connection, entry.seq)
        kept.append(PackedEntry(entry, proof, parts, record_keys(entry, parts, data_keys)))
    return kept

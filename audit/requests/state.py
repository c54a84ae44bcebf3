"""Whether processing of a person's data is restricted or objected to, as their entries say. Pure.

References
----------
GDPR, Articles 18 and 21.
"""

from __future__ import annotations

from collections.abc import Iterable

from answerable.audit.entries import Entry
from answerable.audit.kinds import EntryKind

__all__ = ["LIFTS", "objections_of", "restrictions_of"]

LIFTS = "lifts"
"""Relation of a lifting to the restrictions it ends."""


def restrictions_of(entries: Iterable[Entry]) -> list[Entry]:
    """Return the restrictions in force, oldest first.

    Parameters
    ----------
    entries : Iterable[Entry]
        All entries that name one person.

    Returns
    -------
    list of Entry
        Of kind ``subject.restricted``, without those that were lifted.
    """
    placed: dict[str, Entry] = {}
    lifted: set[str | None] = set()
    for entry in entries:
        if entry.kind is EntryKind.SUBJECT_RESTRICTED:
            placed[entry.id] = entry
        elif entry.kind is EntryKind.SUBJECT_RESTRICTION_LIFTED:
            lifted |= {link.entry for link in entry.header.links if link.rel == LIFTS}
    return [entry for entry_id, entry in placed.items() if entry_id not in lifted]


def objections_of(entries: Iterable[Entry]) -> list[Entry]:
    """Return the objections a person made, oldest first."""
    return [entry for entry in entries if entry.kind is EntryKind.SUBJECT_OBJECTED]

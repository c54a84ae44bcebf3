"""Whether processing of a person's data is restricted or objected to, as their entries say.

References
----------
GDPR, Articles 18 and 21.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from answerable.audit.entries import Entry
from answerable.audit.kinds import EntryKind
from answerable.audit.reading import LogReader

__all__ = ["LIFTS", "StandingRestrictions", "objections_of", "restrictions_of"]

LIFTS: Final = "lifts"
"""Relation of a lifting to the restrictions it ends."""

_PAGE: Final = 500
_KINDS: Final = (EntryKind.SUBJECT_RESTRICTED, EntryKind.SUBJECT_RESTRICTION_LIFTED)


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


class StandingRestrictions:
    """The restrictions of a log that were not lifted; each call reads what is new only.

    Asked before every decision, so it must not cost more the longer a person is known.
    """

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._standing: dict[str, Entry] = {}
        self._read_up_to = -1
        self._read = False
        self._lock = threading.Lock()

    def entries(self) -> list[Entry]:
        """Return all restrictions in force, oldest first."""
        with self._lock:
            while page := self._log.entries(kinds=_KINDS, after=self._read_up_to, limit=_PAGE):
                for entry in page:
                    self._take(entry)
                self._read_up_to = page[-1].seq
            self._read = True
            return list(self._standing.values())

    @property
    def none_stood(self) -> bool:
        """Whether none was in force when the log was last read; False before the first time."""
        return self._read and not self._standing

    def _take(self, entry: Entry) -> None:
        if entry.kind is EntryKind.SUBJECT_RESTRICTED:
            self._standing[entry.id] = entry
        for link in entry.header.links:
            if link.rel == LIFTS:
                self._standing.pop(link.entry or "", None)

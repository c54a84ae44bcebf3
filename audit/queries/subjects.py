"""Everything about one person: what names them, what refers to it, who looked at it.

References
----------
GDPR, Articles 15 and 20; AI Act, Article 86.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from answerable.audit.entries import Entry, OpenedBody
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.reading import LogReader
from answerable.audit.records import LegalHold
from answerable.audit.store.query_rows import linked_to

__all__ = [
    "SubjectFile",
    "SubjectItem",
    "decisions_of",
    "everything_about",
    "reviews_of",
]

_REVIEWING = (EntryKind.CONTEST_FILED, EntryKind.REVIEW_COMPLETED)


@dataclass(frozen=True, slots=True)
class SubjectItem:
    """One entry about a data subject: its readable body, what refers to it, its proof."""

    entry: Entry
    body: OpenedBody
    related: tuple[str, ...]
    """Ids of entries whose header links to this one (explanation, contest, review ...)."""
    proof: str


@dataclass(frozen=True, slots=True)
class SubjectFile:
    """Everything the log holds about one data subject.

    `items` are the entries that name the subject, and those that link to them; `reads` are the
    entries of who looked at them, when and for which purpose.
    """

    ref: str
    items: tuple[SubjectItem, ...]
    reads: tuple[Entry, ...]
    holds: tuple[LegalHold, ...]
    erased: bool


def decisions_of(log: LogReader, ref: str) -> list[Entry]:
    """Return the decisions about a data subject, ascending."""
    return [entry for entry in log.subject_entries(ref) if entry.kind is EntryKind.DECISION]


def everything_about(log: Log, ref: str) -> SubjectFile:
    """Return everything the log holds about a data subject, with proofs.

    Parameters
    ----------
    log : Log
        The log; proofs may make it sign a checkpoint.
    ref : str
        The data subject.

    Returns
    -------
    SubjectFile
        Bodies that can no longer be opened say so.

    Raises
    ------
    NotFound
        If the log does not know the reference.
    RecordTampered
        If an entry or a body does not match what was committed to.

    References
    ----------
    GDPR, Articles 15(1), 15(3) and 20(1).
    """
    erased = log.is_erased(ref)
    found: dict[int, Entry] = {}
    related: dict[str, tuple[str, ...]] = {}
    waiting = log.subject_entries(ref)
    while waiting:
        found |= {entry.seq: entry for entry in waiting}
        linked = log.ask(partial(linked_to, targets=[entry.id for entry in waiting]))
        related |= {target: tuple(item.id for item in items) for target, items in linked.items()}
        # What links to an entry about the person is about the person too, unless it names others.
        nearby = {item.seq: item for items in linked.values() for item in items}
        waiting = [
            item for item in nearby.values() if item.seq not in found and _concerns(item, ref)
        ]
    entries = [found[seq] for seq in sorted(found)]
    told = [entry for entry in entries if entry.kind is not EntryKind.RECORDS_READ]
    items = tuple(
        SubjectItem(entry, body, related[entry.id], proof)
        for entry, body, proof in zip(told, log.open_bodies(told), log.proofs(told), strict=True)
    )
    reads = tuple(entry for entry in entries if entry.kind is EntryKind.RECORDS_READ)
    return SubjectFile(ref, items, reads, tuple(log.holds(ref)), erased)


def reviews_of(log: LogReader, decision_id: str) -> list[Entry]:
    """Return the contests and human reviews of a decision, ascending."""
    return [entry for entry in log.related(decision_id) if entry.kind in _REVIEWING]


def _concerns(entry: Entry, ref: str) -> bool:
    subjects = entry.header.subjects
    return not subjects or any(subject.ref == ref for subject in subjects)

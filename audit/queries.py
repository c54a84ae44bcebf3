"""Questions that GDPR and supervisors ask, over one log. Who asked is recorded by the caller.

References
----------
GDPR, Articles 15, 20, 22 and 30; AI Act, Articles 26(6) and 86.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from answerable.audit.entries import Entry, OpenedBody
from answerable.audit.keys.derive import day_of
from answerable.audit.kinds import EntryKind
from answerable.audit.log import Log
from answerable.audit.reading import LogReader
from answerable.audit.records import LegalHold
from answerable.audit.store.view_rows import OutcomeCount

__all__ = [
    "SubjectFile",
    "SubjectItem",
    "adverse_decisions",
    "count_differences",
    "decisions_of",
    "everything_about",
    "reviews_of",
]

_PAGE = 1000
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
    related: dict[int, tuple[str, ...]] = {}
    waiting = log.subject_entries(ref)
    while waiting:
        entry = waiting.pop()
        if entry.seq in found:
            continue
        found[entry.seq] = entry
        linked = log.related(entry.id)
        related[entry.seq] = tuple(item.id for item in linked)
        # What links to an entry about the person is about the person too, unless it names others.
        waiting += [item for item in linked if _concerns(item, ref)]
    reads = [found[seq] for seq in sorted(found) if found[seq].kind is EntryKind.RECORDS_READ]
    items = tuple(
        SubjectItem(found[seq], log.open_body(found[seq]), related[seq], log.proof(found[seq].id))
        for seq in sorted(found)
        if found[seq].kind is not EntryKind.RECORDS_READ
    )
    return SubjectFile(ref, items, tuple(reads), tuple(log.holds(ref)), erased)


def adverse_decisions(
    log: LogReader, function: str, *, adverse: frozenset[str], first: int, last: int
) -> list[Entry]:
    """Return the solely automated decisions of a function with an adverse outcome in a window.

    Parameters
    ----------
    log : LogReader
        The log.
    function : str
        Digest of the decision function.
    adverse : frozenset of str
        Outcome codes that count as adverse.
    first, last : int
        Window in microseconds UTC, both included.

    Returns
    -------
    list of Entry
        Ascending.

    References
    ----------
    GDPR, Article 22.
    """
    return [
        entry
        for entry in _all(log, EntryKind.DECISION, function)
        if entry.header.automation == "solely_automated"
        and entry.header.outcome in adverse
        and first <= entry.header.ts <= last
    ]


def reviews_of(log: LogReader, decision_id: str) -> list[Entry]:
    """Return the contests and human reviews of a decision, ascending."""
    return [entry for entry in log.related(decision_id) if entry.kind in _REVIEWING]


def count_differences(log: LogReader) -> list[OutcomeCount]:
    """Recount decisions from their headers and return where the kept counts differ.

    Returns
    -------
    list of OutcomeCount
        `n` is kept minus recounted; empty when the counts are right.
    """
    kept = Counter(
        {(item.day, item.function, item.outcome, item.cell): item.n for item in log.counts()}
    )
    for entry in _all(log, EntryKind.DECISION, None):
        header = entry.header
        key = (day_of(header.ts), header.function or "", header.outcome or "", log.cell_of(entry))
        kept[key] -= 1
    return [
        OutcomeCount(day, function, outcome, cell, n)
        for (day, function, outcome, cell), n in kept.items()
        if n
    ]


def _concerns(entry: Entry, ref: str) -> bool:
    subjects = entry.header.subjects
    return not subjects or any(subject.ref == ref for subject in subjects)


def _all(log: LogReader, kind: EntryKind, function: str | None) -> list[Entry]:
    entries: list[Entry] = []
    after = -1
    while page := log.entries(kinds=(kind,), function=function, after=after, limit=_PAGE):
        entries += page
        after = page[-1].seq
    return entries

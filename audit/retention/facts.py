"""What a plan rests on, read from the log: headers, holds, open cases, letters, earlier runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from answerable.audit.entries import Entry
from answerable.audit.errors import InvalidInput
from answerable.audit.kinds import EntryKind
from answerable.audit.records import Record, RetentionRun, SubjectRequest, parse_record
from answerable.audit.retention.headers import light_header
from answerable.audit.retention.plan import Candidate
from answerable.audit.retention.scope import REMOVABLE
from answerable.audit.store import entry_rows, key_rows
from answerable.audit.store.database import Connection
from answerable.audit.store.entry_rows import Selection
from answerable.audit.store.retention_rows import entries_naming, has_bodies, links_to, newest_links

__all__ = [
    "OpenCases",
    "RemovedSoFar",
    "all_entries",
    "candidates",
    "candidates_at",
    "clear_record",
    "newest_run",
    "removed_so_far",
    "without_body",
]

_PAGE: Final = 1000
_CLOSED_BY: Final = {
    EntryKind.CONTEST_FILED: "answers",
    EntryKind.SUBJECT_REQUEST: "answers",
    EntryKind.SUBJECT_RESTRICTED: "lifts",
}
"""A case of this kind is closed by an entry that links to it by this relation."""
_WHY: Final = {
    EntryKind.CONTEST_FILED: "open contest",
    EntryKind.SUBJECT_REQUEST: "open request",
    EntryKind.SUBJECT_RESTRICTED: "restriction of processing",
}


@dataclass(frozen=True, slots=True)
class OpenCases:
    """What keeps bodies at a time: by person, and by the decision that is contested."""

    people: dict[str, tuple[str, ...]]
    decisions: frozenset[str]

    @classmethod
    def at(cls, connection: Connection, now: int) -> OpenCases:
        """Read what is open at a time in microseconds UTC."""
        people: dict[str, set[str]] = {}
        for (ref, _, _), until in key_rows.all_holds(connection).items():
            if until is None or until > now:
                people.setdefault(ref, set()).add("legal hold")
        decisions: set[str] = set()
        for case in _open(connection):
            if case.kind is EntryKind.CONTEST_FILED:
                decisions |= {link.entry for link in case.header.links if link.entry}
                decisions.add(case.id)
                continue
            for subject in case.header.subjects:
                people.setdefault(subject.ref, set()).add(_WHY[case.kind])
        return cls({ref: tuple(sorted(why)) for ref, why in people.items()}, frozenset(decisions))

    def keeping(self, refs: Sequence[str], entries: Sequence[str]) -> tuple[str, ...]:
        """Return what keeps an entry about these people that is or links to these entries."""
        grounds = {why for ref in refs for why in self.people.get(ref, ())}
        if not self.decisions.isdisjoint(entries):
            grounds.add(_WHY[EntryKind.CONTEST_FILED])
        return tuple(sorted(grounds))


def candidates(
    connection: Connection, cases: OpenCases, first: int, until: int, *, with_notices: bool
) -> Iterator[Candidate]:
    """Return the entries of the places first..until-1 with what a plan asks of them.

    Yields
    ------
    Candidate
        Ascending, a thousand read at a time.
    """
    after = first - 1
    while after + 1 < until:
        page = entry_rows.select_entries(
            connection, Selection(), after=after, before=until, limit=_PAGE
        )
        if not page:
            return
        yield from _candidates(connection, cases, page, with_notices=with_notices)
        after = page[-1].seq


def candidates_at(
    connection: Connection, cases: OpenCases, places: Sequence[int], *, with_notices: bool
) -> list[Candidate]:
    """Return the entries at some places like :func:`candidates`; ascending."""
    found = [entry_rows.entry_at(connection, seq) for seq in sorted(places)]
    page = [entry for entry in found if entry is not None]
    return _candidates(connection, cases, page, with_notices=with_notices)


def all_entries(connection: Connection, kinds: Sequence[EntryKind]) -> Iterator[Entry]:
    """Return all entries of some kinds.

    Yields
    ------
    Entry
        Ascending.
    """
    after = -1
    chosen = Selection(tuple(kinds))
    while page := entry_rows.select_entries(connection, chosen, after=after, limit=_PAGE):
        yield from page
        after = page[-1].seq


def clear_record(connection: Connection, seq: int) -> Record | None:
    """Return the record of an entry that is stored clear, None when it cannot be read."""
    try:
        return parse_record(entry_rows.body_parts(connection, seq).get(0, b""))
    except InvalidInput:
        return None


@dataclass(frozen=True, slots=True)
class RemovedSoFar:
    """What all runs together recorded as gone."""

    body: int = 0
    """Floor of bodies."""
    held: frozenset[int] = frozenset()
    keys: int = 0
    counts: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    """Removed decisions by day, function and outcome code."""

    def lost_its_body(self, seq: int, kind: str) -> bool:
        """Return whether an entry's body went by a run."""
        return seq < self.body and kind in REMOVABLE and seq not in self.held


def removed_so_far(connection: Connection) -> RemovedSoFar:
    """Fold what all retention runs of a log recorded.

    Returns
    -------
    RemovedSoFar
        Nothing for a log without one; records that cannot be read are left to the verifier.
    """
    body, keys, held = 0, 0, frozenset[int]()
    counts: Counter[tuple[str, str, str]] = Counter()
    for entry in all_entries(connection, (EntryKind.RETENTION_RUN,)):
        run = clear_record(connection, entry.seq)
        if not isinstance(run, RetentionRun):
            continue
        keys, held = keys + run.keys, frozenset(run.held)
        for removal in run.removals:
            if removal.what == "body":
                body = max(body, removal.end)
            for gone in removal.counts:
                counts[gone.day, gone.function, gone.outcome] += gone.n
    return RemovedSoFar(body, held, keys, counts)


def newest_run(connection: Connection) -> RetentionRun | None:
    """Return what the newest run recorded, None before the first."""
    chosen = Selection((EntryKind.RETENTION_RUN,))
    for entry in entry_rows.select_entries(connection, chosen, limit=1):
        record = clear_record(connection, entry.seq)
        return record if isinstance(record, RetentionRun) else None
    return None


def without_body(connection: Connection, refs: Sequence[str], floor: int) -> list[str]:
    """Return those of the people all of whose entries lie below a floor without a sealed body.

    Whom no entry names is left alone: a key that was just made.

    Parameters
    ----------
    connection : Connection
        A snapshot, or a claimed head.
    refs : Sequence[str]
        References of data subjects; at most a page of them.
    floor : int
        The floor of bodies.

    Returns
    -------
    list of str
        In the order given.
    """
    places = {
        ref: found for ref, found in entries_naming(connection, refs).items() if max(found) < floor
    }
    stored = has_bodies(connection, {seq for found in places.values() for seq in found})
    sealed = {seq for seq in stored if _is_sealed(entry_rows.entry_at(connection, seq))}
    return [ref for ref in refs if ref in places and sealed.isdisjoint(places[ref])]


def _is_sealed(entry: Entry | None) -> bool:
    return entry is not None and any(part.ct is not None for part in entry.header.parts)


def _open(connection: Connection) -> Iterator[Entry]:
    for kind, relation in _CLOSED_BY.items():
        filed = [item for item in all_entries(connection, (kind,)) if _waits(connection, item)]
        closed = links_to(connection, [item.id for item in filed], relation)
        yield from (item for item in filed if item.id not in closed)


def _waits(connection: Connection, entry: Entry) -> bool:
    """Whether a case waits for another entry; requests that were recorded as answered do not."""
    if entry.kind is not EntryKind.SUBJECT_REQUEST:
        return True
    record = clear_record(connection, entry.seq)
    if record is None:
        return False
    return not isinstance(record, SubjectRequest) or record.outcome == "open"


def _candidates(
    connection: Connection, cases: OpenCases, page: Sequence[Entry], *, with_notices: bool
) -> list[Candidate]:
    headers = [light_header(entry) for entry in page]
    notices: dict[str, int] = {}
    if with_notices:
        targets = {target for header in headers for target in header.about}
        notices = newest_links(connection, targets, EntryKind.LETTER_ISSUED)
    found = []
    for header in headers:
        told = [notices[target] for target in header.about if target in notices]
        kept = cases.keeping(header.refs, header.about) if header.kind in REMOVABLE else ()
        found.append(Candidate(header.seq, header.facts, max(told, default=None), kept))
    return found

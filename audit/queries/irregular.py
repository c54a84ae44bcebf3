"""What should not have happened and is in the log all the same.

- `unreleased`: a decision whose function had no valid release (``release: none``, or no
  release named)
- `replaced_twice`: a decision that replaced one which another had replaced before
- `incident`, `incident_closed`: opened and closed
- `clock`: the writer's clock went back and was held
- `logging`: entries could not be written, or waited outside the log, and what became of it
- `log`: the log was recovered, its head accepted anew, or its key rotated

References
----------
AI Act, Articles 12(2)(a), 26(5) and 73.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from answerable.audit.entries import Entry
from answerable.audit.kinds import EntryKind
from answerable.audit.queries.scope import (
    HeaderJson,
    Page,
    Scope,
    glance,
    merged,
    page_of,
    stream,
)
from answerable.audit.reading import LogReader

__all__ = ["Irregularity", "count_irregularities", "irregularities"]

_NONE: Final = "none"
_BY_KIND: Final = {
    EntryKind.INCIDENT_OPENED: "incident",
    EntryKind.INCIDENT_CLOSED: "incident_closed",
    EntryKind.CLOCK_STEPPED: "clock",
    EntryKind.LOGGING_FAILED: "logging",
    EntryKind.LOGGING_RESTORED: "logging",
    EntryKind.SPOOL_REFUSED: "logging",
    EntryKind.SPOOL_SETTLED: "logging",
    EntryKind.LOG_RECOVERED: "log",
    EntryKind.LOG_HEAD_ACCEPTED: "log",
    EntryKind.LOG_KEY_ROTATED: "log",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Irregularity:
    """One entry somebody should look at."""

    what: str
    entry_id: str
    seq: int
    ts: int
    function: str
    about: str
    """Entry it concerns: the decision of an incident, the one that was replaced; empty if none."""


def irregularities(
    log: LogReader, scope: Scope, *, after: int = -1, limit: int = 100
) -> Page[Irregularity]:
    """Return what is irregular, in the order of the log.

    Parameters
    ----------
    log : LogReader
        The log.
    scope : Scope
        The window, and the function when only one is asked about; what is not of a function
        (clock, log) is then left out.
    after, limit
        Place to continue after, and how many.

    Returns
    -------
    Page of Irregularity
        Where decisions are many and all is well, pages may be empty with a `next`: it is where
        the search stopped.

    Raises
    ------
    InvalidInput
        If the limit is out of range.
    RecordTampered
        If an entry is indexed under what its header does not say.
    """

    def judged(entry: Entry, header: HeaderJson) -> Irregularity | None:
        return _judged(log, entry, header)

    decided = page_of(log, _decisions(scope), judged, after=after, limit=limit)
    rare = page_of(log, _rare(scope), judged, after=after, limit=limit)
    return merged((decided, rare), place=lambda found: found.seq, limit=limit)


def count_irregularities(log: LogReader, scope: Scope) -> dict[str, int]:
    """Return how many irregularities there are of each sort; reads every decision in scope.

    Parameters
    ----------
    log : LogReader
        The log.
    scope : Scope
        As for :func:`irregularities`.

    Returns
    -------
    dict
        By name, sorted.

    Raises
    ------
    RecordTampered
        If an entry is indexed under what its header does not say.
    """
    counted: Counter[str] = Counter()
    for part in (_decisions(scope), _rare(scope)):
        for entry, header in stream(log, part):
            found = _judged(log, entry, header)
            if found is not None:
                counted[found.what] += 1
    return dict(sorted(counted.items()))


def _decisions(scope: Scope) -> Scope:
    return replace(scope, kinds=(EntryKind.DECISION,), outcomes=(), automation=None)


def _rare(scope: Scope) -> Scope:
    return replace(scope, kinds=tuple(_BY_KIND), outcomes=(), automation=None)


def _judged(log: LogReader, entry: Entry, header: HeaderJson) -> Irregularity | None:
    kind = EntryKind(header["kind"])
    about = header.get("supersedes", "")
    if kind is not EntryKind.DECISION:
        links = header.get("links", [])
        about = next((link["entry"] for link in links if "entry" in link), "")
        return _irregular(_BY_KIND[kind], entry, header, about)
    if header.get("release", _NONE) == _NONE:
        return _irregular("unreleased", entry, header, about)
    if about and _replaced_before(log, about, entry.seq):
        return _irregular("replaced_twice", entry, header, about)
    return None


def _replaced_before(log: LogReader, decision: str, seq: int) -> bool:
    return any(
        item.seq < seq and glance(item).get("supersedes") == decision
        for item in log.related(decision)
    )


def _irregular(what: str, entry: Entry, header: HeaderJson, about: str) -> Irregularity:
    return Irregularity(
        what=what,
        entry_id=header["id"],
        seq=entry.seq,
        ts=header["ts"],
        function=header.get("function", ""),
        about=about,
    )

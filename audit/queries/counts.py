"""Counts of decisions from the rollup, and the recount of headers that proves them.

The rollup is kept with every append, so counts cost the same however long the log is; whoever may
write the database may change it, so a recount compares it with the headers. Decisions that
retention runs removed are counted as their entries recorded them: by day, function and outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from typing import Final

from answerable.audit.keys.derive import day_of
from answerable.audit.kinds import EntryKind
from answerable.audit.queries.scope import Scope, stream
from answerable.audit.reading import LogReader
from answerable.audit.retention.facts import removed_so_far
from answerable.audit.store import view_rows
from answerable.audit.store.database import Connection
from answerable.audit.store.head_rows import read_head
from answerable.audit.store.view_rows import OutcomeCount

__all__ = ["CountDifference", "Days", "count_differences", "outcome_counts", "recount"]

_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days asked about (UTC, both included), and the function when only one is."""

    first: date | None = None
    last: date | None = None
    function: str | None = None

    def bounds(self) -> tuple[str, str]:
        """Return the first and the last day as the rollup writes them."""
        first = "0000" if self.first is None else self.first.isoformat()
        return first, "9999" if self.last is None else self.last.isoformat()

    def scope(self) -> Scope:
        """Return the decisions of these days.

        Returns
        -------
        Scope
            From the first day's first microsecond to the last day's last.

        Examples
        --------
        >>> Days(first=date(1970, 1, 2), last=date(1970, 1, 2)).scope().since
        86400000000
        """
        last = None if self.last is None else _starts(self.last + timedelta(days=1))
        return Scope(
            kinds=(EntryKind.DECISION,),
            function=self.function,
            since=0 if self.first is None else _starts(self.first),
            until=last,
        )


@dataclass(frozen=True, slots=True, order=True)
class CountDifference:
    """A day, function and outcome code of which another number is kept than is in the log."""

    day: str
    function: str
    outcome: str
    kept: int
    counted: int


def outcome_counts(log: LogReader, days: Days) -> list[OutcomeCount]:
    """Return the counts of decisions by day, function and outcome code.

    Group cells are added up: how groups fared is told by assessments, which withhold small ones.

    Parameters
    ----------
    log : LogReader
        The log.
    days : Days
        Which days and which function.

    Returns
    -------
    list of OutcomeCount
        By day, function and outcome; `cell` is None.
    """
    first, last = days.bounds()
    kept = log.counts(function=days.function, first_day=first, last_day=last)
    return [OutcomeCount(*key, None, n) for key, n in sorted(_added(kept).items())]


def recount(log: LogReader, days: Days) -> list[CountDifference]:
    """Count the decisions again from their headers and return where the kept counts differ.

    Parameters
    ----------
    log : LogReader
        The log; what is appended meanwhile is counted on neither side.
    days : Days
        Which days and which function.

    Returns
    -------
    list of CountDifference
        Sorted; empty when the counts are right.

    Raises
    ------
    RecordTampered
        If an entry is indexed under what its header does not say.
    """
    size, lines, removed = log.ask(_size_and_counts)
    first, last = days.bounds()
    kept = _added(
        item
        for item in lines
        if first <= item.day <= last and days.function in (None, item.function)
    )
    counted: Counter[tuple[str, str, str]] = Counter(
        {
            key: n
            for key, n in removed.items()
            if first <= key[0] <= last and days.function in (None, key[1])
        }
    )
    inside = takewhile(lambda found: found[0].seq < size, stream(log, days.scope()))
    for _, header in inside:
        day = day_of(header["ts"])
        counted[day, header.get("function", ""), header.get("outcome", "")] += 1
    return [
        CountDifference(*key, kept[key], counted[key])
        for key in sorted(kept.keys() | counted.keys())
        if kept[key] != counted[key]
    ]


def count_differences(log: LogReader) -> list[OutcomeCount]:
    """Recount decisions with their group cells and return where the kept counts differ.

    Needs the vault, which holds the keys of the group cells.

    Returns
    -------
    list of OutcomeCount
        `n` is kept minus recounted; empty when the counts are right. Where decisions of a day,
        function and outcome were removed, over all cells: those of removed ones are not known.
    """
    size, lines, removed = log.ask(_size_and_counts)
    kept: Counter[tuple[str, str, str, int | None]] = Counter()
    for item in lines:
        known = (item.day, item.function, item.outcome) not in removed
        kept[item.day, item.function, item.outcome, item.cell if known else None] += item.n
    for key, n in removed.items():
        kept[*key, None] -= n
    asked = Scope(kinds=(EntryKind.DECISION,))
    for entry, header in takewhile(lambda found: found[0].seq < size, stream(log, asked)):
        found = (day_of(header["ts"]), header.get("function", ""), header.get("outcome", ""))
        kept[*found, None if found in removed else log.cell_of(entry)] -= 1
    return [OutcomeCount(*key, n) for key, n in kept.items() if n]


def _size_and_counts(
    snapshot: Connection,
) -> tuple[int, list[OutcomeCount], Mapping[tuple[str, str, str], int]]:
    lines = view_rows.outcome_counts(snapshot, None, "0000", "9999")
    return read_head(snapshot).size, lines, removed_so_far(snapshot).counts


def _added(lines: Iterable[OutcomeCount]) -> Counter[tuple[str, str, str]]:
    added: Counter[tuple[str, str, str]] = Counter()
    for item in lines:
        added[item.day, item.function, item.outcome] += item.n
    return added


def _starts(day: date) -> int:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return max(0, (start - _EPOCH) // _MICROSECOND)

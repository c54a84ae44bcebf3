"""Counts that services state, and whether the log holds as many decisions.

A decision may carry its number in a series of the service: the header then links to a keyed hash
of service, series and number, which only the holder of the pepper can enumerate. So the report
needs no decryption, and an erasure takes no number away.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, cast

from pydantic import JsonValue

from answerable.api.flows.append import append_clear
from answerable.api.flows.cases import Counter
from answerable.api.flows.context import ActorContext, Recorded
from answerable.api.wiring import Workspace
from answerable.audit.completeness import SeriesReport, Window, compare
from answerable.audit.entries import Entry
from answerable.audit.kinds import EntryKind
from answerable.audit.records import CallerCounted, EntryLink, Role

__all__ = ["CompletenessReport", "completeness", "counter_links", "state_count"]

_REL: Final = "count:"
_PAGE: Final = 1000
_CLOCKS_DIFFER_US: Final = 3_600_000_000
"""A decision's entry is never much older than its window, whatever the caller's clock says."""

_Key = tuple[str, str]
"""A service and one of its series."""


@dataclass(frozen=True)
class CompletenessReport:
    """What services counted beside what the log holds, as of one size of the log."""

    size: int
    series: tuple[SeriesReport, ...]
    waiting: int
    """Entries in this process's spool that are not in the log yet: they count as missing."""
    unnumbered: int
    """Decisions of these services, since the first window, that carry no number."""

    @property
    def complete(self) -> bool:
        """Whether every series is complete; True without any."""
        return all(report.complete for report in self.series)

    def to_result(self) -> dict[str, JsonValue]:
        """Return the JSON form."""
        return {
            "size": self.size,
            "complete": self.complete,
            "waiting": self.waiting,
            "unnumbered": self.unnumbered,
            "series": [_series_result(report) for report in self.series],
        }


def counter_links(
    workspace: Workspace, actor: str, counter: Counter | None
) -> tuple[EntryLink, ...]:
    """Return the header links that carry a decision's number in a series.

    Parameters
    ----------
    workspace : Workspace
        Holds the pepper.
    actor : str
        Reference of the service whose series it is.
    counter : Counter or None
        Series and number; None gives no link.

    Returns
    -------
    tuple of EntryLink
        At most one.
    """
    if counter is None:
        return ()
    digest = _number_digest(workspace, (actor, counter.series), counter.number)
    return (EntryLink(rel=f"{_REL}{counter.series}", digest=digest),)


def state_count(
    workspace: Workspace, counted: CallerCounted, *, actor: ActorContext
) -> Recorded[CallerCounted]:
    """Record how many decisions a service says it made.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    counted : CallerCounted
        Series, span of numbers, count and window.
    actor : ActorContext
        The service.

    Returns
    -------
    Recorded[CallerCounted]
        The statement and its receipt.

    Raises
    ------
    NotAllowed
        If the actor is no service.
    Unavailable
        If the log cannot be written.
    """
    role = actor.acting_as(Role.SERVICE)
    return append_clear(
        workspace,
        EntryKind.CALLER_COUNTED,
        counted,
        acting=(actor, role),
        function=counted.function,
    )


def completeness(
    workspace: Workspace, *, actor: ActorContext, series: str | None = None
) -> CompletenessReport:
    """Compare every count that services stated with the decisions in the log.

    One pass over the headers since the first window: about a second for 20,000 decisions.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    actor : ActorContext
        Auditor, officer, compliance, administrator or a service.
    series : str, optional
        Only series of this name.

    Returns
    -------
    CompletenessReport
        One report for each service and series that was stated.

    Raises
    ------
    NotAllowed
        If the actor holds none of these roles.
    """
    actor.acting_as(Role.AUDITOR, Role.OFFICER, Role.COMPLIANCE, Role.ADMIN, Role.SERVICE)
    size = workspace.log.size()
    stated = _stated(workspace, series)
    tallies: dict[_Key, Tally[str]] = {key: Tally() for key in stated}
    services = {service for service, _ in stated}
    unnumbered = 0
    since = min((item.start for said in stated.values() for item in said), default=None)
    if since is not None:
        for entry in _decisions(workspace, since):
            if entry.header.actor in services:
                unnumbered += not _tally(entry, tallies)
    return CompletenessReport(
        size=size,
        series=tuple(_compared(workspace, key, stated[key], tallies[key]) for key in stated),
        waiting=workspace.recorder.health.waiting,
        unnumbered=unnumbered,
    )


def _stated(workspace: Workspace, series: str | None) -> dict[_Key, list[CallerCounted]]:
    found: defaultdict[_Key, list[CallerCounted]] = defaultdict(list)
    after = -1
    while page := workspace.log.entries(
        kinds=(EntryKind.CALLER_COUNTED,), after=after, limit=_PAGE
    ):
        for entry in page:
            said = workspace.log.read_record(entry.id, CallerCounted)
            if series in {None, said.series}:
                found[entry.header.actor, said.series].append(said)
        after = page[-1].seq
    return dict(found)


def _decisions(workspace: Workspace, since: int) -> Iterator[Entry]:
    after = workspace.log.seq_at(max(since - _CLOCKS_DIFFER_US, 0)) - 1
    while page := workspace.log.entries(kinds=(EntryKind.DECISION,), after=after, limit=_PAGE):
        yield from page
        after = page[-1].seq


def _tally(entry: Entry, tallies: dict[_Key, Tally[str]]) -> bool:
    """Count a decision in its series; return whether it carries a number at all."""
    numbered = [link for link in entry.header.links if link.rel.startswith(_REL)]
    for link in numbered:
        tally = tallies.get((entry.header.actor, link.rel.removeprefix(_REL)))
        if tally is not None and link.digest is not None:
            tally[link.digest] += 1
    return bool(numbered)


def _compared(
    workspace: Workspace, key: _Key, stated: list[CallerCounted], tally: Tally[str]
) -> SeriesReport:
    numbers = {
        number for said in stated for number in range(said.first_number, said.last_number + 1)
    }
    by_digest = {_number_digest(workspace, key, number): number for number in numbers}
    logged = {by_digest[digest]: times for digest, times in tally.items() if digest in by_digest}
    others = sum(times for digest, times in tally.items() if digest not in by_digest)
    return replace(compare(*key, stated, logged), beyond=others)


def _number_digest(workspace: Workspace, key: _Key, number: int) -> str:
    said = f"{key[0]}\0{key[1]}\0{number}".encode()
    return f"sha256:{workspace.keyed_hash('count', said).hex()}"


def _series_result(report: SeriesReport) -> dict[str, JsonValue]:
    return {
        "actor": report.actor,
        "series": report.series,
        "complete": report.complete,
        "unstated": _pairs(report.unstated),
        "overlapping": _pairs(report.overlapping),
        "beyond": report.beyond,
        "windows": [_window_result(window) for window in report.windows],
    }


def _window_result(window: Window) -> dict[str, JsonValue]:
    said = window.counted
    return {
        "start": said.start,
        "end": said.end,
        "first_number": said.first_number,
        "last_number": said.last_number,
        "expected": said.count,
        "logged": window.logged,
        "skipped": window.skipped,
        "missing": _pairs(window.missing),
        "duplicates": list(window.duplicates),
        "complete": window.complete,
    }


def _pairs(ranges: tuple[tuple[int, int], ...]) -> list[JsonValue]:
    return cast("list[JsonValue]", [list(pair) for pair in ranges])

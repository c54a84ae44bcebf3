"""Which entries a question is about, and a page or a stream of them.

Promises: a page continues after a place of the log, so pages put together are the whole answer
however long it is and whatever is appended meanwhile; about :data:`MAX_EXAMINED` entries are
looked at for one page, and where no index leads to them it reaches over :data:`MAX_PASSED` places
and no further; nothing is handed out whose header does not say what was asked for. Index
columns narrow the search in the database; that none of them hides an entry is what
``answerable verify`` shows.

Times never go down along the log, so a window of time is a range of places.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, Required, TypedDict, TypeVar, cast

import orjson

from answerable.audit.codes import Automation
from answerable.audit.entries import Entry
from answerable.audit.errors import InvalidInput, RecordTampered
from answerable.audit.kinds import FREQUENT_KINDS, EntryKind

__all__ = [
    "MAX_EXAMINED",
    "MAX_LIMIT",
    "MAX_PASSED",
    "HeaderJson",
    "LinkJson",
    "LogPlaces",
    "Page",
    "Scope",
    "SubjectJson",
    "glance",
    "merged",
    "page_of",
    "places_of",
    "stream",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MAX_LIMIT: Final = 500
MAX_EXAMINED: Final = 1000
"""Entries looked at for one page: where few match, a page may hold less than was asked for."""
MAX_PASSED: Final = 20_000
"""Places a page reaches where no index leads to what is asked for; twice as many within one
function, whose entries an index leads to."""
_CHUNK: Final = 2000


class SubjectJson(TypedDict):
    """A data subject in a header."""

    ref: str
    role: str


class LinkJson(TypedDict, total=False):
    """A link in a header: to an entry or to a digest."""

    rel: Required[str]
    entry: str
    digest: str


class HeaderJson(TypedDict, total=False):
    """A header as parsed JSON, where thousands are read and a record for each would cost most."""

    kind: Required[str]
    id: Required[str]
    ts: Required[int]
    actor: Required[str]
    role: Required[str]
    function: str
    outcome: str
    automation: str
    release: str
    supersedes: str
    purpose: str
    links: list[LinkJson]
    subjects: list[SubjectJson]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which entries are asked about: whatever is left out does not narrow.

    `since` and `until` are the log's own times in microseconds UTC; `until` is excluded.
    """

    kinds: tuple[EntryKind, ...] = ()
    function: str | None = None
    outcomes: tuple[str, ...] = ()
    automation: Automation | None = None
    since: int = 0
    until: int | None = None

    def holds(self, header: HeaderJson) -> bool:
        """Return whether a header is of what is asked about.

        Parameters
        ----------
        header : HeaderJson
            From :func:`glance`.

        Returns
        -------
        bool
            From the hashed bytes alone, no index column.

        Examples
        --------
        >>> header = HeaderJson(kind="decision", id="", ts=7, actor="", role="", outcome="decline")
        >>> Scope(kinds=(EntryKind.DECISION,), outcomes=("decline",), until=8).holds(header)
        True
        >>> Scope(until=7).holds(header)
        False
        """
        return (
            (not self.kinds or header["kind"] in self.kinds)
            and (self.function is None or header.get("function") == self.function)
            and (not self.outcomes or header.get("outcome") in self.outcomes)
            and (self.automation is None or header.get("automation") == self.automation)
            and self.since <= header["ts"]
            and (self.until is None or header["ts"] < self.until)
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """A part of an answer, in the order of the log."""

    items: tuple[T_co, ...]
    next: int | None
    """Place to continue after; None when the end was reached."""


class LogPlaces(Protocol):
    """The part of a log that questions over headers read."""

    def size(self) -> int:
        """Return how many entries the log has."""
        ...

    def seq_at(self, ts: int) -> int:
        """Return the first place whose time is not before `ts`."""
        ...

    def entries(  # noqa: PLR0913 - every filter is a column of the index
        self,
        *,
        kinds: Sequence[EntryKind] = (),
        function: str | None = None,
        outcomes: Sequence[str] = (),
        automation: Automation | None = None,
        after: int = -1,
        before_seq: int | None = None,
        limit: int = 500,
    ) -> list[Entry]:
        """Return entries after a place, ascending."""
        ...


def glance(entry: Entry) -> HeaderJson:
    """Return a header as parsed JSON, without building a record of it.

    Parameters
    ----------
    entry : Entry
        Whose bytes gave their leaf hash.

    Returns
    -------
    HeaderJson
        What stands in the hashed bytes.

    Raises
    ------
    RecordTampered
        If they are not a header.
    """
    try:
        header = orjson.loads(entry.header_bytes)
    except orjson.JSONDecodeError:
        header = None
    if not _is_header(header):
        raise RecordTampered(
            "the stored bytes are not a header",
            where=f"entry {entry.seq}",
            remedy="Verify the log and compare with a backup.",
        )
    return cast("HeaderJson", header)


def places_of(log: LogPlaces, scope: Scope) -> tuple[int, int]:
    """Return the places of a window: the first one and the one after the last."""
    size = log.size()
    first = log.seq_at(scope.since) if scope.since else 0
    end = size if scope.until is None else min(size, log.seq_at(scope.until))
    return first, max(first, end)


def page_of(
    log: LogPlaces,
    scope: Scope,
    keep: Callable[[Entry, HeaderJson], T | None],
    *,
    after: int = -1,
    limit: int = 100,
    examine: int = MAX_EXAMINED,
) -> Page[T]:
    """Return a page of what is made of the entries in scope.

    Parameters
    ----------
    log : LogPlaces
        The log.
    scope : Scope
        Which entries.
    keep : Callable[[Entry, HeaderJson], T or None]
        Makes an item of an entry; None leaves it out.
    after : int
        Place to continue after: `next` of the page before.
    limit : int
        At most this many items, 1 to 500.
    examine : int
        Stop after about this many entries, however few of them were kept.

    Returns
    -------
    Page
        Ascending. Fewer items than `limit` with a `next` are no end: few entries matched.

    Raises
    ------
    InvalidInput
        If the limit is out of range.
    RecordTampered
        If an entry is indexed under what its header does not say.
    """
    _require_limit(limit)
    first, end = places_of(log, scope)
    place = max(after, first - 1)
    items: list[T] = []
    examined, step = 0, limit + 1
    stop = min(end, max(after + 1, first) + _passed_over(scope))
    while examined < examine:
        rows = _rows(log, scope, after=place, end=stop, limit=step)
        for number, entry in enumerate(rows):
            item = keep(entry, _checked(scope, entry))
            place = entry.seq
            if item is not None:
                items.append(item)
            if len(items) == limit:
                ended = number + 1 == len(rows) < step and stop == end
                return Page(tuple(items), None if ended else place)
        if len(rows) < step:
            return Page(tuple(items), None if stop == end else stop - 1)
        examined += len(rows)
        step = min(2 * step, max(1, examine - examined))
    return Page(tuple(items), place)


def merged(pages: Sequence[Page[T]], *, place: Callable[[T], int], limit: int) -> Page[T]:
    """Return one page of several that continue after the same place.

    Parameters
    ----------
    pages : Sequence[Page]
        Each of another scope, none with an item of another.
    place : Callable[[T], int]
        Gives the place of an item.
    limit : int
        At most this many items.

    Returns
    -------
    Page
        Ascending, up to the first place beyond which one of them does not reach.

    Examples
    --------
    >>> merged([Page((1, 4), None), Page((2, 3), 3)], place=int, limit=9)
    Page(items=(1, 2, 3), next=3)
    """
    known = min((page.next for page in pages if page.next is not None), default=None)
    items = [
        item
        for item in heapq.merge(*(page.items for page in pages), key=place)
        if known is None or place(item) <= known
    ]
    if len(items) > limit:
        return Page(tuple(items[:limit]), place(items[limit - 1]))
    return Page(tuple(items), known)


def stream(log: LogPlaces, scope: Scope) -> Iterator[tuple[Entry, HeaderJson]]:
    """Return every entry in scope, ascending, a few thousand in memory at a time.

    Parameters
    ----------
    log : LogPlaces
        The log.
    scope : Scope
        Which entries; those appended after the first was taken are not among them.

    Yields
    ------
    tuple of Entry and HeaderJson
        The entry and its parsed header.

    Raises
    ------
    RecordTampered
        If an entry is indexed under what its header does not say.
    """
    first, end = places_of(log, scope)
    place = first - 1
    while rows := _rows(log, scope, after=place, end=end, limit=_CHUNK):
        for entry in rows:
            yield entry, _checked(scope, entry)
        place = rows[-1].seq


def _passed_over(scope: Scope) -> int:
    """Return how many places a page may reach: those the database passes over cost time too."""
    if scope.function is not None:
        return MAX_PASSED * 2
    if scope.kinds and FREQUENT_KINDS.isdisjoint(scope.kinds):
        return sys.maxsize  # found by the index over rare kinds, however far apart they lie
    return MAX_PASSED if scope.outcomes or scope.automation or scope.kinds else sys.maxsize


def _is_header(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(name), str) for name in ("kind", "id", "actor", "role"))
        and isinstance(value.get("ts"), int)
    )


def _rows(log: LogPlaces, scope: Scope, *, after: int, end: int, limit: int) -> list[Entry]:
    if after + 1 >= end:
        return []
    return log.entries(
        kinds=scope.kinds,
        function=scope.function,
        outcomes=scope.outcomes,
        automation=scope.automation,
        after=after,
        before_seq=end,
        limit=limit,
    )


def _checked(scope: Scope, entry: Entry) -> HeaderJson:
    header = glance(entry)
    if not scope.holds(header):
        raise RecordTampered(
            "it is indexed under what its header does not say",
            where=f"entry {entry.seq}",
            remedy="Verify the log and compare with a backup.",
        )
    return header


def _require_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(
            f"a page of {limit} items", where="limit", remedy=f"Ask for 1 to {MAX_LIMIT}."
        )

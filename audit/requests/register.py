"""The register of requests: what people asked for, when it is due, how it was answered.

A request is an entry; extension and answer are entries that link to it. A contest is a request for
human review and is answered by the review; a statement that names no request (a restriction, an
objection, a correction) was asked for and granted in one step. Everything is read from headers and
from records without personal data.

References
----------
GDPR, Articles 5(2), 12(3) and 12(4).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from answerable.audit.entries import Entry
from answerable.audit.errors import NotFound
from answerable.audit.kinds import EntryKind
from answerable.audit.reading import LogReader
from answerable.audit.records import (
    Calendar,
    SubjectRequest,
    SubjectRequestAnswered,
    SubjectRequestExtended,
    SubjectRequestOpened,
)
from answerable.audit.records.requests import RequestKind
from answerable.audit.requests.deadlines import due_after
from answerable.audit.requests.rules import RequestRules

__all__ = [
    "ANSWERS",
    "EXTENDS",
    "OpenRequests",
    "RequestLine",
    "open_lines",
    "request_line",
    "request_page",
    "subject_lines",
]

ANSWERS: Final = "answers"
EXTENDS: Final = "extends"
"""Relations of an answer and of an extension to the request."""

_PAGE: Final = 500
_STATED: Final[dict[EntryKind, RequestKind]] = {
    EntryKind.SUBJECT_RESTRICTED: "restriction",
    EntryKind.SUBJECT_OBJECTED: "objection",
    EntryKind.SUBJECT_RECTIFIED: "rectification",
}
_ASKING: Final = (
    EntryKind.SUBJECT_REQUEST,
    EntryKind.CONTEST_FILED,
    EntryKind.SUBJECT_ERASURE_REFUSED,
    *_STATED,
)
_WAITING: Final = (EntryKind.SUBJECT_REQUEST, EntryKind.CONTEST_FILED)
_ANSWERING: Final = (
    EntryKind.SUBJECT_REQUEST_ANSWERED,
    EntryKind.REVIEW_COMPLETED,
    EntryKind.SUBJECT_ERASURE_REFUSED,
)
_REVIEW: Final[RequestKind] = "human_review"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """One request and where it stands; who asked is a random reference."""

    request_id: str
    seq: int
    subject: str
    request: str
    article: str
    received_at: int
    due_on: date
    due_at: int
    """From this moment on an answer is late."""
    extended: bool = False
    identity_check: str | None = None
    identity_result: str | None = None
    outcome: str | None = None
    """None while it is open."""
    ground: str | None = None
    answered_at: int | None = None
    answer_id: str | None = None

    def is_overdue(self, now: int) -> bool:
        """Return whether it is open and the last day has passed."""
        return self.outcome is None and now >= self.due_at

    @property
    def late(self) -> bool:
        """Whether it was answered after the last day."""
        return self.answered_at is not None and self.answered_at >= self.due_at


class OpenRequests:
    """The requests of a log that wait for an answer; each call reads what is new only."""

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._open: dict[str, Entry] = {}
        self._read_up_to = -1
        self._lock = threading.Lock()

    def entries(self) -> list[Entry]:
        """Return the entries of open requests, oldest first."""
        kinds = tuple(dict.fromkeys((*_WAITING, *_ANSWERING)))
        with self._lock:
            while page := self._log.entries(kinds=kinds, after=self._read_up_to, limit=_PAGE):
                for entry in page:
                    self._take(entry)
                self._read_up_to = page[-1].seq
            return list(self._open.values())

    def _take(self, entry: Entry) -> None:
        if entry.kind in _ANSWERING:
            for link in entry.header.links:
                if link.rel == ANSWERS:
                    self._open.pop(link.entry or "", None)
        elif entry.kind is EntryKind.CONTEST_FILED or _is_opening(entry):
            self._open[entry.id] = entry


def request_line(
    log: LogReader, request_id: str, *, rules: RequestRules, calendar: Calendar
) -> RequestLine:
    """Return one request as it stands now.

    Parameters
    ----------
    log : LogReader
        The log.
    request_id : str
        Entry of the request.
    rules, calendar : RequestRules, Calendar
        For requests that carry no last day of their own.

    Returns
    -------
    RequestLine
        Open or answered.

    Raises
    ------
    NotFound
        If there is no request of this id.
    InvalidInput
        If the id is malformed.
    """
    entry = log.entry(request_id)
    if entry.kind not in _ASKING or _serves_another(entry):
        raise NotFound(
            "there is no request of this id",
            where=f"entry {request_id}",
            remedy="See: answerable subject requests",
        )
    return _line(log, entry, rules, calendar)


def request_page(
    log: LogReader,
    *,
    rules: RequestRules,
    calendar: Calendar,
    before: int | None = None,
    limit: int = 50,
) -> list[RequestLine]:
    """Return a page of the register, newest first.

    Parameters
    ----------
    log : LogReader
        The log.
    rules, calendar : RequestRules, Calendar
        For requests that carry no last day of their own.
    before : int, optional
        Place in the log to go on from.
    limit : int
        Most lines to return.

    Returns
    -------
    list of RequestLine
        Fewer than `limit` only at the end.
    """
    found: list[Entry] = []
    while len(found) < limit:
        page = log.latest(kinds=_ASKING, before=before, limit=limit)
        found += [entry for entry in page if not _serves_another(entry)]
        if len(page) < limit:
            break
        before = page[-1].seq
    return [_line(log, entry, rules, calendar) for entry in found[:limit]]


def open_lines(
    log: LogReader, entries: Iterable[Entry], *, rules: RequestRules, calendar: Calendar
) -> list[RequestLine]:
    """Return the lines of open requests in the order given.

    Parameters
    ----------
    log : LogReader
        The log.
    entries : Iterable[Entry]
        From :meth:`OpenRequests.entries`.
    rules, calendar : RequestRules, Calendar
        For requests that carry no last day of their own.

    Returns
    -------
    list of RequestLine
        One an entry.
    """
    return [_line(log, entry, rules, calendar) for entry in entries]


def subject_lines(
    log: LogReader, entries: Iterable[Entry], *, rules: RequestRules, calendar: Calendar
) -> list[RequestLine]:
    """Return the requests among the entries that name one person, oldest first.

    Parameters
    ----------
    log : LogReader
        The log.
    entries : Iterable[Entry]
        Entries of any kind.
    rules, calendar : RequestRules, Calendar
        For requests that carry no last day of their own.

    Returns
    -------
    list of RequestLine
        One a request.
    """
    asking = (item for item in entries if item.kind in _ASKING and not _serves_another(item))
    return open_lines(log, asking, rules=rules, calendar=calendar)


def _is_opening(entry: Entry) -> bool:
    name = str(SubjectRequestOpened.model_fields["type"].default)
    return any(part.type == name for part in entry.header.parts)


def _serves_another(entry: Entry) -> bool:
    """Return whether the entry was done for a request that has a line of its own."""
    if entry.kind in {EntryKind.SUBJECT_REQUEST, EntryKind.CONTEST_FILED}:
        return False
    return any(link.rel == ANSWERS for link in entry.header.links)


def _line(log: LogReader, entry: Entry, rules: RequestRules, calendar: Calendar) -> RequestLine:
    if entry.kind is EntryKind.CONTEST_FILED:
        return _followed(log, _contest_line(entry, rules, calendar), log.related(entry.id))
    if entry.kind in _STATED:
        return _stated_line(entry, rules, calendar)
    record = log.open_body(entry).record
    if isinstance(record, SubjectRequestOpened):
        return _followed(log, _opened_line(entry, record), log.related(entry.id))
    if isinstance(record, SubjectRequest):
        return _recorded_line(entry, record, rules, calendar)
    raise NotFound("the entry holds no request", where=f"entry {entry.id}")


def _opened_line(entry: Entry, record: SubjectRequestOpened) -> RequestLine:
    return RequestLine(
        request_id=entry.id,
        seq=entry.seq,
        subject=_subject(entry),
        request=record.request,
        article=record.article,
        received_at=record.received_at,
        due_on=record.due_on,
        due_at=record.due_at,
        identity_check=record.identity.kind,
        identity_result=record.identity.result,
    )


def _contest_line(entry: Entry, rules: RequestRules, calendar: Calendar) -> RequestLine:
    received_at = _claimed(entry)
    due = due_after(received_at, rules.answer_months, rules, calendar)
    return RequestLine(
        request_id=entry.id,
        seq=entry.seq,
        subject=_subject(entry),
        request=_REVIEW,
        article=rules.articles[_REVIEW],
        received_at=received_at,
        due_on=due.on,
        due_at=due.at,
    )


def _stated_line(entry: Entry, rules: RequestRules, calendar: Calendar) -> RequestLine:
    request = _STATED[entry.kind]
    received_at = _claimed(entry)
    due = due_after(received_at, rules.answer_months, rules, calendar)
    return RequestLine(
        request_id=entry.id,
        seq=entry.seq,
        subject=_subject(entry),
        request=request,
        article=rules.articles[request],
        received_at=received_at,
        due_on=due.on,
        due_at=due.at,
        outcome="fulfilled",
        answered_at=entry.header.ts,
        answer_id=entry.id,
    )


def _recorded_line(
    entry: Entry, record: SubjectRequest, rules: RequestRules, calendar: Calendar
) -> RequestLine:
    """Return the line of a request of version 1: asked and answered in one record."""
    due = due_after(record.received_at, rules.answer_months, rules, calendar)
    answered = record.outcome != "open"
    return RequestLine(
        request_id=entry.id,
        seq=entry.seq,
        subject=_subject(entry),
        request=record.request,
        article=record.article,
        received_at=record.received_at,
        due_on=due.on,
        due_at=due.at,
        identity_check=record.identity_check,
        outcome=record.outcome if answered else None,
        ground=record.ground,
        answered_at=entry.header.ts if answered else None,
        answer_id=entry.id if answered else None,
    )


def _followed(log: LogReader, line: RequestLine, following: Sequence[Entry]) -> RequestLine:
    for entry in following:
        rels = {link.rel for link in entry.header.links if link.entry == line.request_id}
        if entry.kind is EntryKind.SUBJECT_REQUEST_EXTENDED and EXTENDS in rels:
            line = _extended(log, line, entry)
        elif entry.kind in _ANSWERING and ANSWERS in rels and line.outcome is None:
            line = _answered(log, line, entry)
    return line


def _extended(log: LogReader, line: RequestLine, entry: Entry) -> RequestLine:
    record = log.open_body(entry).record
    if not isinstance(record, SubjectRequestExtended):
        return line
    return replace(line, extended=True, due_on=record.due_on, due_at=record.due_at)


def _answered(log: LogReader, line: RequestLine, entry: Entry) -> RequestLine:
    if entry.kind is EntryKind.REVIEW_COMPLETED:
        return replace(line, outcome="fulfilled", answered_at=entry.header.ts, answer_id=entry.id)
    record = log.open_body(entry).record
    if isinstance(record, SubjectRequest):
        return replace(
            line,
            outcome=record.outcome,
            ground=record.ground,
            answered_at=entry.header.ts,
            answer_id=entry.id,
        )
    if not isinstance(record, SubjectRequestAnswered):
        return line
    checked = record.identity
    return replace(
        line,
        outcome=record.outcome,
        ground=record.ground,
        answered_at=record.answered_at,
        answer_id=entry.id,
        identity_check=checked.kind if checked else line.identity_check,
        identity_result=checked.result if checked else line.identity_result,
    )


def _claimed(entry: Entry) -> int:
    header = entry.header
    return header.at if header.at is not None else header.ts


def _subject(entry: Entry) -> str:
    subjects = entry.header.subjects
    return subjects[0].ref if subjects else ""

"""The register of requests: opened with a clock, extended with a reason, answered with a ground.

Promises: the last day follows from dated rules and the organisation's calendar and stands in the
entry; nothing is answered twice; nothing is handed to a person who was not identified.

References
----------
GDPR Art. 5(2), 12(3), 12(4) and 12(6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from answerable.api.actor import ActorContext
from answerable.api.flows.context import Recorded
from answerable.api.flows.organisation import organisation_of
from answerable.api.flows.subject.answers import (
    RequestClosing,
    RequestOpening,
    answer_draft,
    answered_record,
    current_line,
    opened_record,
    request_draft,
    still_open,
)
from answerable.api.flows.subject.find import known_ref
from answerable.api.wiring import Workspace
from answerable.audit.errors import Conflict, InvalidInput, NotFound, PolicyViolation
from answerable.audit.kinds import EntryKind
from answerable.audit.records import (
    EntryLink,
    Role,
    SubjectRequestAnswered,
    SubjectRequestExtended,
    SubjectRequestOpened,
)
from answerable.audit.requests.deadlines import due_after
from answerable.audit.requests.register import (
    EXTENDS,
    RequestLine,
    open_lines,
    request_page,
)
from answerable.audit.requests.rules import gdpr_rules

__all__ = [
    "RequestQuery",
    "close_request",
    "extend_request",
    "list_requests",
    "open_request",
    "show_request",
]

_READERS: Final = (Role.OFFICER, Role.AUDITOR)


@dataclass(frozen=True, kw_only=True)
class RequestQuery:
    """Which requests to list: all, newest first, or the open or overdue ones, oldest first."""

    state: Literal["all", "open", "overdue"] = "all"
    after: int | None = None
    """Place in the log to go on from."""
    limit: int = 50


def open_request(
    workspace: Workspace, ref: str, opening: RequestOpening, *, actor: ActorContext
) -> Recorded[SubjectRequestOpened]:
    """Record that a person asked for something; the clock runs from receipt.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    ref : str
        The person.
    opening : RequestOpening
        What they asked for, when, and whether they were identified.
    actor : ActorContext
        An officer.

    Returns
    -------
    Recorded[SubjectRequestOpened]
        With the last day on which it can be answered in time.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If the log does not know the reference.
    InvalidInput
        If a code is malformed or the receipt lies ahead.
    """
    role = actor.acting_as(Role.OFFICER)
    known_ref(workspace, ref)
    record = opened_record(workspace, opening, actor)
    draft = request_draft(workspace, (EntryKind.SUBJECT_REQUEST, record), ref, (actor, role), ())
    return Recorded(record, workspace.log.append(draft))


def extend_request(
    workspace: Workspace,
    request_id: str,
    *,
    reason: str,
    told_at: int | None = None,
    actor: ActorContext,
) -> Recorded[SubjectRequestExtended]:
    """Extend the time to answer, once, and record that the person was told why.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    request_id : str
        The open request.
    reason : str
        Why it is necessary, as a code.
    told_at : int, optional
        When the person was told, microseconds; now when left out.
    actor : ActorContext
        An officer.

    Returns
    -------
    Recorded[SubjectRequestExtended]
        With the new last day.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If there is no such request.
    Conflict
        If it was answered or extended before.
    PolicyViolation
        If the first period was over before the person was told.
    InvalidInput
        If the reason is no code, or the time lies ahead or before receipt.

    References
    ----------
    GDPR Art. 12(3), second and third sentence.
    """
    role = actor.acting_as(Role.OFFICER)
    line = still_open(workspace, request_id)
    now = workspace.clock()
    told = now if told_at is None else told_at
    if line.extended:
        raise Conflict("this request was extended before", where=f"request {request_id}")
    if not line.received_at <= told <= now:
        raise InvalidInput("a time before receipt or ahead of the clock", where="told_at")
    if told >= line.due_at:
        raise PolicyViolation(
            "the first period was over before the person was told of an extension",
            where=f"request {request_id}",
            remedy="Answer it now.",
        )
    rules = gdpr_rules()
    months = rules.answer_months + rules.extension_months
    due = due_after(line.received_at, months, rules, organisation_of(workspace).calendar)
    record = SubjectRequestExtended.parse(
        {
            "request": request_id,
            "reason": reason,
            "months": rules.extension_months,
            "due_on": due.on,
            "due_at": due.at,
            "told_at": told,
            "rules": rules.digest,
        }
    )
    links = (EntryLink(rel=EXTENDS, entry=request_id),)
    kind = EntryKind.SUBJECT_REQUEST_EXTENDED
    draft = request_draft(workspace, (kind, record), line.subject, (actor, role), links)
    return Recorded(record, workspace.log.append(draft))


def close_request(
    workspace: Workspace, request_id: str, closing: RequestClosing, *, actor: ActorContext
) -> Recorded[SubjectRequestAnswered]:
    """Record how a request was answered.

    Parameters
    ----------
    workspace : Workspace
        Where to.
    request_id : str
        The open request.
    closing : RequestClosing
        Outcome and, unless it was fulfilled, the ground.
    actor : ActorContext
        An officer.

    Returns
    -------
    Recorded[SubjectRequestAnswered]
        The answer and its receipt.

    Raises
    ------
    NotAllowed
        If the actor is no officer.
    NotFound
        If there is no such request, or an act is not about this person.
    Conflict
        If it was answered before.
    PolicyViolation
        If it is said to be fulfilled for a person who was not identified.
    InvalidInput
        If a ground is missing or a code malformed.
    """
    role = actor.acting_as(Role.OFFICER)
    line = still_open(workspace, request_id)
    for act in closing.acts:
        named = {item.ref for item in workspace.log.entry(act).header.subjects}
        if line.subject not in named:
            raise NotFound("the entry is not about this person", where=f"entry {act}")
    record = answered_record(workspace, line, closing, actor)
    draft = answer_draft(workspace, record, line.subject, (actor, role))
    return Recorded(record, workspace.log.append(draft))


def list_requests(
    workspace: Workspace, query: RequestQuery, *, actor: ActorContext
) -> list[RequestLine]:
    """List requests from headers and records without personal data.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    query : RequestQuery
        Which, and where to go on.
    actor : ActorContext
        An officer or auditor.

    Returns
    -------
    list[RequestLine]
        At most `limit`.

    Raises
    ------
    NotAllowed
        If the actor may not.
    """
    actor.acting_as(*_READERS)
    rules, calendar = gdpr_rules(), organisation_of(workspace).calendar
    if query.state == "all":
        return request_page(
            workspace.log, rules=rules, calendar=calendar, before=query.after, limit=query.limit
        )
    after = -1 if query.after is None else query.after
    waiting = [entry for entry in workspace.open_requests().entries() if entry.seq > after]
    now = workspace.clock()
    found: list[RequestLine] = []
    for entry in waiting:
        (line,) = open_lines(workspace.log, [entry], rules=rules, calendar=calendar)
        if query.state == "open" or line.is_overdue(now):
            found.append(line)
        if len(found) == query.limit:
            break
    return found


def show_request(workspace: Workspace, request_id: str, *, actor: ActorContext) -> RequestLine:
    """Return one request as it stands.

    Parameters
    ----------
    workspace : Workspace
        Where from.
    request_id : str
        The request.
    actor : ActorContext
        An officer or auditor.

    Returns
    -------
    RequestLine
        Open or answered.

    Raises
    ------
    NotAllowed
        If the actor may not.
    NotFound
        If there is no such request.
    """
    actor.acting_as(*_READERS)
    return current_line(workspace, request_id)
